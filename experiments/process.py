"""What a process that works on one run arranges for itself."""

import ctypes
import gc
import os
import signal

_PR_SET_PDEATHSIG = 1
_COLLECT_AFTER = 50_000
"""Objects between two garbage collections: a replay leaves no cycles, and Python's 700 cost it a sixth."""


def own_process(parent: int | None = None) -> None:
    """Settings of the whole process; with `parent`, it is killed when that process dies.

    A killed sweep must not leave cells at work that nobody watches: the same command again goes on with
    them, and nothing is lost.
    """
    gc.set_threshold(_COLLECT_AFTER)
    if parent is not None:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the line above
            os.kill(os.getpid(), signal.SIGKILL)

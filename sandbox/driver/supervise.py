"""Holding one call to its deadline, and ending what it started."""

# Plain strings for paths: the driver starts sooner without pathlib.
# ruff: noqa: PTH208

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Collection

from sandbox.driver import processes
from sandbox.driver.loop import Loop
from sandbox.driver.world import tasks

GRACE = ((signal.SIGINT, 3.0), (signal.SIGTERM, 2.0))
"""Signals in order, and the seconds a program gets to act on each before the next."""
_PROCESSES = 2048  # a kernel does not hold root to its limit, so that a fork bomb must be seen from here
_SHARE = 0.75
"""Of all processes and threads that there may be: the driver needs some itself to do anything about it."""
_LOOK_EVERY_S = 0.5

CROWDED = (
    f"All processes were killed, those in the background too: there were more than {_PROCESSES}, "
    "or too many threads."
)
_TERMINALS = 128
"""Of one sandbox: the kernel has some 3000 for all sandboxes of a machine together, and no limit for each."""
TOO_MANY_TERMINALS = (
    f"All processes were killed, those in the background too: they had more than {_TERMINALS} terminals."
)


def await_end(
    loop: Loop, ended: Callable[[], bool], deadline: float, watched: Callable[[], Collection[int]] = tuple
) -> str:
    """Wait until `ended`; returns `exit`, `timeout` (monotonic `deadline`) or `cleared`: see `clear`.

    `watched` names the descriptors at whose bytes it is worth asking again.
    """
    while not ended():
        if clear(loop):
            return "cleared"
        now = time.monotonic()
        if now >= deadline:
            return "timeout"
        loop.wait(min(deadline, loop.look_at) - now, watched())
    return "cleared" if clear(loop) else "exit"


def stop(loop: Loop, targets: Callable[[], Collection[int]], *, alone: bool) -> None:
    """Ask the targets to end, then make them; returns within ten seconds."""
    for number, grace in GRACE:
        processes.send(targets(), number)
        until = time.monotonic() + grace
        delay = 0.002
        while time.monotonic() < until:
            if not targets():
                return
            loop.wait(delay)
            delay = min(delay * 2, 0.05)
    processes.end(targets, loop.pause, alone=alone)


def clear(loop: Loop) -> bool:
    """Kill every process but this one if there is a reason, which becomes a note; says whether there was."""
    if time.monotonic() >= loop.look_at:
        loop.look_at = time.monotonic() + _LOOK_EVERY_S
        if _crowded():
            loop.reason = CROWDED
        elif _too_many_terminals():
            loop.reason = TOO_MANY_TERMINALS
    if not loop.reason:
        return False
    processes.end(lambda: processes.below(os.getpid()), loop.pause, alone=os.getpid() == 1)
    loop.reap()
    loop.notes.append(loop.reason)
    loop.reason = ""
    return True


def _crowded() -> bool:
    """Say whether there are more processes or threads than any program needs."""
    found = processes.below(os.getpid())
    # All of a namespace's, dead ones too: they count for the kernel until somebody reaps them.
    count = sum(name.isdigit() for name in os.listdir("/proc")) if os.getpid() == 1 else len(found)
    threads = sum(process.threads for process in found.values())
    return count > _PROCESSES or threads > _SHARE * tasks()


def _too_many_terminals() -> bool:
    """Say whether there are more terminals than any program needs, where they are the sandbox's own."""
    if os.getpid() != 1:
        return False
    try:
        return len(os.listdir("/dev/pts")) > _TERMINALS
    except OSError:
        return False

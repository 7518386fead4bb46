"""A job's first process: it runs the command and is the parent of every orphan that the command leaves.

So whoever has to end a job finds all of it below one process, daemons too. Asked to end (INT or TERM)
it waits for all of them; else it ends with the command, in the same way.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from typing import NoReturn

from sandbox.driver import world


def main(argv: Sequence[str]) -> NoReturn:
    """Run a command."""
    world.harden()
    asked: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Handlers, since signals that are ignored would be ignored by the command as well.
        signal.signal(number, lambda number, frame: asked.append(number))
    command = subprocess.Popen(argv)
    if asked:
        os.kill(command.pid, signal.SIGKILL)  # Popen's own method might reap it
    code = _await(command.pid)
    while asked and _reaped():
        pass
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code & 0xFF)


def _await(pid: int) -> int:
    while True:
        ended, status = os.wait()
        if ended == pid:
            return os.waitstatus_to_exitcode(status)


def _reaped() -> bool:
    try:
        os.wait()
    except ChildProcessError:
        return False
    return True

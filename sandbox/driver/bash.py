"""One bash process that sources one file of commands after the other.

Exit status, directory and exported variables come back on a pipe of their own, so that nothing a
command prints can be taken for them.
"""

# Plain strings for paths: the driver starts sooner without pathlib.
# ruff: noqa: PTH108, PTH115

from __future__ import annotations

import contextlib
import os
import select
import shlex
import signal
from typing import NamedTuple

from sandbox.driver import processes
from sandbox.driver.loop import Loop
from sandbox.driver.world import MAX_PATH

BASH = "/bin/bash"
OPTIONS = ("--noprofile", "--norc", "-c")
_MAX_REPORT = 4 * 1024 * 1024  # nearly all of it exported variables
# The number of the call, without which anything could be put into the pipe for the next one to find, is
# in a variable that no command uses by accident.
# The redirections of `.` last for one file, so that `exec >log` does not silence the calls after it.
# Meanwhile bash keeps the pipes on descriptors that it closes when it executes a program.
_LOOP = """\
builtin . {exports}
__call={call}
while {{ builtin printf '\\0%s\\0%s\\0%s\\0' "$__call" "$?" "$PWD"
builtin export -p; builtin printf '\\0'; }} >&{report} && IFS= builtin read -r -u {order} __call
do builtin . {commands} </dev/null >&{output} 2>&1 {order}<&- {report}>&- {output}>&-
done
"""


class Report(NamedTuple):
    """What bash says after each file."""

    status: int
    cwd: bytes
    exports: bytes
    """Commands that set the exported variables again."""


class Bash:
    """The process and the pipes to it."""

    def __init__(self, loop: Loop, folder: str, cwd: bytes, env: dict[str, str], output: int) -> None:
        self._commands = f"{folder}/bash"  # the name that bash puts before its error messages
        self._awaited, self._order = os.pipe()
        self._reports, report = os.pipe()
        os.set_blocking(self._reports, False)
        self._call = _fresh_call()
        fds = {"order": self._awaited, "report": report, "output": output}
        files = {"exports": shlex.quote(f"{folder}/exports"), "commands": shlex.quote(self._commands)}
        program = _LOOP.format(**files, **fds, call=self._call)
        argv = (BASH, *OPTIONS, program, "bash")
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            self._child = loop.spawn(argv, cwd=cwd, env=env, outputs=(null, null), keep=tuple(fds.values()))
        except OSError:
            self.close()
            raise
        finally:
            for fd in (report, null):
                os.close(fd)
        self.pid = self._child.pid
        self.report: Report | None = None
        """Set once the file that was begun last is through."""
        self._heard = bytearray()
        self._silent = False

    @property
    def exit_code(self) -> int | None:
        """Status or negative signal number, once the process has ended."""
        return self._child.end.code if self._child.end else None

    def begin(self, commands: bytes) -> None:
        """Have it run `commands`."""
        self._hear()
        self._heard.clear()
        self.report = None
        self._call = _fresh_call()
        write(self._commands, commands)
        os.write(self._order, f"{self._call}\n".encode())

    @property
    def died_before(self) -> bool:
        """Whether it ended without having begun what it was given last: bash reads a line byte by byte."""
        return self._child.end is not None and bool(select.select((self._awaited,), (), (), 0)[0])

    def watched(self) -> tuple[int, ...]:
        """Return the descriptors that become readable when there may be news."""
        return () if self._silent else (self._reports,)

    def settled(self) -> bool:
        """Say whether it has reported or ended."""
        if self.report is None:
            self._hear()
            _, _, report = bytes(self._heard).partition(f"\0{self._call}\0".encode())
            if report.count(b"\0") >= 3:
                status, cwd, exports, _ = report.split(b"\0", 3)
                number = int(status) if status.isdigit() and len(status) < 4 else 1
                self.report = Report(number, cwd[:MAX_PATH], exports)
        return self.report is not None or self._child.end is not None

    def cwd(self) -> bytes | None:
        """Return where the process stands now, as the kernel knows it."""
        try:
            return os.readlink(b"/proc/%d/cwd" % self.pid)
        except OSError:
            return None

    def cpu_s(self) -> float:
        """Return the processor time used so far, with that of the children it has waited for."""
        if self._child.end:
            return self._child.end.cpu_s
        row = processes.read(self.pid)
        return row.cpu_ticks / processes.TICKS if row else 0.0

    def close(self) -> None:
        """Let go of the pipes, at which the process ends if it still runs."""
        for fd in (self._awaited, self._order, self._reports):
            os.close(fd)

    def _hear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self._reports, 65536):
                self._heard += piece
                if len(self._heard) > _MAX_REPORT:
                    processes.send((self.pid,), signal.SIGKILL)
                    return
            self._silent = True  # no process holds the other end: it ended, or executed a program


def _fresh_call() -> str:
    return os.urandom(8).hex()


def write(path: str, content: bytes) -> None:
    """Put a file in the driver's own folder."""
    with contextlib.suppress(FileNotFoundError):  # a new file, lest the agent's FIFO is in its place
        os.unlink(path)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb", buffering=0) as file:
        file.write(content)

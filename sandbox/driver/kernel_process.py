"""The process of an IPython kernel, from its start to its last words."""

# Plain strings for paths: the driver starts sooner without pathlib.
# ruff: noqa: PTH118, PTH123

from __future__ import annotations

import contextlib
import importlib.util
import os
import pkgutil
import signal
import subprocess
import sys

from sandbox.driver import processes
from sandbox.driver.capture import Drain, HeadTail
from sandbox.driver.replies import Refused

_WORDS = 2048


class KernelProcess:
    """A kernel in a session of its own; whoever starts it reaps all children of the present process."""

    def __init__(self, folder: str) -> None:
        """Start it; it imports what it needs, and waits for `go_on`."""
        for package in ("ipykernel", "jupyter_client"):
            if importlib.util.find_spec(package) is None:
                raise Refused(
                    f"cells need the package {package}, which {sys.executable} has not; where packages can "
                    f"be installed: pip install {package}"
                )
        self.connection_file = os.path.join(folder, "connection.json")
        self.code: int | None = None
        """Its status or negative signal number, once it has ended."""
        self.news, wake = os.pipe()
        """Descriptor that becomes readable when children end: time for `reap`."""
        for fd in (self.news, wake):
            os.set_blocking(fd, False)
        signal.signal(signal.SIGCHLD, _nothing)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        program = os.path.join(folder, "startup.py")
        with open(program, "wb") as file:
            file.write(pkgutil.get_data("sandbox.driver", "startup.py") or b"")
        self._words = Drain(lambda: HeadTail(_WORDS))
        self._process = subprocess.Popen(
            (sys.executable, program, "-f", self.connection_file),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._words.write_end,
            start_new_session=True,
        )
        self._words.close_write_end()
        self.pid = self._process.pid

    def go_on(self) -> None:
        """Have it read the connection file, which is there now."""
        if self._process.stdin:
            self._process.stdin.close()

    def reap(self) -> None:
        """Take note of children that have ended."""
        with contextlib.suppress(BlockingIOError):
            os.read(self.news, 4096)
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == self.pid:
                    self.code = os.waitstatus_to_exitcode(status)
                if pid == 0:
                    return

    def kill(self) -> None:
        """End it at once."""
        processes.send((self.pid,), signal.SIGKILL)

    def last_words(self) -> str:
        """Return the end of what it wrote to its standard error."""
        stream = self._words.take()
        return (stream.head + stream.tail)[-_WORDS:].decode("utf-8", "replace").strip()


def _nothing(number: int, frame: object) -> None:
    del number, frame

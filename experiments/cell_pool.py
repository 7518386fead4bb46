"""The cell server as the sweep sees it: cells are started, ended, and heard of when they have ended."""

import contextlib
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from experiments.code import environment
from experiments.means import Means

SERVER_LOG = "server.log"
_STOP_S = 10.0


class Ended(NamedTuple):
    """A cell's process is gone."""

    folder: Path
    status: int
    """Exit status; the negative number of the signal that killed it."""


class CellPool:
    """Runs cells in processes forked from one warm interpreter, which is started again should it die.

    Args:
        folder: the sweep's folder, where the server's own words go.
        code: the snapshot of the code that cells run under.
    """

    def __init__(self, folder: Path, code: Path) -> None:
        self._folder = folder
        self._code = code
        self._server: subprocess.Popen[bytes] | None = None
        self._unread = b""
        self._running: set[Path] = set()

    def start(self, folder: Path, scaffold: str, means: Means, *, finalize: bool) -> None:
        """Start a cell's process with its part of the machine."""
        self._running.add(folder)
        request = {"do": "run", "folder": str(folder), "scaffold": scaffold}
        self._send({**request, "means": means.model_dump(mode="json"), "finalize": finalize})

    def kill(self, folder: Path, number: int = signal.SIGKILL) -> None:
        """Send a signal to a cell's process and all that it started and that did not leave its group."""
        if folder in self._running:
            self._send({"do": "kill", "folder": str(folder), "signal": number})

    def ended(self, wait_s: float) -> list[Ended]:
        """The cells that have ended; waits up to so many seconds for the first."""
        if self._server is None or self._server.stdout is None:
            select.select([], [], [], wait_s)
            return []
        out = self._server.stdout.fileno()
        if not select.select([out], [], [], wait_s)[0]:
            return []
        data = os.read(out, 1 << 16)
        if not data:
            return self._lost()
        *lines, self._unread = (self._unread + data).split(b"\n")
        records: list[dict[str, Any]] = [orjson.loads(line) for line in lines]
        found = [Ended(Path(record["folder"]), record["status"]) for record in records]
        self._running -= {end.folder for end in found}
        return found

    def close(self) -> None:
        """End all cells: what their logs hold stays."""
        for folder in list(self._running):
            with contextlib.suppress(BrokenPipeError):
                self.kill(folder, signal.SIGTERM)
        if self._server is None:
            return
        assert self._server.stdin and self._server.stdout
        with contextlib.suppress(BrokenPipeError):
            self._server.stdin.close()  # it ends when its input does, and what is left with it
        try:
            self._server.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._server.stdout.close()
        self._server = None

    def _lost(self) -> list[Ended]:
        """The server has died, and the kernel has ended its cells."""
        found = [Ended(folder, -signal.SIGKILL) for folder in self._running]
        self._running.clear()
        self.close()
        self._unread = b""
        return found

    def _send(self, request: dict[str, Any]) -> None:
        if self._server is None:
            self._server = self._open()
        assert self._server.stdin
        # A server that is dead is noticed, and its cells with it, where its output ends.
        with contextlib.suppress(BrokenPipeError):
            self._server.stdin.write(orjson.dumps(request) + b"\n")
            self._server.stdin.flush()

    def _open(self) -> "subprocess.Popen[bytes]":
        words = ["experiments.cell_server", str(self._folder), "--parent", str(os.getpid())]
        command = [sys.executable, "-P", "-m", *words]
        with (self._folder / SERVER_LOG).open("ab") as log:
            # A session of its own: Ctrl-C reaches the sweep alone, which then ends its cells in order.
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment(self._code),
                start_new_session=True,
            )

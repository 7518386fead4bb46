"""A warm interpreter that forks a process per cell, so that no cell pays for imports.

`python -P -m experiments.cell_server SWEEP` reads requests from standard input and writes how cells ended to
standard output, a JSON object a line. It dies with the sweep that started it, and its cells with it.
"""

import contextlib
import gc
import os
import selectors
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, NoReturn

import orjson
import typer

from benchmark.errors import GuardError
from benchmark.guard_server import GuardServer
from experiments.cell import PROCESS_LOG, load_cell
from experiments.console import EXIT_INFRA, command, complain
from experiments.means import Means
from experiments.process import own_process
from experiments.run import run_cell
from scaffolds.models.registry import warm
from scaffolds.registry import find_resolved


@dataclass(slots=True)
class CellServer:
    """Forks cells and waits for them."""

    guard: GuardServer
    _cells: dict[int, tuple[int, str]] = field(default_factory=dict[int, tuple[int, str]])
    """Process id and run folder, by the handle that says when the process has ended."""
    _waits: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def serve(self) -> None:
        """Work until standard input ends; cells that are still at work end with this process."""
        self._waits.register(0, selectors.EVENT_READ)
        unread = b""
        while True:
            for key, _ in self._waits.select():
                if key.fd != 0:
                    self._ended(key.fd)
                    continue
                data = os.read(0, 1 << 16)
                if not data:
                    return
                *lines, unread = (unread + data).split(b"\n")
                for line in lines:
                    self._obey(orjson.loads(line))

    def _obey(self, request: dict[str, Any]) -> None:
        if request["do"] == "run":
            try:
                self._fork(request)
            except (OSError, GuardError) as error:  # no room for one more process: the others go on
                print(f"{request['folder']}: {error}", file=sys.stderr, flush=True)  # noqa: T201 - the log
                _say(request["folder"], EXIT_INFRA)
            return
        for pid, folder in self._cells.values():
            if folder == request["folder"]:
                with contextlib.suppress(ProcessLookupError):  # it has not made itself a group yet
                    os.killpg(pid, request["signal"])
                os.kill(pid, request["signal"])  # not yet waited for: the number is still its own

    def _fork(self, request: dict[str, Any]) -> None:
        # A user's module may raise anything; the cell itself will say what.
        with contextlib.suppress(Exception):
            find_resolved(request["scaffold"])
        with contextlib.suppress(Exception):
            for model in load_cell(Path(request["folder"])).models.values():
                warm(model.name)
        guard = self.guard.address()
        gc.freeze()  # what every fork shares is not walked, and so not copied
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            _work(request, guard, parent)
        handle = os.pidfd_open(pid)
        self._cells[handle] = (pid, request["folder"])
        self._waits.register(handle, selectors.EVENT_READ)

    def _ended(self, handle: int) -> None:
        pid, folder = self._cells.pop(handle)
        self._waits.unregister(handle)
        os.close(handle)
        _, status = os.waitpid(pid, 0)
        _say(folder, os.waitstatus_to_exitcode(status))


def _say(folder: str, status: int) -> None:
    sys.stdout.buffer.write(orjson.dumps({"folder": folder, "status": status}) + b"\n")
    sys.stdout.buffer.flush()


def _work(request: dict[str, Any], guard: Path, parent: int) -> NoReturn:
    """The forked process: it never returns into the loop of its parent."""
    status = 1
    try:
        os.setsid()
        own_process(parent)
        folder = Path(request["folder"])
        _redirect(folder / PROCESS_LOG)
        means = Means.model_validate(request["means"])
        run_cell(folder, finalize=request["finalize"], guard=guard, means=means)
        status = 0
    except Exception as error:  # noqa: BLE001 - the end of a process is where errors become messages
        status = complain(error)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _redirect(log: Path) -> None:
    """Take nothing from the sweep's terminal, and print into the run folder."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for target, source in ((0, nothing), (1, out), (2, out)):
        os.dup2(source, target)
    os.closerange(3, 1024)  # the handles of other cells
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def main(
    folder: Annotated[Path, typer.Argument(help="The sweep's folder.")],
    parent: Annotated[int, typer.Option(help="Process to end with.")],
) -> None:
    """Serve one sweep."""
    own_process(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the sweep ends its cells in order
    with GuardServer(within=folder) as guard:
        CellServer(guard).serve()


if __name__ == "__main__":
    command(main)()

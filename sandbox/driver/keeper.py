"""The kernel's keeper: a process between the driver and one IPython kernel, run by the agent's Python.

It starts the kernel, passes cells on and collects what they show. It is the parent of every orphan below
it, so that all that the kernel started is found below it, and it ends with the kernel. The driver bounds
what it says, and kills it when it says nothing.
"""

# Plain strings for paths: the driver starts sooner without pathlib.
# ruff: noqa: PTH118, PTH123

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from sandbox.driver import frames, processes, world
from sandbox.driver.cell import Cell
from sandbox.driver.display import Display
from sandbox.driver.kernel_process import KernelProcess
from sandbox.driver.replies import Refused

if TYPE_CHECKING:
    from sandbox.driver.jupyter import Connection

_START_S = 45.0
_ANSWERED_S = 0.5
"""From the answer to a request until it is asked again: the kernel's words on it were lost."""
_LAST_S = 1.0
"""For the last words of a kernel that has ended."""
_LEAVE_S = 10.0
"""For its end, once it has announced that."""
_QUIET_S = 3.0
"""For the other half of the end of a cell."""
_LOST = "[output was lost: it was too large]\n"
_FAILED = "[the kernel failed to run this cell]\n"


class Keeper:
    """Passes cells from the driver to the kernel, and what they show back."""

    def __init__(
        self, orders: int, answers: int, cell: str, display: Display, kernel: KernelProcess, talk: Connection
    ) -> None:
        """Begin.

        Args:
            orders: descriptor with the numbers of cells.
            answers: descriptor for frames.
            cell: file with the code of the cell that was ordered last.
            display: collects what cells show.
            kernel: its process.
            talk: the connection to it, which looks after `orders` and the process's news as well.
        """
        self._orders = orders
        self._answers = answers
        self._file = cell
        self._display = display
        self._kernel = kernel
        self._talk = talk
        self._cell: Cell | None = None

    def serve(self) -> None:
        """Run cells until the kernel ends, or the driver does."""
        self._await_kernel()
        self._display.finish()  # what packages say when they are imported
        _tell(self._answers, {"ready": True, "kernel": self._kernel.pid})
        while self._kernel.code is None:
            ready = self._look(_QUIET_S if self._cell and self._cell.ends() else None)
            if self._orders in ready and not self._take_order():
                return
            if self._cell and not ready:
                self._give_up(self._cell)
            elif self._cell and self._cell.done():
                self._end(self._cell)
        self._listen(_LAST_S)
        words = self._kernel.last_words()
        if words:
            self._display.write(f"{words}\n")
        self._report({"died": self._kernel.code})

    def _await_kernel(self) -> None:
        """Run nothing, until all of the kernel's words on it are heard."""
        deadline = time.monotonic() + _START_S
        while not self._is_heard(deadline):
            pass

    def _is_heard(self, deadline: float) -> bool:
        """Run nothing; False if the kernel's words on it were lost, as some of its first ones are."""
        cell = self._cell = Cell(0, self._talk.execute("pass", silent=True))
        until = deadline
        while not cell.done() and time.monotonic() < until:
            self._look(until - time.monotonic())
            if self._kernel.code is not None:
                raise Refused(f"the kernel does not start: {self._kernel.last_words()[-500:]}")
            if cell.status is not None:
                until = min(until, time.monotonic() + _ANSWERED_S)
        if time.monotonic() > deadline:
            raise Refused(f"the kernel does not start in time: {self._kernel.last_words()[-500:]}")
        self._cell = None
        return cell.done()

    def _look(self, seconds: float | None) -> set[object]:
        ready = self._talk.wait(seconds)
        for message in self._talk.hear(ready):
            self._display.take(message)
            if self._cell:
                self._cell.take(message)
        if self._kernel.news in ready:
            self._kernel.reap()
        return ready

    def _take_order(self) -> bool:
        order = os.read(self._orders, 4096)
        if order.strip().isdigit():
            with open(self._file, "rb") as file:
                code = file.read().decode("utf-8", "replace")
            self._cell = Cell(int(order), self._talk.execute(code))
        return bool(order)

    def _end(self, cell: Cell) -> None:
        if cell.leaves:
            until = time.monotonic() + _LEAVE_S
            while self._kernel.code is None and time.monotonic() < until:
                self._look(until - time.monotonic())
            if self._kernel.code is None:
                self._kernel.kill()
            return
        self._report({"status": cell.status or "error"})

    def _give_up(self, cell: Cell) -> None:
        """End a cell of which half of the end is missing."""
        if cell.status is None:
            self._display.write(_FAILED)
            self._end(cell)
            return
        self._display.write(_LOST)
        self._end(cell)
        self._talk.listen_again()
        self._await_kernel()

    def _listen(self, seconds: float) -> None:
        """Take what a kernel that has ended said before that."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self._look(0.05):
            pass

    def _report(self, fields: Mapping[str, object]) -> None:
        shown = self._display.finish()
        number = self._cell.number if self._cell else 0
        self._cell = None
        about = {"cell": number, "total": shown.text.total, "path": shown.text.path, "mimes": shown.mimes}
        _tell(self._answers, {**fields, **about}, (shown.text.head, shown.text.tail, *shown.images))


def main(argv: Sequence[str]) -> NoReturn:
    """Keep a kernel, in the present folder and with the present environment.

    The arguments are the descriptor of orders, the folder for sockets, and the one for logs.
    """
    world.harden()
    orders, folder, logs = int(argv[0]), argv[1], argv[2]
    os.set_inheritable(orders, False)
    answers = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 10)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    try:
        kernel = KernelProcess(folder)
        from sandbox.driver.jupyter import Connection  # while the kernel starts: both take long to import

        talk = Connection(kernel.connection_file, (orders, kernel.news))
        kernel.go_on()
        Keeper(orders, answers, os.path.join(folder, "cell"), Display(logs), kernel, talk).serve()
    except (Refused, ImportError) as refusal:
        _tell(answers, {"refused": str(refusal)})
    except BrokenPipeError:  # the driver is gone
        pass
    finally:
        processes.end(lambda: processes.below(os.getpid()), time.sleep, alone=False)
    os._exit(0)


def _tell(fd: int, fields: Mapping[str, object], chunks: Sequence[bytes] = ()) -> None:
    view = memoryview(frames.encode(fields, chunks))
    while view:
        view = view[os.write(fd, view) :]

"""The kernel's keeper: a process between the driver and one IPython kernel, run by the agent's Python.

It starts the kernel, passes cells on and collects what they show. It is the parent of every orphan below
it, so that all that the kernel started is found below it, and it ends with the kernel. The driver bounds
what it says, and kills it when it says nothing.
"""

# Plain strings for paths: the driver starts sooner without pathlib.
# ruff: noqa: PTH118, PTH123

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import math
import mmap
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from sandbox.driver import frames, jupyter, processes, world
from sandbox.driver.capture import Drain, HeadTail
from sandbox.driver.display import Display

if TYPE_CHECKING:
    import zmq

_OPTIONS = (
    "--HistoryManager.enabled=False",
    "--InteractiveShell.colors=nocolor",
    "--Kernel._execute_sleep=0",  # a pause before each answer, for clients that do not wait for `idle`
)
_START_S = 45.0
_ANSWERED_S = 0.5
"""From the answer to a request until it is asked again: the kernel's words on it were lost."""
_LAST_S = 1.0
"""For the last words of a kernel that has ended."""
_LEAVE_S = 10.0
"""For its end, once it has announced that."""
_QUIET_S = 3.0
"""For the other half of the end of a cell."""
_WORDS = 2048
_BATCH = 200
"""Messages that are taken before others are looked at."""
_MAX_MESSAGE = 64 << 20
_LOST = "[output was lost: it was too large]\n"
_FAILED = "[the kernel failed to run this cell]\n"
# IPython would keep all that is ever printed in its memory.
_FORGET = "get_ipython()._tee = lambda channel: __import__('contextlib').nullcontext()"
# Both streams of the kernel are made one, lest their order is lost. Half a character would cost it all that
# it was about to send. A cell that prints more than is taken from it waits: nobody else would hold it back.
# What a program writes to descriptors 1 and 2 arrives by way of another thread.
_ARRANGE = """
def _arrange(path, piece, most):
    import array, fcntl, mmap, os, sys, termios, time
    out, err, own = sys.stdout, sys.stderr, os.getpid()
    write = type(out).write
    with open(path, "rb") as file:
        taken = memoryview(mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)).cast("Q")
    sent = unsent = 0
    def merged(text):
        nonlocal sent, unsent
        if not isinstance(text, str):
            return write(out, text)
        if not text.isascii():
            text = text.encode("utf-8", "replace").decode()
        for start in range(0, len(text), piece):
            part = text[start : start + piece]
            write(out, part)
            unsent += len(part)
            if unsent >= piece and os.getpid() == own:
                out.flush()
                sent, unsent = sent + unsent, 0
                until = time.monotonic() + 1
                while sent - taken[0] > most and time.monotonic() < until:
                    time.sleep(0.001)
                if sent - taken[0] > most:
                    sent = taken[0]
        return len(text)
    out.write = err.write = merged
    err.flush = lambda: None
    descriptors = [stream._fid for stream in (out, err) if getattr(stream, "_fid", None) is not None]
    count = array.array("i", [0])
    def waiting():
        return any(fcntl.ioctl(fd, termios.FIONREAD, count) or count[0] for fd in descriptors)
    def settle(*ignored):
        until = time.monotonic() + 1
        while waiting() and time.monotonic() < until:
            time.sleep(0.0001)
        time.sleep(0.00005)  # for the other thread to pass on what it has read
    get_ipython().events.register("post_run_cell", settle)
"""
_PIECE = 1 << 20
"""Characters of the longest message with printed text."""
_UNTAKEN = 16 << 20
"""Printed characters that may be on their way."""


class _Refused(Exception):
    pass


class _Cell:
    """A cell that runs."""

    def __init__(self, number: int, request: jupyter.Ask) -> None:
        self.number = number
        self.request = request
        self.status: str | None = None
        self.leaves = False
        """The kernel has announced its end."""
        self._idle = False

    def take(self, message: jupyter.Message) -> None:
        """Note what a message says about the state of the cell."""
        if message.parent != self.request.name:
            return
        if message.kind == "status":
            self._idle = self._idle or message.content.get("execution_state") == "idle"
        elif message.kind == "execute_reply":
            self.status = "ok" if message.content.get("status") == "ok" else "error"
            self.leaves = "ask_exit" in str(message.content.get("payload"))

    def ends(self) -> bool:
        """Say whether either the answer or the end of all output has come."""
        return self._idle or self.status is not None

    def done(self) -> bool:
        """Say whether both the answer and all output have come."""
        return self._idle and self.status is not None


class _Kernel:
    """The process and the sockets to it."""

    def __init__(self, folder: str) -> None:
        if importlib.util.find_spec("ipykernel_launcher") is None:
            raise _Refused(f"ipykernel is not installed for {sys.executable}")
        path = os.path.join(folder, "connection.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(jupyter.connection(folder))
        self._words = Drain(lambda: HeadTail(_WORDS))
        self.process = subprocess.Popen(
            (sys.executable, "-m", "ipykernel_launcher", "-f", path, *_OPTIONS),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._words.write_end,
            start_new_session=True,
        )
        self._words.close_write_end()
        import zmq  # while the kernel starts

        self._nothing, self._failed = zmq.Again, zmq.ZMQError
        self._address = jupyter.address(folder, "iopub")
        context = zmq.Context()
        self.shell = context.socket(zmq.DEALER)
        self.iopub = context.socket(zmq.SUB)
        self.iopub.setsockopt(zmq.RCVHWM, 0)  # a publisher drops what its readers have no room for
        self.iopub.subscribe(b"")
        self.poller = zmq.Poller()
        for channel, socket in (("shell", self.shell), ("iopub", self.iopub)):
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.RECONNECT_IVL, 5)  # milliseconds
            socket.setsockopt(zmq.MAXMSGSIZE, _MAX_MESSAGE)
            socket.connect(jupyter.address(folder, channel))
            self.poller.register(socket, zmq.POLLIN)

    def ask(self, request: jupyter.Ask) -> None:
        """Send a request."""
        with contextlib.suppress(self._nothing):  # a kernel that takes nothing more runs into its deadline
            self.shell.send_multipart(request.frames, self._flag())

    def hear(self, socket: zmq.Socket[bytes]) -> list[jupyter.Message]:
        """Return messages that have come, though not all if there are very many."""
        messages: list[jupyter.Message] = []
        with contextlib.suppress(self._nothing):
            for _ in range(_BATCH):
                message = jupyter.read(socket.recv_multipart(self._flag()))
                if message is not None:
                    messages.append(message)
        return messages

    def listen_again(self) -> None:
        """Take up the connection that a message which was too large has ended."""
        with contextlib.suppress(self._failed):
            self.iopub.disconnect(self._address)
        self.iopub.connect(self._address)

    def last_words(self) -> str:
        """Return the end of what the process wrote to its standard error."""
        stream = self._words.take()
        return (stream.head + stream.tail)[-_WORDS:].decode("utf-8", "replace").strip()

    @staticmethod
    def _flag() -> int:
        return 1  # zmq.NOBLOCK


class _Taken:
    """How much printed text was taken from the kernel, in a file that the kernel maps."""

    def __init__(self, path: str) -> None:
        self.path = path
        with open(path, "w+b") as file:
            file.truncate(8)
            self._count = memoryview(mmap.mmap(file.fileno(), 8)).cast("Q")

    def add(self, message: jupyter.Message) -> None:
        """Count a message."""
        text = message.content.get("text")
        if message.kind == "stream" and isinstance(text, str):
            self._count[0] = (self._count[0] + len(text)) % (1 << 63)


class Keeper:
    """Passes cells from the driver to the kernel, and what they show back."""

    def __init__(self, orders: int, answers: int, folder: str, logs: str) -> None:
        self._orders = orders
        self._answers = answers
        self._folder = folder
        self._display = Display(logs)
        self._cell: _Cell | None = None
        self._woken, wake = os.pipe()
        for fd in (self._woken, wake):
            os.set_blocking(fd, False)
        signal.signal(signal.SIGCHLD, _nothing)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self._taken = _Taken(os.path.join(folder, "taken"))
        self._kernel = _Kernel(folder)
        for fd in (orders, self._woken):
            self._kernel.poller.register(fd, 1)  # zmq.POLLIN
        self._code: int | None = None

    def serve(self) -> None:
        """Run cells until the kernel ends, or the driver does."""
        self._start()
        self._tell({"ready": True, "kernel": self._kernel.process.pid})
        while self._code is None:
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
        self._report({"died": self._code})

    def _start(self) -> None:
        limits = f"{self._taken.path!r}, {_PIECE}, {_UNTAKEN}"
        for code in (_FORGET, f"{_ARRANGE}_arrange({limits})\ndel _arrange"):
            self._call(code)
        self._display.finish()  # what packages say when they are imported

    def _call(self, code: str) -> None:
        """Run code of our own, until all of the kernel's words on it are heard."""
        deadline = time.monotonic() + _START_S
        while not self._through(code, deadline):
            pass

    def _through(self, code: str, deadline: float) -> bool:
        """Run code of our own; False if the kernel's words on it were lost, as some of its first ones are."""
        cell = self._cell = _Cell(0, jupyter.execute(code, silent=True))
        self._kernel.ask(cell.request)
        until = deadline
        while not cell.done() and time.monotonic() < until:
            self._look(until - time.monotonic())
            if self._code is not None:
                raise _Refused(f"the kernel does not start: {self._kernel.last_words()[-500:]}")
            if cell.status is not None:
                until = min(until, time.monotonic() + _ANSWERED_S)
        if time.monotonic() > deadline:
            raise _Refused(f"the kernel does not start in time: {self._kernel.last_words()[-500:]}")
        self._cell = None
        return cell.done()

    def _look(self, seconds: float | None) -> set[object]:
        wait = None if seconds is None else math.ceil(max(seconds, 0) * 1000)
        ready = {key for key, _ in self._kernel.poller.poll(wait)}
        for socket in (self._kernel.iopub, self._kernel.shell):
            if socket in ready:
                for message in self._kernel.hear(socket):
                    self._display.take(message)
                    self._taken.add(message)
                    if self._cell:
                        self._cell.take(message)
        if self._woken in ready:
            self._reap()
        return ready

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, 4096)
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == self._kernel.process.pid:
                    self._code = os.waitstatus_to_exitcode(status)
                if pid == 0:
                    return

    def _take_order(self) -> bool:
        order = os.read(self._orders, 4096)
        if order.strip().isdigit():
            with open(os.path.join(self._folder, "cell"), "rb") as file:
                code = file.read().decode("utf-8", "replace")
            self._cell = _Cell(int(order), jupyter.execute(code))
            self._kernel.ask(self._cell.request)
        return bool(order)

    def _end(self, cell: _Cell) -> None:
        if cell.leaves:
            until = time.monotonic() + _LEAVE_S
            while self._code is None and time.monotonic() < until:
                self._look(until - time.monotonic())
            if self._code is None:
                processes.send((self._kernel.process.pid,), signal.SIGKILL)
            return
        self._report({"status": cell.status or "error"})

    def _give_up(self, cell: _Cell) -> None:
        """End a cell of which half of the end is missing."""
        if cell.status is None:
            self._display.write(_FAILED)
            self._end(cell)
            return
        self._display.write(_LOST)
        self._end(cell)
        self._kernel.listen_again()
        self._call("pass")

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
        self._tell({**fields, **about}, (shown.text.head, shown.text.tail, *shown.images))

    def _tell(self, fields: Mapping[str, object], chunks: Sequence[bytes] = ()) -> None:
        _tell(self._answers, fields, chunks)


def main(argv: Sequence[str]) -> NoReturn:
    """Keep a kernel, in the present folder and with the present environment.

    The arguments are the descriptor of orders, the folder for sockets, and the one for logs.
    """
    world.harden()
    orders, folder, logs = argv
    os.set_inheritable(int(orders), False)
    answers = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 10)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    try:
        Keeper(int(orders), answers, folder, logs).serve()
    except (_Refused, ImportError) as refusal:
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


def _nothing(number: int, frame: object) -> None:
    del number, frame

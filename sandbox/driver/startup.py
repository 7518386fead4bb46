"""The program of the kernel's own process: IPython as a notebook has it, with its output held in bounds.

The keeper copies this file, and has the agent's Python run the copy. It imports nothing of this package.
"""

# Plain strings for paths: they come from outside, and IPython wants them so.
# ruff: noqa: PTH118, PTH120, PTH123
# What ipykernel declares has types of its own that are incomplete.
# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false

from __future__ import annotations

import array
import contextlib
import fcntl
import mmap
import os
import sys
import termios
import time
from collections.abc import Callable, Sequence
from typing import Any

_OPTIONS = (
    "--HistoryManager.enabled=False",
    "--InteractiveShell.colors=nocolor",
    "--Kernel._execute_sleep=0",  # a pause before each answer, for clients that do not wait for `idle`
)
_PIECE = 1 << 20
"""Characters of the longest message with printed text."""
_UNTAKEN = 16 << 20
"""Printed characters that may be on their way."""
_PATIENCE_S = 1.0
"""For the keeper to take them, and for the thread that reads descriptors 1 and 2."""


class Printed:
    """Text on its way from the kernel's two streams to the keeper.

    Both are made one, lest their order is lost. A cell that prints more than is taken from it waits: nobody
    else would hold it back.
    """

    def __init__(self, out: Any, err: Any, taken: str) -> None:  # noqa: ANN401 - ipykernel's streams
        """Take the streams over.

        Args:
            out: what is to pass on the text of both.
            err: the other one.
            taken: file with the number of characters that the keeper has taken.
        """
        self._send: Callable[[str], int] = out.write
        self._flush: Callable[[], None] = out.flush
        self._process = os.getpid()
        self._sent = self._unsent = 0
        with open(taken, "rb") as file:
            self._taken = memoryview(mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)).cast("Q")
        pipes = (
            (getattr(stream, "_fid", None), getattr(stream, "watch_fd_thread", None)) for stream in (out, err)
        )
        self._pipes: list[tuple[int, Any]] = [(fd, reader) for fd, reader in pipes if fd is not None]
        out.write = err.write = self.write
        err.flush = lambda: None

    def write(self, text: str) -> int:
        """Do what a stream's `write` does."""
        if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance] - the agent's code
            return self._send(text)
        if not text.isascii():  # half a character would cost all that is about to be sent
            text = text.encode("utf-8", "replace").decode()
        for start in range(0, len(text), _PIECE):
            part = text[start : start + _PIECE]
            self._send(part)
            self._unsent += len(part)
            if self._unsent >= _PIECE and os.getpid() == self._process:
                self._hold_back()
        return len(text)

    def settle(self, *_: object) -> None:
        """Wait for what programs wrote to descriptors 1 and 2, which arrives by way of another thread."""
        until = time.monotonic() + _PATIENCE_S
        while self._waiting() and time.monotonic() < until:
            time.sleep(0.0001)
        time.sleep(0.00005)  # for the other thread to pass on what it has read, where nobody tells of it

    def _hold_back(self) -> None:
        self._flush()
        self._sent, self._unsent = self._sent + self._unsent, 0
        until = time.monotonic() + _PATIENCE_S
        while self._sent - self._taken[0] > _UNTAKEN and time.monotonic() < until:
            time.sleep(0.001)
        if self._sent - self._taken[0] > _UNTAKEN:  # it was lost
            self._sent = self._taken[0]

    def _waiting(self) -> bool:
        """Say whether something is in a pipe, or was taken from it and is not passed on yet."""
        count = array.array("i", [0])
        return any(
            fcntl.ioctl(fd, termios.FIONREAD, count) or count[0] or _busy(reader, fd)
            for fd, reader in self._pipes
        )


def _busy(reader: Any, fd: int) -> bool:  # noqa: ANN401 - a thread of ipykernel's
    """Say whether a thread does anything but wait for more from a descriptor; False where no kernel tells."""
    try:
        with open(f"/proc/self/task/{reader.native_id}/syscall") as file:
            call = file.read().split()
    except (OSError, AttributeError):
        return False
    return call[1:2] != [hex(fd)]  # the first argument of the call that it is in, if it is in any


def arrange(shell: Any, taken: str) -> None:  # noqa: ANN401 - what IPython's versions differ in
    """Change in IPython what makes a poor kernel for cells of any kind and size."""
    # It would keep all that is ever printed in its memory.
    shell._tee = lambda channel: contextlib.nullcontext()
    shell.events.register("post_run_cell", Printed(sys.stdout, sys.stderr, taken).settle)
    ask = shell.should_run_async

    def should_run_async(*args: object, **named: object) -> bool:
        try:
            return ask(*args, **named)
        except (ValueError, RecursionError):  # as of a NUL in Python 3.11.2: running it tells, this may not
            return False

    shell.should_run_async = should_run_async


def main(argv: Sequence[str]) -> None:
    """Run a kernel.

    The arguments are `-f` and the connection file, which exists once standard input has ended: the keeper
    imports its part of Jupyter while this process does.
    """
    from ipykernel.kernelapp import IPKernelApp

    sys.stdin.read()
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)  # there are programs that read a pipe rather than files
    app = IPKernelApp.instance()
    app.initialize([*argv, *_OPTIONS])
    arrange(app.shell, os.path.join(os.path.dirname(argv[-1]), "taken"))
    app.start()


if __name__ == "__main__":
    del sys.path[0]  # where this file is; IPython adds the present folder
    main(sys.argv[1:])

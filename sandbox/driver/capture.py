"""Keeping the first and last bytes of an output stream, however long it is."""

from __future__ import annotations

import array
import contextlib
import errno
import fcntl
import os
import select
import termios
import threading
from collections.abc import Callable
from typing import NamedTuple

from sandbox.driver.spill import Place, Spill

KEEP = 1024 * 1024
"""Bytes kept from the start of a stream, and as many again from its end."""
VIEW = 16 * 1024
"""A longer stream is kept in a file too: an agent is shown no more of one than this."""
_PIECE = 64 * 1024
"""Bytes that are read at once, always into the same memory: a new megabyte for every read would leave the
allocator of a thread with a hundred."""
_PIPE = 1024 * 1024  # the most an ordinary user may ask of Linux by default (fs.pipe-max-size)


class Stream(NamedTuple):
    """What is kept of one stream."""

    head: bytes
    tail: bytes
    total: int
    path: str = ""
    """File with more of it than this; empty if there is none."""


class HeadTail:
    """Bounded memory of a stream."""

    def __init__(self, keep: int = KEEP) -> None:
        self._keep = keep
        self._head = bytearray()
        self._tail = bytearray()  # a ring once it is full
        self._total = 0

    def add(self, data: bytes | memoryview) -> None:
        """Take the stream's next bytes."""
        self._total += len(data)
        room = self._keep - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        room = self._keep - len(self._tail)
        if room > 0:
            self._tail += data[:room]
            data = data[room:]
        data = data[-self._keep :]
        if data:
            self._go_around(data)

    def _go_around(self, data: bytes | memoryview) -> None:
        start = (self._total - len(data)) % self._keep
        room = self._keep - start
        self._tail[start : start + len(data[:room])] = data[:room]
        self._tail[: len(data[room:])] = data[room:]

    def result(self) -> Stream:
        """Return what is kept."""
        oldest = self._total % self._keep if self._total > 2 * self._keep else 0
        tail = b"".join((memoryview(self._tail)[oldest:], memoryview(self._tail)[:oldest]))
        return Stream(bytes(self._head), tail, self._total)


class Record(HeadTail):
    """Bounded memory of a stream, and a file once it is longer than an agent's view."""

    def __init__(self, place: Place, ending: str) -> None:
        """Begin.

        Args:
            place: where the file will be.
            ending: of its name.
        """
        super().__init__()
        self._place = place
        self._ending = ending
        self._file: Spill | None = None

    def add(self, data: bytes | memoryview) -> None:
        """Take the stream's next bytes."""
        if self._file is None and self._total + len(data) > VIEW:
            self._file = self._place.open(self._ending)
            self._file.add(bytes(self._head))  # that is all there was so far
        if self._file is not None:
            self._file.add(data)
        super().add(data)

    def result(self) -> Stream:
        """Return what is kept, and complete the file."""
        return super().result()._replace(path=self._file.finish() if self._file else "")


class Logged(HeadTail):
    """Bounded memory of a part of a stream whose whole goes into a file."""

    def __init__(self, log: Spill) -> None:
        super().__init__()
        self._log = log

    def add(self, data: bytes | memoryview) -> None:
        """Take the stream's next bytes."""
        self._log.add(data)
        super().add(data)


class Drain:
    """A pipe whose read end is always emptied, by a thread, so that its writers never block.

    Nobody who holds the write end can delay `take`: what was written before the call is in the pipe or
    in memory by then, and both are collected without waiting.
    """

    def __init__(
        self, record: Callable[[], HeadTail] = HeadTail, at_end: Callable[[], object] = lambda: None
    ) -> None:
        """Begin.

        Args:
            record: makes what keeps the stream, from one `take` to the next.
            at_end: called once nobody holds the write end any more, in any thread.
        """
        self._read, self.write_end = os.pipe()
        with contextlib.suppress(OSError):  # a smaller pipe only costs more reads
            fcntl.fcntl(self._read, 1031, _PIPE)  # F_SETPIPE_SZ has no name before Python 3.10
        os.set_blocking(self._read, False)
        self._piece = memoryview(bytearray(_PIECE))
        self._lock = threading.Lock()
        self._record = record
        self._at_end = at_end
        self._kept = record()
        self._open = True
        try:
            threading.Thread(target=self._run, daemon=True).start()
        except RuntimeError:  # there are too many threads already
            os.close(self._read)
            os.close(self.write_end)
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None

    def take(self) -> Stream:
        """Return everything written so far and start afresh."""
        with self._lock:
            if self._open:
                self._collect(_readable_bytes(self._read) + 1)  # the last one for the stream's end
            kept, self._kept = self._kept, self._record()
        return kept.result()

    def close_write_end(self) -> None:
        """Let go of the write end; the thread ends when the last other holder does too."""
        os.close(self.write_end)

    def _run(self) -> None:
        waiting = select.poll()
        waiting.register(self._read, select.POLLIN)
        while self._open:
            waiting.poll()
            with self._lock:
                if self._open:  # no longer, if `take` has come to the end meanwhile
                    self._collect(_PIPE)
        os.close(self._read)  # only here, lest this thread waits at a descriptor that is something else

    def _collect(self, wanted: int) -> None:
        while wanted > 0:
            try:
                size = os.readv(self._read, [self._piece[:wanted]])
            except BlockingIOError:
                return
            if size == 0:
                self._open = False
                self._at_end()
                return
            self._kept.add(self._piece[:size])
            wanted -= size


def _readable_bytes(fd: int) -> int:
    count = array.array("i", [0])
    fcntl.ioctl(fd, termios.FIONREAD, count)
    return count[0]

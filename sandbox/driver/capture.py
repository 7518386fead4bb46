"""Keeping the first and last bytes of an output stream, however long it is."""

from __future__ import annotations

import array
import collections
import contextlib
import fcntl
import os
import select
import termios
import threading
from typing import NamedTuple

KEEP = 1024 * 1024
"""Bytes kept from the start of a stream, and as many again from its end."""
_PIECE = 64 * 1024  # small writes are joined up to here: a million one-byte objects would cost 50 MB
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
        self._tail: collections.deque[bytearray] = collections.deque()
        self._tail_size = 0
        self._total = 0

    def add(self, data: bytes) -> None:
        """Take the stream's next bytes."""
        self._total += len(data)
        room = self._keep - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        if not data:
            return
        if self._tail and len(self._tail[-1]) < _PIECE:
            self._tail[-1] += data
        else:
            self._tail.append(bytearray(data))
        self._tail_size += len(data)
        while self._tail_size - len(self._tail[0]) >= self._keep:
            self._tail_size -= len(self._tail.popleft())

    def result(self) -> Stream:
        """Return what is kept."""
        tail = b"".join(self._tail)[-self._keep :]
        return Stream(bytes(self._head), tail, self._total)


class Drain:
    """A pipe whose read end is always emptied, by a thread, so that its writers never block.

    Nobody who holds the write end can delay `take`: what was written before the call is in the pipe or
    in memory by then, and both are collected without waiting.
    """

    def __init__(self) -> None:
        self._read, self.write_end = os.pipe()
        with contextlib.suppress(OSError):  # a smaller pipe only costs more reads
            fcntl.fcntl(self._read, 1031, _PIPE)  # F_SETPIPE_SZ has no name before Python 3.10
        os.set_blocking(self._read, False)
        self._lock = threading.Lock()
        self._kept = HeadTail()
        self._open = True
        threading.Thread(target=self._run, daemon=True).start()

    def take(self) -> Stream:
        """Return everything written so far and start afresh."""
        with self._lock:
            if self._open:
                self._collect(_readable_bytes(self._read))
            kept, self._kept = self._kept, HeadTail()
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
                self._collect(_PIPE)

    def _collect(self, wanted: int) -> None:
        while wanted > 0:
            try:
                data = os.read(self._read, wanted)
            except BlockingIOError:
                return
            if not data:
                self._open = False
                os.close(self._read)
                return
            self._kept.add(data)
            wanted -= len(data)


def _readable_bytes(fd: int) -> int:
    count = array.array("i", [0])
    fcntl.ioctl(fd, termios.FIONREAD, count)
    return count[0]

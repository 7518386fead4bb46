"""Files for streams that are longer than what an agent is shown: their first and their last bytes.

Nothing here fails: where a disk is full or a folder is gone, there is no such file.
"""

# Plain strings for paths: the driver starts sooner without pathlib.
# ruff: noqa: PTH103, PTH108, PTH120

from __future__ import annotations

import contextlib
import os
import threading

LIMIT = 64 * 1024 * 1024
"""Bytes of the start of a stream that a file holds, and as many again of its end."""
_MODE = 0o644
_MOST = 10**6
"""Files of one kind."""

_last: dict[tuple[str, str], int] = {}


class Spill:
    """One file. What comes after the first bytes goes around in a second file until the stream ends."""

    def __init__(self, fd: int | None, path: str, limit: int = LIMIT) -> None:
        """Begin.

        Args:
            fd: opened for writing, at the start of the file; None for no file at all.
            path: where it is.
            limit: see `LIMIT`.
        """
        self._fd = fd
        self._path = path
        self._limit = limit
        self._total = 0
        self._ring: int | None = None

    @property
    def path(self) -> str:
        """Where the file is; empty if there is none."""
        return self._path

    def add(self, data: bytes | memoryview) -> None:
        """Take the stream's next bytes."""
        if self._fd is None:
            return
        view = memoryview(data)
        room = max(self._limit - self._total, 0)
        try:
            _write(self._fd, view[:room])
            self._total += len(view[:room])
            if len(view) > room:
                self._go_around(view[room:])
        except OSError:
            self._give_up()

    def finish(self) -> str:
        """Put the last bytes behind the first ones; returns the file's path, empty if there is none."""
        if self._fd is not None:
            try:
                if self._ring is not None:
                    self._append(self._fd, self._ring)
            except OSError:
                self._give_up()
            self._close()
        return self._path

    def _go_around(self, view: memoryview) -> None:
        if self._ring is None:
            self._ring = _nameless(os.path.dirname(self._path))
        self._total += max(len(view) - self._limit, 0)  # only the last bytes of a large piece matter
        view = view[max(len(view) - self._limit, 0) :]
        while view:
            start = (self._total - self._limit) % self._limit
            size = min(self._limit - start, len(view))
            _write(self._ring, view[:size], start)
            self._total += size
            view = view[size:]

    def _append(self, fd: int, ring: int) -> None:
        size = self._total - self._limit
        if size > self._limit:
            _write(fd, memoryview(b"\n[... %d bytes left out ...]\n" % (size - self._limit)))
            start = size % self._limit
            _copy(ring, start, self._limit - start, fd)
            _copy(ring, 0, start, fd)
        else:
            _copy(ring, 0, size, fd)

    def _give_up(self) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self._path)
        self._path = ""
        self._close()

    def _close(self) -> None:
        for fd in (self._fd, self._ring):
            if fd is not None:
                with contextlib.suppress(OSError):
                    os.close(fd)
        self._fd = self._ring = None


class Place:
    """The files of one call, which share the next number that is free."""

    def __init__(self, folder: str, kind: str) -> None:
        self._folder = folder
        self._kind = kind
        self._lock = threading.Lock()
        self.number = 0
        """0 until there is a file."""

    def open(self, ending: str) -> Spill:
        """Create a file, `KIND-NUMBER.ENDING`."""
        with self._lock, contextlib.suppress(OSError):
            os.makedirs(self._folder, exist_ok=True)
            key = (self._kind, ending)
            for number in range(self.number or _last.get(key, 0) + 1, _MOST):
                path = f"{self._folder}/{self._kind}-{number}.{ending}"
                with contextlib.suppress(FileExistsError):
                    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
                    self.number = _last[key] = number
                    return Spill(fd, path)
        return Spill(None, "")


def _nameless(folder: str) -> int:
    with contextlib.suppress(OSError):  # not every file system has files without a name
        return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    path = f"{folder}/.ring-{os.urandom(8).hex()}"
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    os.unlink(path)
    return fd


def _write(fd: int, view: memoryview, start: int | None = None) -> None:
    while view:
        size = os.write(fd, view) if start is None else os.pwrite(fd, view, start)
        start = None if start is None else start + size
        view = view[size:]


def _copy(source: int, start: int, size: int, target: int) -> None:
    while size > 0:
        done = os.sendfile(target, source, start, size)
        if done == 0:
            raise OSError("the file has become shorter")
        start, size = start + done, size - done

"""A content-addressed store in one append-only file.

Every value is kept once, compressed, in `pack`: a fixed header (SHA-256, compressed length) and the
payload. One file instead of one per value costs one fsync instead of thousands, and its index is
rebuilt by skipping from header to header. A torn last record is dropped when the store is opened, and one
that is torn inside is written again when its value comes again.
"""

import hashlib
import os
import struct
import threading
from pathlib import Path

import zstandard

from scaffolds.errors import InfraError, UserError
from scaffolds.runtime.durable_files import write_at

_HEADER = struct.Struct("<32sQ")


class MissingValue(UserError, KeyError):
    """A store lacks a value that was asked for."""

    def __str__(self) -> str:
        return str(self.args[0])


class PackStore:
    """Bytes by their SHA-256, in `folder/pack`. Safe to share between threads; one writer per folder."""

    def __init__(self, folder: Path, *, writable: bool = False) -> None:
        self._path = folder / "pack"
        self._lock = threading.Lock()
        self._index: dict[bytes, tuple[int, int]] = {}
        self._compress = zstandard.ZstdCompressor(level=3).compress
        self._decompress = zstandard.ZstdDecompressor().decompress
        self._dirty = False
        if writable:
            folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT if writable else os.O_RDONLY
        try:
            self._fd = os.open(self._path, flags | os.O_CLOEXEC, 0o644)
        except FileNotFoundError as error:
            raise UserError(f"{str(self._path)!r} is gone: restore it from a copy of the run") from error
        self._end = 0
        self.refresh()
        self._own = self._end
        """From here on it is what this process has put."""
        if writable:
            os.ftruncate(self._fd, self._end)

    def refresh(self) -> None:
        """Index what another process has appended since."""
        size = os.fstat(self._fd).st_size
        with os.fdopen(os.dup(self._fd), "rb") as file:
            while self._end + _HEADER.size <= size:
                file.seek(self._end)
                digest, length = _HEADER.unpack(file.read(_HEADER.size))
                start = self._end + _HEADER.size
                if start + length > size:
                    break
                self._index[digest] = (start, length)
                self._end = start + length

    def put(self, data: bytes) -> str:
        """Keep `data`; returns its SHA-256 in hex.

        Raises:
            InfraError: the disk is full or failing; the store stays usable.
        """
        digest = hashlib.sha256(data).digest()
        with self._lock:
            if not self._holds(digest):
                payload = self._compress(data)
                self._append(_HEADER.pack(digest, len(payload)) + payload)
                self._index[digest] = (self._end - len(payload), len(payload))
        return digest.hex()

    def get(self, digest: str) -> bytes:
        """The bytes whose SHA-256 is `digest`.

        Raises:
            MissingValue: they are not here.
            InfraError: they are here and damaged.
        """
        place = self._index.get(bytes.fromhex(digest))
        if place is None:
            raise MissingValue(f"{str(self._path)!r} lacks a value ({digest}): restore it from a copy")
        start, length = place
        payload = os.pread(self._fd, length, start)
        try:
            with self._lock:
                data = self._decompress(payload)
        except zstandard.ZstdError as error:
            raise InfraError(f"blob {digest} in {self._path} is damaged: {error}") from error
        if hashlib.sha256(data).hexdigest() != digest:
            raise InfraError(f"blob {digest} in {self._path} is damaged: its bytes have another hash")
        return data

    def __contains__(self, digest: str) -> bool:
        return bytes.fromhex(digest) in self._index

    def size(self) -> int:
        """How many bytes it takes on the disk."""
        return self._end

    def sync(self) -> None:
        """Return when everything put so far survives a power cut."""
        with self._lock:
            if self._dirty:
                os.fdatasync(self._fd)
                self._dirty = False

    def close(self) -> None:
        """Release the file."""
        os.close(self._fd)

    def _holds(self, digest: bytes) -> bool:
        """Whether a value is here and whole: a power cut can keep a header and lose what is behind it."""
        start, length = self._index.get(digest, (0, 0))
        if not start or start >= self._own:
            return bool(start)
        try:
            data = self._decompress(os.pread(self._fd, length, start))
        except zstandard.ZstdError:
            return False
        return hashlib.sha256(data).digest() == digest

    def _append(self, record: bytes) -> None:
        write_at(self._fd, record, self._end, self._path)
        self._end += len(record)
        self._dirty = True

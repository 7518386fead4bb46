"""Reading the agent's files from the host's side, without trusting anything about them."""

import contextlib
import os
import posixpath
import stat
from collections.abc import Generator, Mapping
from pathlib import Path

from sandbox.errors import PathRefused
from sandbox.spec import Layout

OPEN_DIR = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""O_NONBLOCK, since opening a FIFO would otherwise wait for a writer."""


def fetch(path: str, layout: Layout, roots: Mapping[str, Path], max_bytes: int) -> bytes:
    """Read a file that an agent names.

    Args:
        path: absolute in the sandbox, or relative to its code folder.
        layout: the sandbox's folders.
        roots: folders in the sandbox and where they are on the host, the inner ones first.
        max_bytes: the largest file that is read.

    Raises:
        PathRefused: missing, a link anywhere on the way, not a regular file, several names, too large.
    """
    if posixpath.basename(path) in ("", ".", ".."):  # `file/` as well, which is no name of a file
        raise PathRefused(f"{path}: is a directory")
    absolute = posixpath.normpath(posixpath.join(layout.code, path))
    for inside, outside in roots.items():
        if absolute.startswith(f"{inside}/"):
            parts = absolute[len(inside) + 1 :].split("/")
            with _refusing(path), _folder(outside, parts[:-1]) as folder:
                # Files of the data may have other names where only we can write.
                return _read(folder, parts[-1], path, max_bytes, names=inside == layout.data)
    raise PathRefused(f"{path}: not a file below {layout.home}")


@contextlib.contextmanager
def _folder(root: Path, parts: list[str]) -> Generator[int]:
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts:
            inner = os.open(part, OPEN_DIR, dir_fd=fd)
            os.close(fd)
            fd = inner
        yield fd
    finally:
        os.close(fd)


def _read(folder: int, name: str, path: str, max_bytes: int, *, names: bool) -> bytes:
    fd = os.open(name, OPEN_FILE, dir_fd=folder)
    with os.fdopen(fd, "rb", buffering=0) as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise PathRefused(f"{path}: not a regular file")
        if status.st_nlink != 1 and not names:
            raise PathRefused(f"{path}: a file with several hard links")
        data = bytearray()
        while len(data) <= max_bytes and (piece := file.read(min(max_bytes + 1 - len(data), 1 << 22))):
            data += piece
    if len(data) > max_bytes:
        raise PathRefused(f"{path}: larger than {max_bytes} bytes")
    return bytes(data)


@contextlib.contextmanager
def _refusing(path: str) -> Generator[None]:
    try:
        yield
    except FileNotFoundError:
        raise PathRefused(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        # ELOOP and ENOTDIR are what O_NOFOLLOW answers at a link
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a usable path"
        raise PathRefused(f"{path}: {reason.lower()} (links are not followed)") from None

"""Recreating a workspace from a snapshot, on the host, without following any link in it."""

import contextlib
import os
import stat
from collections.abc import Generator
from pathlib import Path

from sandbox.hostfiles import OPEN_DIR
from sandbox.protocols import BlobStore
from sandbox.tree import Dir, File, Link, Row, load


def restore(home: Path, tree: str, store: BlobStore, leave_out: frozenset[str]) -> None:
    """Make `home`, but for the names in `leave_out` at its top, equal to `tree`.

    Folders at the top that stay are emptied, not exchanged: processes may stand in them.

    Raises:
        KeyError: the store lacks the tree or part of it.
        BadTree: the object is not a tree.
    """
    rows = load(store.get(tree))
    kept = {row.path for row in rows if isinstance(row, Dir)}
    top = os.open(home, OPEN_DIR)
    try:
        _clear(top, kept, leave_out)
        for row in rows:
            if row.path.split("/", 1)[0] not in leave_out:
                _create(top, row, store)
        for row in reversed(rows):  # last, since a folder may forbid writing into it
            if isinstance(row, Dir):
                with _parent(top, row.path) as (folder, name):
                    _chmod(folder, name, row.mode)
    finally:
        os.close(top)


def empty(folder: Path) -> None:
    """Remove all that is in a folder, whatever its modes; no link is followed, whenever it was put there.

    Raises:
        OSError: somebody goes on putting files into it, or this user may not.
    """
    top = os.open(folder, OPEN_DIR)
    try:
        _clear(top, set(), frozenset())
    finally:
        os.close(top)


def _clear(top: int, kept: set[str], leave_out: frozenset[str]) -> None:
    for name in os.listdir(top):
        if name in leave_out:
            continue
        if not _is_dir(top, name):
            os.unlink(name, dir_fd=top)
        elif name not in kept:
            _remove(top, name)
        else:
            inner = _open_loosened(top, name)
            try:
                _clear(inner, set(), frozenset())
            finally:
                os.close(inner)


def _remove(top: int, name: str) -> None:
    # Inner folders are moved up and removed in turn: an agent can nest them deeper than any stack.
    queue = [name]
    moved = 0
    while queue:
        name = queue.pop()
        folder = _open_loosened(top, name)
        try:
            for inner in os.listdir(folder):  # noqa: PTH208 - a descriptor
                if not _is_dir(folder, inner):
                    os.unlink(inner, dir_fd=folder)
                    continue
                os.close(_open_loosened(folder, inner))  # moving a folder takes the right to write into it
                moved += 1
                queue.append(f".removing-{os.getpid()}-{moved}")
                os.rename(inner, queue[-1], src_dir_fd=folder, dst_dir_fd=top)
        finally:
            os.close(folder)
        os.rmdir(name, dir_fd=top)


def _is_dir(folder: int, name: str) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)


def _open_loosened(folder: int, name: str) -> int:
    # O_PATH opens a folder whatever its mode; through /proc the mode of just that folder is changed.
    handle = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        Path(f"/proc/self/fd/{handle}").chmod(0o700)
        return os.open(".", OPEN_DIR, dir_fd=handle)
    finally:
        os.close(handle)


def _create(top: int, row: Row, store: BlobStore) -> None:
    with _parent(top, row.path) as (folder, name):
        if isinstance(row, Dir):
            with contextlib.suppress(FileExistsError):  # one of those that stay
                os.mkdir(name, 0o700, dir_fd=folder)
        elif isinstance(row, Link):
            os.symlink(row.target, name, dir_fd=folder)
        else:
            _write(folder, name, row, store)


def _write(folder: int, name: str, row: File, store: BlobStore) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(name, flags, 0o600, dir_fd=folder)
    with os.fdopen(fd, "wb") as file:
        for digest in row.chunks:
            file.write(store.get(digest))
        os.fchmod(file.fileno(), row.mode)


def _chmod(folder: int, name: str, mode: int) -> None:
    fd = os.open(name, OPEN_DIR, dir_fd=folder)
    try:
        os.fchmod(fd, mode)
    finally:
        os.close(fd)


@contextlib.contextmanager
def _parent(top: int, path: str) -> Generator[tuple[int, str]]:
    *folders, name = path.split("/")
    fd = os.dup(top)
    try:
        for folder in folders:
            inner = os.open(folder, OPEN_DIR, dir_fd=fd)
            os.close(fd)
            fd = inner
        yield fd, name
    finally:
        os.close(fd)

"""Snapshots of a workspace: copies in a content-addressed store, made and read back by the host.

A tree is canonical JSON: the format's version and one row per path, sorted. It holds names, modes and
contents, not times or owners, so that equal workspaces have equal trees.
"""

import contextlib
import os
import stat
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sandbox import restore
from sandbox.hostfiles import OPEN_DIR, OPEN_FILE
from sandbox.protocols import BlobStore
from sandbox.results import ROOM, Snapshot
from sandbox.tree import CHUNK, Dir, File, Link, Row, dump

MAX_FILE = 64 * 1024 * 1024
MAX_TOTAL = 1024 * 1024 * 1024
_FIRST = "submission"
"""Walked before everything else and without the cap per file: what is graded comes from here."""
_FIRST_SHARE = 8
"""One part in so many of the room is for what is walked first."""
MAX_ENTRIES = 100_000
MAX_DEPTH = 64
MAX_NAMES = 16 * 1024 * 1024
"""Characters of all paths and of what links name: folders within folders make a path of 16 KB, and each
file in them has it."""
_MAX_SKIPPED = 100
# A file changed again within one tick of the file system's clock (4 ms on most kernels) looks unchanged.
_RACY_NS = 50_000_000


class _Key(NamedTuple):
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


class _Content(NamedTuple):
    size: int
    chunks: tuple[str, ...]


class _Gone(Exception):
    """What vanishes between listing and opening was never there."""


class _Unreadable(Exception):
    """This user may not read it, or it turned into a link meanwhile."""


@dataclass(slots=True)
class _Walk:
    store: BlobStore
    started_ns: int
    known: dict[_Key, _Content]
    room: int
    """Bytes that may still be copied."""
    spared: int
    """Those of them that are for what is walked first."""
    anew: bool
    """Read what is walked first, whatever its times say: who has mapped a file can change it unseen."""
    seen: dict[_Key, _Content] = field(default_factory=dict[_Key, _Content])
    rows: list[Row] = field(default_factory=list[Row])
    skipped: list[str] = field(default_factory=list[str])
    files: int = 0
    bytes: int = 0
    entries: int = 0
    names: int = 0
    """Characters of names, as `MAX_NAMES` counts them."""


class Snapshots:
    """The snapshots of one workspace; remembers what the last one read."""

    def __init__(self, home: Path, *, leave_out: frozenset[str] = frozenset({"data"})) -> None:
        """Prepare for snapshots of `home`, without the names in `leave_out` at its top."""
        self._home = home
        self._leave_out = leave_out
        self._store: BlobStore | None = None
        self._known: dict[_Key, _Content] = {}

    def take(self, store: BlobStore, room: int = ROOM, *, last: bool = False) -> Snapshot:
        """Copy what changed since the last snapshot; files that vanish meanwhile are as if never seen.

        Args:
            store: where to.
            room: how many bytes may be copied; what does not fit is left out and named.
            last: read the submission again even if it seems to be as it was.
        """
        if store is not self._store:  # another store may lack what this one has
            self._store, self._known = store, {}
        walk = _Walk(store, time.time_ns(), self._known, room, room // _FIRST_SHARE, last)
        fd = os.open(self._home, OPEN_DIR)
        try:
            _folder(walk, fd, "", 0, self._leave_out)
        finally:
            os.close(fd)
        self._known = walk.seen
        tree = store.put(dump(walk.rows))
        return Snapshot(tree, walk.files, walk.bytes, tuple(walk.skipped))

    def restore(self, tree: str, store: BlobStore) -> None:
        """Make the workspace equal to `tree`."""
        restore.restore(self._home, tree, store, self._leave_out)


def _folder(walk: _Walk, fd: int, prefix: str, depth: int, leave_out: frozenset[str] = frozenset()) -> None:
    room = MAX_ENTRIES - walk.entries
    entries: list[os.DirEntry[str]] = []
    with os.scandir(fd) as found:
        for entry in found:
            if entry.name in leave_out:
                continue
            if len(entries) >= room:
                _skip(walk, f"{prefix}* (more than {MAX_ENTRIES} entries)")
                break
            entries.append(entry)
    walk.entries += len(entries)
    for entry in sorted(entries, key=lambda entry: (bool(prefix) or entry.name != _FIRST, entry.name)):
        if not _named(walk, len(prefix) + len(entry.name)):
            _skip(walk, f"{prefix}* (names of more than {MAX_NAMES} characters)")
            break
        path = prefix + entry.name
        try:
            _entry(walk, fd, entry, path, depth)
        except _Gone:
            continue
        except _Unreadable:
            _skip(walk, path)


def _entry(walk: _Walk, fd: int, entry: os.DirEntry[str], path: str, depth: int) -> None:
    with _reading():
        status = entry.stat(follow_symlinks=False)
    mode = stat.S_IMODE(status.st_mode) & 0o777
    if stat.S_ISDIR(status.st_mode):
        _subfolder(walk, fd, entry.name, Dir(path, mode), depth)
    elif stat.S_ISLNK(status.st_mode):
        with _reading():
            target = os.readlink(entry.name, dir_fd=fd)
        if _named(walk, len(target)):
            walk.rows.append(Link(path, target))
        else:
            _skip(walk, path)
    elif stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
        _file(walk, fd, entry.name, path, status)
    else:
        _skip(walk, path)


def _named(walk: _Walk, size: int) -> bool:
    """Whether there is room for a name of that many characters, which it then takes."""
    fits = walk.names + size <= MAX_NAMES
    walk.names += size if fits else 0
    return fits


def _subfolder(walk: _Walk, fd: int, name: str, row: Dir, depth: int) -> None:
    if depth >= MAX_DEPTH:
        _skip(walk, row.path)
        return
    with _reading():
        inner = os.open(name, OPEN_DIR, dir_fd=fd)
    try:
        walk.rows.append(row)
        _folder(walk, inner, f"{row.path}/", depth + 1)
    finally:
        os.close(inner)


def _file(walk: _Walk, fd: int, name: str, path: str, status: os.stat_result) -> None:
    key: _Key | None = _key(status)
    content = walk.known.get(key)
    if content is None or (walk.anew and _is_first(path)):
        most = min(_most(path), walk.room - (0 if _is_first(path) else walk.spared))
        fits = status.st_size <= most and walk.bytes + status.st_size <= MAX_TOTAL
        copied = _copy(walk, fd, name, most) if fits else None
        key, content = copied or (key, content)
    if content is None or walk.bytes + content.size > MAX_TOTAL:
        _skip(walk, path)
        return
    if key is not None:
        walk.seen[key] = content
    walk.files += 1
    walk.bytes += content.size
    walk.rows.append(File(path, stat.S_IMODE(status.st_mode) & 0o777, content.size, content.chunks))


def _most(path: str) -> int:
    """The cap of one file."""
    return MAX_TOTAL if _is_first(path) else MAX_FILE


def _is_first(path: str) -> bool:
    return path.startswith(f"{_FIRST}/")


def _copy(walk: _Walk, folder: int, name: str, most: int) -> tuple[_Key | None, _Content] | None:
    with _reading():
        fd = os.open(name, OPEN_FILE, dir_fd=folder)
    with os.fdopen(fd, "rb", buffering=0) as file:
        before = os.fstat(fd)
        if not stat.S_ISREG(before.st_mode) or before.st_nlink != 1:
            raise _Gone
        size = 0
        chunks: list[str] = []
        while size < most and (piece := _read(file.fileno(), min(CHUNK, most - size))):
            chunks.append(walk.store.put(piece))
            size += len(piece)
            walk.room -= len(piece)
        after = os.fstat(fd)
    if after.st_size > most:  # it grew meanwhile
        return None
    key = _key(after)
    settled = max(after.st_mtime_ns, after.st_ctime_ns) < walk.started_ns - _RACY_NS
    unchanged = key == _key(before) and size == after.st_size
    return key if settled and unchanged else None, _Content(size, tuple(chunks))


@contextlib.contextmanager
def _reading() -> Generator[None]:
    # Around the workspace's files only: an error of the store is the caller's to see.
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise _Gone from None
    except OSError:
        raise _Unreadable from None


def _read(fd: int, size: int) -> bytes:
    data = os.read(fd, size)
    while len(data) < size and (more := os.read(fd, size - len(data))):
        data += more
    return data


def _key(status: os.stat_result) -> _Key:
    return _Key(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _skip(walk: _Walk, path: str) -> None:
    if len(walk.skipped) < _MAX_SKIPPED:
        walk.skipped.append(path.encode(errors="replace").decode())

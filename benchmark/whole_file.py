"""Files that a reader sees whole or not at all."""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_MANY_FILES = 1000
"""From so many files on, flushing the whole disk once is faster than flushing each."""


def write_whole(path: Path, content: bytes) -> None:
    """Writes beside `path` and moves it there; on disk when this returns.

    A file has one writer at a time, which its folder's lock sees to. So the temporary name can be the same
    each time, and what a killed process left under it is gone once the file is written.
    """
    temporary = path.with_name(f".{path.name}.unfinished")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)  # on a full disk, say
    flush(path.parent)


@contextmanager
def whole_folder(place: Path, work: Path) -> Generator[Path]:
    """A folder `work` to fill, which becomes `place` when it is whole; on disk when the context ends.

    `work` lies on the same disk and has one writer at a time; what a killed one left there is removed.
    """
    _remove(work)
    work.mkdir(parents=True)
    try:
        yield work
        flush_all(work)
        work.rename(place)
    finally:
        _remove(work)
    flush(place.parent)


def flush_all(folder: Path) -> None:
    """Returns when a folder and everything in it survive a power cut."""
    paths = [*folder.rglob("*"), folder]
    if len(paths) > _MANY_FILES:
        os.sync()
        return
    for path in paths:
        flush(path)


def flush(path: Path) -> None:
    """Returns when a file's content, or a folder's names, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)

"""Files that a reader sees whole or not at all."""

import os
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

"""Puts files into their place: linked where nobody else can change them, cloned or copied otherwise."""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from benchmark.preparation.errors import BadRaw

# FICLONE of linux/fs.h: the two files share their blocks until one of them is written to.
_CLONE = 0x40049409
MOMENT = 315_532_800
"""The time that every public file and folder bears, in seconds: the start of 1980, the earliest in a zip."""
_CANNOT_LINK = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP)


def place(source: Path, target: Path, movable: bool) -> None:
    """Makes `target` hold what `source` holds; folders to it are made.

    A hard link only where the caller may give the source away: an agent that gets hold of a prepared file
    must never reach the raw one.

    Raises:
        BadRaw: There is something in its place already.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        raise BadRaw(source, f"another file is called {target.name!r} as well")
    if movable and _linked(source, target):
        return
    with source.open("rb") as original, target.open("xb") as copy:
        try:
            fcntl.ioctl(copy.fileno(), _CLONE, original.fileno())
        except OSError:  # another disk, or a file system without shared blocks
            shutil.copyfileobj(original, copy, 1 << 22)


def place_tree(source: Path, target: Path, movable: bool) -> None:
    """Does the same for a file or for everything in a folder; links to elsewhere are followed."""
    if source.is_file():
        place(source, target, movable)
        return
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        place_tree(path, target / path.name, movable)


def level_times(paths: Iterable[Path]) -> None:
    """Gives files and folders one time of change.

    Files of an archive keep the order of the archive in their times, and many archives go by class.
    """
    for path in paths:
        os.utime(path, (MOMENT, MOMENT))


def leads_out(name: str) -> bool:
    """Whether a relative path would leave the folder that it is relative to."""
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts


def total_size(paths: Iterable[Path]) -> int:
    """The bytes of all files among the paths and in the folders among them."""
    return sum(
        file.stat().st_size
        for path in paths
        for file in ([path] if path.is_file() else path.rglob("*"))
        if file.is_file()
    )


def _linked(source: Path, target: Path) -> bool:
    try:
        target.hardlink_to(source)
    except OSError as error:
        if error.errno in _CANNOT_LINK:
            return False
        raise
    return True

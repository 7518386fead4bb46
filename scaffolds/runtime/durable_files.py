"""Writing that survives a full disk and a power cut."""

import os
from pathlib import Path

from scaffolds.errors import DISK_FULL, InfraError


def write_at(fd: int, data: bytes, end: int, path: Path) -> None:
    """Write all of `data` at `end`, which is where the file ends.

    Raises:
        InfraError: it does not fit, or the disk is failing; the file ends where it did.
    """
    try:
        written = os.pwrite(fd, data, end)
        while written < len(data):
            written += os.pwrite(fd, data[written:], end + written)
    except OSError as error:
        os.ftruncate(fd, end)
        raise InfraError(
            f"cannot write to {path}: {error.strerror}; free some space, "
            "then repeat the command to go on from here",
            code=DISK_FULL,
        ) from error


def sync_folder(folder: Path) -> None:
    """Return when the names in `folder` survive a power cut: a file's own fsync does not keep its name."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

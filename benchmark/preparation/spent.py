"""A download that is let go once the data that were made of it are in place."""

from pathlib import Path

_NOTE = "download"


def note(archive: Path, scratch: Path) -> None:
    """Notes in a folder for what is in between which archive the work takes its files from."""
    (scratch / _NOTE).symlink_to(archive)


def let_go(scratch: Path) -> None:
    """Removes the archive that is noted there, if there is one."""
    if (scratch / _NOTE).is_symlink():
        (scratch / _NOTE).readlink().unlink(missing_ok=True)

"""Downloads the data of a competition, through the `kaggle` package.

What the package knows stays with it: where tokens and keys lie, how the API is called, how a broken transfer
is taken up again. Added here: a look at the disk before, a checksum after, and a message for every failure.
"""

# The package ships no types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUntypedBaseClass=false

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmark.competition import Competition
from benchmark.kaggle.client import Api, clear_failures, kaggle_api, sign_in
from benchmark.kaggle.errors import DATA, KaggleFailed, NotOnKaggle, WrongChecksum
from benchmark.preparation.checksums import md5_of, recorded
from benchmark.preparation.errors import DiskFull

Say = Callable[[str], None]
Grow = Callable[[Path, int], None]
ROOM = 2.2
"""Free bytes wanted for each byte of a download: it is unpacked while it is still there, and tables are
new."""


def fetch(competition: Competition, folder: Path, say: Say, grow: Grow, check: bool = True) -> Path:
    """Downloads the archive of a competition into a folder.

    Args:
        competition: Whose data.
        folder: An existing folder; an unfinished download in it is taken up again.
        say: Is told what goes on.
        grow: Is told of a file that is about to grow, and to how many bytes.
        check: Whether the archive must be the one that MLE-bench was made of.

    Returns:
        The archive.

    Raises:
        MissingPackage: The package `kaggle` is not installed.
        KaggleFailed: Kaggle refused, or the transfer broke, or the archive is another one.
        DiskFull: There is not enough room for it.
    """
    slug = competition.slug
    if slug is None:
        raise NotOnKaggle(competition.id, DATA)
    archive, expected = folder / f"{slug}.zip", recorded(competition).zip
    # Whole from an earlier run, or put there by hand?
    if expected is None or not archive.is_file() or _sum(archive, say) != expected:
        download(slug, archive, say, grow)
        if check and expected is not None and (found := _sum(archive, say)) != expected:
            raise WrongChecksum(archive, expected, found)
    # The package notes there of which file it has a part; a death keeps it from removing that.
    archive.with_name(f"{archive.name}.kaggle-partial").unlink(missing_ok=True)
    return archive


def _sum(archive: Path, say: Say) -> str:
    say(f"checking {archive.name}")
    return md5_of(archive)


def download(slug: str, archive: Path, say: Say, grow: Grow) -> None:
    """Downloads all files of a Kaggle competition as one archive.

    Raises:
        MissingPackage: The package `kaggle` is not installed.
        KaggleFailed: Kaggle refused, or the transfer broke.
        DiskFull: There is not enough room for it.
    """
    api = connect(archive.parent, grow)
    say(f"downloading {slug}")
    with clear_failures(slug, DATA):
        api.competition_download_files(slug, path=str(archive.parent), quiet=True)
    if not archive.is_file():
        raise KaggleFailed(
            f"Kaggle sent no archive for {slug!r}, but something else; see {str(archive.parent)!r}"
        )


def connect(folder: Path, grow: Grow) -> Api:
    """Signs in to Kaggle for a download.

    Args:
        folder: Where downloads go; its disk is looked at before each.
        grow: Is told of a file that is about to grow, and to how many bytes.

    Raises:
        MissingPackage: The package `kaggle` is not installed.
        NoCredentials: There is no token and no key.
        BadCredentials: Kaggle does not accept them.
        KaggleUnreachable: There is no way there.
    """
    base = kaggle_api()

    class Checked(base):  # pyright: ignore[reportGeneralTypeIssues]
        """The package's client, with a look at the disk before a download."""

        def download_needed(self, response: Any, outfile: str, quiet: bool = True) -> bool:  # noqa: ANN401
            needed = super().download_needed(response, outfile, quiet)
            if needed:
                _check_room(folder, Path(outfile), response.headers.get("Content-Length"), grow)
            return needed

    return sign_in(Checked, DATA)


def _check_room(folder: Path, archive: Path, announced: str | None, grow: Grow) -> None:
    if announced is None or not announced.isdecimal():
        return
    size = int(announced)
    there = archive.stat().st_size if archive.is_file() else 0
    needed, free = int(size * ROOM) - there, shutil.disk_usage(folder).free
    if needed > free:
        raise DiskFull(folder, needed, free)
    grow(archive, size)

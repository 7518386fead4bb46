"""Where raw files come from: a folder that the user names, an earlier download, or Kaggle."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.competition import Competition
from benchmark.errors import NoSuchFile
from benchmark.preparation.archives import is_archive, unpack
from benchmark.preparation.errors import DiskFull
from benchmark.preparation.facts import Preparation
from benchmark.preparation.raw import Raw
from benchmark.preparation.spent import note
from benchmark.whole_file import flush, flush_all

if TYPE_CHECKING:
    from benchmark.prepare import Options

RAW = "raw"
"""The folder of an unpacked download that was kept, beside the prepared data."""
_WORK = ".raw-unfinished"
_SPARE = 1 << 30
"""Bytes that stay free in any case: tables and archives are written beside the media."""


@contextmanager
def raw_files(competition: Competition, data_dir: Path, scratch: Path, options: "Options") -> Generator[Raw]:
    """Opens the raw files of a competition, downloading them if need be.

    A download is noted in `scratch`, to be let go when the work with it has succeeded; after a failure it
    stays, so that it need not be fetched again.

    Raises:
        NoSuchFile: The folder that the user named is not there.
        MissingRaw: A raw file that is needed is not there.
        BenchmarkError: The download failed.
    """
    facts = competition.preparation
    if facts is None or not facts.raw:  # practice data come with a library
        yield Raw(competition.id, scratch, scratch, options.say)
        return
    base = data_dir / competition.id
    if (base / RAW).is_dir():
        _clear(base)
    if options.raw is not None or (base / RAW).is_dir():
        folder = (
            _given(competition, options.raw, options.raw_itself) if options.raw is not None else base / RAW
        )
        raw = _opened(competition, folder, scratch, options)
        raw.require(facts.raw)
        _check_room(raw.size(facts.raw) * _copies(facts), scratch)
        yield raw
        return
    with _downloaded(competition, base, scratch, options) as raw:
        raw.require(facts.raw)
        yield raw


def _given(competition: Competition, folder: Path, itself: bool) -> Path:
    """The user's folder: one per competition inside, as mle-bench has it or without `raw`, or all of it."""
    for inner in (folder / competition.id / RAW, folder / competition.id):
        if inner.is_dir():
            return inner.resolve()
    if not itself:
        raise NoSuchFile(folder / competition.id, "there is no such folder of raw files")
    if not folder.is_dir():
        raise NoSuchFile(folder, "there is no such folder of raw files")
    return folder.resolve()


def _opened(competition: Competition, folder: Path, scratch: Path, options: "Options") -> Raw:
    """The files of a folder; or of the download that lies in it as one archive, as Kaggle's page gives it."""
    download = folder / f"{competition.slug}.zip"
    if not download.is_file():
        return Raw(competition.id, folder, scratch, options.say)
    _check_room(download.stat().st_size * 2, scratch)
    options.say(f"unpacking {download.name}")
    unpack(download, scratch / RAW)
    return Raw(competition.id, scratch / RAW, scratch, options.say, owned=True)


@contextmanager
def _downloaded(competition: Competition, base: Path, scratch: Path, options: "Options") -> Generator[Raw]:
    from filelock import FileLock

    from benchmark.kaggle.download import fetch

    base.mkdir(parents=True, exist_ok=True)
    with FileLock(base / ".download.lock"):
        _clear(base)
        if (base / RAW).is_dir():  # another process kept it while this one waited
            yield Raw(competition.id, base / RAW, scratch, options.say)
            return
        archive = fetch(competition, base, options.say, options.grow, options.check_download)
        options.say(f"unpacking {archive.name}")
        if options.keep_raw:
            _unpack_kept(archive, base)
            yield Raw(competition.id, base / RAW, scratch, options.say)
        else:
            note(archive, scratch)
            unpack(archive, scratch / RAW)
            yield Raw(competition.id, scratch / RAW, scratch, options.say, owned=True)


def _unpack_kept(archive: Path, base: Path) -> None:
    """Makes the folder of raw files out of the archive, which it takes the place of."""
    work = base / _WORK
    try:
        unpack(archive, work / RAW)
        flush_all(work)
        archive.rename(work / archive.name)
        (work / RAW).rename(base / RAW)
        flush(base)
    finally:
        _clear(base)


def _clear(base: Path) -> None:
    """Ends what `_unpack_kept` began, before or after a death: the archive stays where there is no folder."""
    work = base / _WORK
    if not (base / RAW).is_dir():
        for archive in work.glob("*.zip"):
            archive.rename(base / archive.name)
    shutil.rmtree(work, ignore_errors=True)


def _copies(facts: Preparation) -> int:
    """How often the raw files will be on disk at once, besides themselves."""
    unpacked = any(is_archive(name) for name in facts.raw)
    return 2 if unpacked or facts.read.rows_at_a_time is not None else 1


def _check_room(size: int, scratch: Path) -> None:
    """Refuses to begin where a copy of the raw files does not fit."""
    needed = size + _SPARE
    free = shutil.disk_usage(scratch).free
    if needed > free:
        raise DiskFull(scratch.parent.parent, needed, free)

"""Prepares the data of a competition: public files for the agent, private answers for the grader.

The layout is upstream's, `<data>/<id>/prepared/{public,private}`; data version 2 lies under `<data>/v2`.
Everything is written beside its place, flushed to disk and renamed at once, so that a half-prepared
competition is never taken for a prepared one. One renaming says that new data are whole; what is to be done
from there on can be done again, so whoever dies in it is finished by the next command.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from benchmark.competition import Competition
from benchmark.errors import BadData, NotPrepared
from benchmark.preparation.errors import OtherVersion
from benchmark.preparation.files import level_times
from benchmark.preparation.manifest import (
    Manifest,
    digest_of,
    read_head,
    read_manifest,
    sums_of,
    write_manifest,
)
from benchmark.preparation.provenance import provenance
from benchmark.preparation.raw import silent
from benchmark.preparation.spent import let_go
from benchmark.whole_file import flush, flush_all, write_whole

DESCRIPTION = "description.md"
UNFINISHED = ".unfinished-"
_FINISHED = ".finished"
"""Holds new data that are whole, until they are in place and what they were made of is gone."""


@dataclass(frozen=True)
class Prepared:
    """A prepared competition."""

    public: Path
    """The folder that the agent may see."""
    private: Path
    """The folder with the answers, for the grader alone."""

    @cached_property
    def manifest(self) -> Manifest | None:
        """What was noted when the data were made; none for data that another program made."""
        return read_manifest(self.public.parent)

    @cached_property
    def digest(self) -> str:
        """The content checksum of the public files; those that the manifest does not know are read for it."""
        known = self.manifest.files if self.manifest is not None else {}
        return digest_of(sums_of(self.public, known))


@dataclass(frozen=True)
class Options:
    """How data are prepared."""

    raw: Path | None = None
    """The folder of raw files that are there already; without it they are downloaded."""
    raw_itself: bool = True
    """Whether that folder may be the competition's own, besides having one for each competition inside."""
    keep_raw: bool = False
    """Whether the download stays on disk, unpacked."""
    check_download: bool = True
    """Whether a download must be, byte for byte, the one that MLE-bench was made of."""
    again: bool = False
    """Whether data that other facts or other code have made are made again."""
    say: Callable[[str], None] = silent
    """Is told what takes long."""
    grow: Callable[[Path, int], None] = silent
    """Is told of a file that is about to grow, and to how many bytes."""


def prepared(competition: Competition, data_dir: Path) -> Prepared:
    """The prepared data of a competition.

    Raises:
        NotPrepared: They are not there, or not whole.
        OtherVersion: They are those of another data version.
    """
    folders = _folders(home(competition, data_dir) / "prepared")
    if any(not path.exists() for path in _expected(competition, folders)):
        raise NotPrepared(competition, data_dir)
    noted = read_head(folders.public.parent).data_version
    if noted not in (None, competition.data_version):
        raise OtherVersion(folders.public.parent, noted, competition.data_version)
    return folders


def prepare(competition: Competition, data_dir: Path, options: Options | None = None) -> Prepared:
    """Prepares a competition unless it is prepared; safe when two processes do it at once.

    Data that are replaced stay in place until the new ones are whole.

    Raises:
        BadCompetition: The facts name a preparation function that does not exist.
        BadData: The preparation did not make the files that the facts promise.
        BenchmarkError: Raw files are missing or are not what they should be, or the download failed.
    """
    from filelock import FileLock

    options = options or Options()
    place = home(competition, data_dir).resolve()
    if not _is_current(competition, data_dir, options) or (place / _FINISHED).exists():
        place.mkdir(parents=True, exist_ok=True)
        with FileLock(place / ".lock"):
            _conclude(place)
            if _is_kept(competition, data_dir, options):
                _renew_description(competition, prepared(competition, data_dir))
            else:
                _build(competition, data_dir.resolve(), place, options)
    return prepared(competition, data_dir)


def outdated(competition: Competition, data_dir: Path) -> bool:
    """Whether other facts or code than today's have made the data; false where none are, or none say so."""
    made_by = read_head(home(competition, data_dir) / "prepared").provenance
    return None not in (made_by, competition.preparation) and made_by != provenance(competition)


def home(competition: Competition, data_dir: Path) -> Path:
    """The folder of one version of a competition's data."""
    version_folder = [] if competition.data_version == 1 else [f"v{competition.data_version}"]
    return data_dir.joinpath(*version_folder, competition.id)


def _folders(root: Path) -> Prepared:
    return Prepared(public=root / "public", private=root / "private")


def _expected(competition: Competition, folders: Prepared) -> Iterator[Path]:
    for name in competition.files.values():
        yield folders.public / name
    yield folders.private / competition.answers.file


def _is_whole(competition: Competition, data_dir: Path) -> bool:
    try:
        return bool(prepared(competition, data_dir))
    except NotPrepared:
        return False


def _is_kept(competition: Competition, data_dir: Path, options: Options) -> bool:
    """Whether the data are there and not to be made again."""
    return _is_whole(competition, data_dir) and not (options.again and outdated(competition, data_dir))


def _is_current(competition: Competition, data_dir: Path, options: Options) -> bool:
    """Whether the data are there with today's description of the task."""
    if not _is_kept(competition, data_dir, options):
        return False
    description = prepared(competition, data_dir).public / DESCRIPTION
    return description.is_file() and description.read_text(encoding="utf-8") == competition.description()


def _renew_description(competition: Competition, folders: Prepared) -> None:
    """Puts today's description beside data that stay as they are: raw files may be long gone."""
    known = folders.manifest
    if known is not None:
        # Every file bears the same time, so that the new description could pass for the old one.
        files = {name: old for name, old in known.files.items() if name != DESCRIPTION}
        known = known.model_copy(update={"files": files})
        write_manifest(folders.public.parent, known)
    _write_description(competition, folders.public)
    level_times((folders.public / DESCRIPTION, folders.public))
    if known is not None:
        files = sums_of(folders.public, known.files)
        write_manifest(folders.public.parent, known.model_copy(update={"files": files}))


def _write_description(competition: Competition, public: Path) -> None:
    draft = public.parent / f".{DESCRIPTION}"  # not in a folder that agents see, where a death would leave it
    write_whole(draft, competition.description().encode())
    draft.replace(public / DESCRIPTION)


def _build(competition: Competition, data_dir: Path, place: Path, options: Options) -> None:
    """Makes the data beside their place and moves them there; a download is let go after that, not before."""
    from benchmark.preparation.job import Job, preparer
    from benchmark.preparation.sources import raw_files

    for leftover in place.glob(f"{UNFINISHED}*"):
        shutil.rmtree(leftover)
    work = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=place))
    try:
        folders, scratch = _folders(work / "prepared"), work / "scratch"
        for folder in (folders.public, folders.private, scratch):
            folder.mkdir(parents=True)
        fill = preparer(competition, data_dir)
        with raw_files(competition, data_dir, scratch, options) as raw:
            fill(Job(competition, raw, folders.public, folders.private, scratch, options.say))
            _finish(competition, folders, options)
            work.rename(place / _FINISHED)
            _conclude(place)
    finally:
        if work.exists():
            shutil.rmtree(work)


def _conclude(place: Path) -> None:
    """Moves data that are whole into place, and then lets go of all that they were made of."""
    done = place / _FINISHED
    if (done / "prepared").exists():
        if (place / "prepared").exists():
            (place / "prepared").rename(done / "replaced")
        (done / "prepared").rename(place / "prepared")
        flush(place)
    if done.exists():
        let_go(done / "scratch")
        shutil.rmtree(done)


def _finish(competition: Competition, folders: Prepared, options: Options) -> None:
    """Adds what every competition has, and checks that nothing is missing."""
    _write_description(competition, folders.public)
    for path in _expected(competition, folders):
        if not path.exists():
            raise BadData(path, "the preparation did not make this file")
    level_times((*folders.public.rglob("*"), folders.public))
    options.say("computing checksums")
    _note(competition, folders)
    flush_all(folders.public.parent)


def _note(competition: Competition, folders: Prepared) -> None:
    from benchmark.preparation.checksums import check_tables

    root = folders.public.parent
    write_manifest(
        root,
        Manifest(
            data_version=competition.data_version,
            provenance=provenance(competition),
            pandas=version("pandas"),
            tables=check_tables(competition, root),
            files=sums_of(folders.public, {}),
        ),
    )

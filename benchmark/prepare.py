"""Prepares the data of a competition: public files for the agent, private answers for the grader.

The layout is upstream's, `<data>/<id>/prepared/{public,private}`. Everything is written beside its place,
flushed to disk and renamed at once, so that a half-prepared competition is never taken for a prepared one.
"""

import hashlib
import importlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmark.competition import Competition
from benchmark.errors import BadCompetition, BadData, NotPrepared

DESCRIPTION = "description.md"
UNFINISHED = ".unfinished-"


@dataclass(frozen=True)
class Prepared:
    """A prepared competition."""

    public: Path
    """The folder that the agent may see."""
    private: Path
    """The folder with the answers, for the grader alone."""

    @cached_property
    def digest(self) -> str:
        """The content checksum of the public files, read from disk at the first use."""
        return public_digest(self.public)


Preparer = Callable[[Competition, Prepared], None]
"""Fills the two empty folders of a competition."""


def prepared(competition: Competition, data_dir: Path) -> Prepared:
    """The prepared data of a competition.

    Raises:
        NotPrepared: They are not there, or not whole.
    """
    folders = _folders(_home(competition, data_dir) / "prepared")
    if any(not path.exists() for path in _expected(competition, folders)):
        raise NotPrepared(competition.id, data_dir)
    return folders


def prepare(competition: Competition, data_dir: Path) -> Prepared:
    """Prepares a competition unless it is prepared; safe when two processes do it at once.

    Raises:
        BadCompetition: The facts name a preparation function that does not exist.
        BadData: The preparation did not make the files that the facts promise.
    """
    from filelock import FileLock

    if not _is_current(competition, data_dir):
        home = _home(competition, data_dir).resolve()
        home.mkdir(parents=True, exist_ok=True)
        with FileLock(home / ".lock"):
            if not _is_current(competition, data_dir):
                _build(competition, home)
    return prepared(competition, data_dir)


def public_digest(public: Path) -> str:
    """The SHA-256 over the names and contents of all files in a folder, in the order of their names."""
    total = hashlib.sha256()
    for path in sorted(path for path in public.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        total.update(f"{path.relative_to(public).as_posix()}\0{content}\n".encode())
    return total.hexdigest()


def _home(competition: Competition, data_dir: Path) -> Path:
    version = [] if competition.data_version == 1 else [f"v{competition.data_version}"]
    return data_dir.joinpath(*version, competition.id)


def _folders(root: Path) -> Prepared:
    return Prepared(public=root / "public", private=root / "private")


def _expected(competition: Competition, folders: Prepared) -> Iterator[Path]:
    for name in competition.files.values():
        yield folders.public / name
    yield folders.private / competition.answers.file


def _is_current(competition: Competition, data_dir: Path) -> bool:
    """Whether the data are there with today's description of the task."""
    try:
        description = prepared(competition, data_dir).public / DESCRIPTION
    except NotPrepared:
        return False
    return description.is_file() and description.read_text(encoding="utf-8") == competition.description()


def _build(competition: Competition, home: Path) -> None:
    for leftover in home.glob(f"{UNFINISHED}*"):
        shutil.rmtree(leftover)
    work = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=home))
    try:
        folders = _folders(work / "prepared")
        folders.public.mkdir(parents=True)
        folders.private.mkdir()
        _preparer(competition)(competition, folders)
        (folders.public / DESCRIPTION).write_text(competition.description(), encoding="utf-8")
        for path in _expected(competition, folders):
            if not path.exists():
                raise BadData(path, "the preparation did not make this file")
        _flush(work)
        if (home / "prepared").exists():
            (home / "prepared").rename(work / "replaced")
        (work / "prepared").rename(home / "prepared")
        _flush_one(home)
    finally:
        shutil.rmtree(work)


def _preparer(competition: Competition) -> Preparer:
    module, _, function = competition.preparation.function.partition(":")
    try:
        return getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        path = competition.folder / "competition.yaml"
        raise BadCompetition(path, f"preparation: no function {module}:{function}") from error


def _flush(folder: Path) -> None:
    for path in folder.rglob("*"):
        _flush_one(path)
    _flush_one(folder)


def _flush_one(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

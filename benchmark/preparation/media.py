"""Puts the files that belong to rows where the facts say: loose, or packed into archives."""

import string
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

import pandas as pd

from benchmark.preparation.archives import is_archive, pack
from benchmark.preparation.errors import BadRaw
from benchmark.preparation.files import leads_out, place
from benchmark.preparation.job import Job


def place_media(job: Job, source: str, raw: pd.DataFrame, target: str, rows: pd.DataFrame) -> None:
    """Places one file per row.

    Args:
        job: What is prepared.
        source: The template of the raw file.
        raw: The rows to fill it with.
        target: The template of its place in the public folder; a part that names an archive packs the files
            there, and the part after it may be a folder inside.
        rows: The rows to fill that with, in the same order.

    Raises:
        MissingRaw: A row has no raw file.
        BadRaw: Two rows share a file name.
    """
    archive, inner = _archive_in(target)
    sources = job.raw.each(source, _filling(source, raw))
    files = _pairs(sources, inner, _filling(inner, rows))
    if archive is None:
        for name, path in files:
            place(path, job.public / name, job.raw.movable(path))
        return
    job.say(f"packing {archive}")
    folder = str(PurePosixPath(inner).parent)
    pack(job.public / archive, sorted(files), [] if folder == "." or "{" in folder else [folder])


def _filling(template: str, table: pd.DataFrame) -> list[dict[str, object]]:
    """The rows of a table, as far as a template asks for them."""
    names = [field for _, field, *_ in string.Formatter().parse(template) if field]
    missing = sorted(set(names) - set(table.columns))
    if missing:
        raise BadRaw("the raw table", f"it has no column {', '.join(missing)}")
    cells = [table[name].tolist() for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]


def _pairs(
    sources: Iterator[Path], target: str, rows: Sequence[Mapping[str, object]]
) -> Iterator[tuple[str, Path]]:
    seen: set[str] = set()
    for path, row in zip(sources, rows, strict=True):
        name = target.format_map(row)
        if name in seen:
            raise BadRaw(path, f"two rows have the file {name!r}")
        if leads_out(name):
            raise BadRaw(path, f"the row's file {name!r} leads out of the data")
        seen.add(name)
        yield name, path


def _archive_in(target: str) -> tuple[str | None, str]:
    """The archive that a template leads through, if any, and the rest."""
    parts = PurePosixPath(target).parts
    for place_, part in enumerate(parts[:-1]):
        if is_archive(part):
            return "/".join(parts[: place_ + 1]), "/".join(parts[place_ + 1 :])
    return None, target

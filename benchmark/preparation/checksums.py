"""Tells whether prepared tables are those of MLE-bench, byte for byte.

`checksums.yaml` in a competition's folder holds the MD5 sums that MLE-bench recorded for the Kaggle download
and for the tables that it made of it. A table that agrees proves that the split is the same, row for row.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import yaml

from benchmark.competition import Competition, Facts
from benchmark.errors import BadCompetition

CHECKSUMS = "checksums.yaml"
Verdict = Literal["same", "same but for last digits", "differs", "not there"]


class Recorded(Facts):
    """The recorded MD5 sums of one competition, in hexadecimal."""

    zip: str | None = None
    """The Kaggle download."""
    public: Mapping[str, str] = {}
    """Tables in the public folder, by name."""
    private: Mapping[str, str] = {}
    """Tables in the private folder, by name."""


class TableCheck(NamedTuple):
    """How one prepared table compares."""

    file: str
    """`public/...` or `private/...`."""
    verdict: Verdict
    """Whether it is the recorded one."""


def recorded(competition: Competition) -> Recorded:
    """What is recorded about a competition; nothing, where there is no record.

    Raises:
        BadCompetition: The record breaks its form.
    """
    path = competition.folder / CHECKSUMS
    if not path.is_file():
        return Recorded()
    try:
        return Recorded.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValueError) as error:
        raise BadCompetition(path, f"not a record of checksums ({type(error).__name__})") from error


def check_tables(competition: Competition, prepared: Path) -> tuple[TableCheck, ...]:
    """Compares every table that is recorded; none for another data version than MLE-bench's."""
    if competition.data_version != 1:
        return ()
    record = recorded(competition)
    return tuple(_checks("public", record.public, prepared)) + tuple(
        _checks("private", record.private, prepared)
    )


def md5_of(path: Path) -> str:
    """The MD5 sum of a file; it identifies, it does not protect."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _checks(side: str, sums: Mapping[str, str], prepared: Path) -> Iterator[TableCheck]:
    for name, expected in sums.items():
        path = prepared / side / name
        if not path.is_file():
            yield TableCheck(f"{side}/{name}", "not there")
        else:
            yield TableCheck(f"{side}/{name}", "same" if md5_of(path) == expected else "differs")

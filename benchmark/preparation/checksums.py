"""Tells whether prepared tables are those of MLE-bench, byte for byte.

`checksums.yaml` in a competition's folder holds the MD5 sums that MLE-bench recorded for the Kaggle download
and for the tables that it made of it. A table that agrees proves that the split is the same, row for row; so
does one that agrees but for last digits of numbers, which MLE-bench's pandas read less exactly.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import yaml

from benchmark.competition import Competition, Facts
from benchmark.errors import BadCompetition
from benchmark.preparation.old_floats import md5_as_before
from benchmark.strict_yaml import load_yaml

CHECKSUMS = "checksums.yaml"
Verdict = Literal["same", "same but for last digits", "differs", "not there"]


SAME: tuple[Verdict, ...] = ("same", "same but for last digits")
"""The verdicts on a table with MLE-bench's rows."""


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
        return Recorded.model_validate(load_yaml(path.read_text(encoding="utf-8")))
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
        yield TableCheck(f"{side}/{name}", _verdict(prepared / side / name, expected))


def _verdict(path: Path, expected: str) -> Verdict:
    if not path.is_file():
        return "not there"
    if md5_of(path) == expected:
        return "same"
    return "same but for last digits" if md5_as_before(path) == expected else "differs"

"""Finds competitions and the named sets of them, the splits.

Every folder with a `competition.yaml` is a competition, and every list in `splits/` a split; nothing is
registered anywhere. A split may name competitions that have no folder in this version.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from benchmark.competition import Competition
from benchmark.errors import BadCompetition, MissingCompetitions, UnknownCompetition, UnknownSplit
from benchmark.strict_yaml import load_yaml, problem_of

COMPETITIONS = Path(__file__).parent / "competitions"
LISTS = Path(__file__).parent / "splits"
"""One file a split: ids, one a line, and comments that begin with `#`."""
ALIASES: Mapping[str, str] = {"lite": "low"}
"""Second names of splits; MLE-bench calls its competitions of low complexity so."""
SPLITS = tuple(sorted({*ALIASES, *(path.stem for path in LISTS.glob("*.txt"))}))
"""The names of all splits."""
_FAULTS = 5
"""How many faults of a sheet are told at once."""


def find(competition_id: str) -> Competition:
    """The competition of this id.

    Raises:
        UnknownCompetition: No competition is called so.
        MissingCompetitions: A split names it, and this version has no folder for it.
        BadCompetition: Its facts break the schema.
    """
    ids = all_ids()
    if competition_id not in ids:
        if any(competition_id in members(split) for split in SPLITS):
            raise MissingCompetitions((competition_id,))
        raise UnknownCompetition(competition_id, ids)
    return load(COMPETITIONS / competition_id)


def all_ids() -> tuple[str, ...]:
    """The ids of all competitions, sorted."""
    return tuple(sorted(path.parent.name for path in COMPETITIONS.glob("*/competition.yaml")))


def members(split: str) -> tuple[str, ...]:
    """The ids that a split lists, sorted, also those that this version has no folder for.

    Raises:
        UnknownSplit: There is no such split.
    """
    if split not in SPLITS:
        raise UnknownSplit(split, SPLITS)
    path = LISTS / f"{ALIASES.get(split, split)}.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(sorted(line for line in lines if not line.startswith("#")))


def expand(names: Iterable[str]) -> tuple[str, ...]:
    """The ids that names of splits and of competitions stand for, each once, in the order of the names.

    Raises:
        UnknownCompetition: A name is neither a split nor a competition.
        MissingCompetitions: A competition that is named itself has no folder in this version.
    """
    ids = (members(name) if name in SPLITS else (_named(name),) for name in names)
    return tuple(dict.fromkeys(name for group in ids for name in group))


def _named(name: str) -> str:
    try:
        return find(name).id
    except UnknownCompetition:
        raise UnknownCompetition(name, (*all_ids(), *SPLITS)) from None


def missing(ids: Iterable[str]) -> tuple[str, ...]:
    """Those of the ids that this version has no competition folder for."""
    known = set(all_ids())
    return tuple(name for name in ids if name not in known)


@cache
def load(folder: Path) -> Competition:
    """The competition whose facts lie in this folder."""
    path = folder / "competition.yaml"
    try:
        facts = load_yaml(path.read_text(encoding="utf-8"))
        competition = Competition.model_validate({**facts, "folder": folder})
    except (yaml.YAMLError, TypeError) as error:
        raise BadCompetition(path, f"not a YAML mapping ({problem_of(error)})") from error
    except ValidationError as error:
        # An unknown key first: where one is misspelt, it is why another is missing.
        wrong = sorted(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
        raise BadCompetition(path, "; ".join(map(_fault, wrong[:_FAULTS]))) from error
    if competition.id != folder.name:
        raise BadCompetition(path, f"id {competition.id!r} is not the folder's name {folder.name!r}")
    return competition


def _fault(fault: ErrorDetails) -> str:
    field = ".".join(map(str, fault["loc"])) or "facts"
    said = "no such key" if fault["type"] == "extra_forbidden" else fault["msg"].removeprefix("Value error, ")
    return f"{field}: {said}"

"""Finds competitions: every folder with a `competition.yaml` is one, and nothing is registered anywhere."""

from functools import cache
from pathlib import Path

import yaml
from pydantic import ValidationError

from benchmark.competition import Competition
from benchmark.errors import BadCompetition, UnknownCompetition, UnknownSplit

COMPETITIONS = Path(__file__).parent / "competitions"
SPLITS = ("practice",)
"""The sets of competitions that have a name; each is so far the competitions of that complexity."""

# The parser in C is ten times faster; not every build of PyYAML has it.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def find(competition_id: str) -> Competition:
    """The competition of this id.

    Raises:
        UnknownCompetition: No competition is called so.
        BadCompetition: Its facts break the schema.
    """
    ids = all_ids()
    if competition_id not in ids:
        raise UnknownCompetition(competition_id, ids)
    return load(COMPETITIONS / competition_id)


def all_ids() -> tuple[str, ...]:
    """The ids of all competitions, sorted."""
    return tuple(sorted(path.parent.name for path in COMPETITIONS.glob("*/competition.yaml")))


def members(split: str) -> tuple[str, ...]:
    """The ids of the competitions in a named set, sorted.

    Raises:
        UnknownSplit: There is no such set.
    """
    if split not in SPLITS:
        raise UnknownSplit(split, SPLITS)
    return tuple(name for name in all_ids() if find(name).complexity == split)


@cache
def load(folder: Path) -> Competition:
    """The competition whose facts lie in this folder."""
    path = folder / "competition.yaml"
    try:
        facts = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
        competition = Competition.model_validate({**facts, "folder": folder})
    except (yaml.YAMLError, TypeError) as error:
        raise BadCompetition(path, f"not a YAML mapping ({type(error).__name__})") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise BadCompetition(path, f"{field or 'facts'}: {first['msg']}") from error
    if competition.id != folder.name:
        raise BadCompetition(path, f"id {competition.id!r} is not the folder's name {folder.name!r}")
    return competition

"""The versions of a competition: 1 is MLE-bench's, 2 closes leaks and mends files.

`version_2.yaml` in a competition's folder holds the facts that are otherwise, and under `rewordings` what
both descriptions say otherwise; what it all comes to stands in `competition.yaml` under `version_2`. A
competition without that file has one version.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import ValidationError

from benchmark.competition import Competition
from benchmark.errors import BadCompetition, BenchmarkError
from benchmark.registry import find
from benchmark.strict_yaml import load_yaml, problem_of

CHANGES = "version_2.yaml"


class NoSuchVersion(BenchmarkError):
    """A competition does not have this data version."""

    code = "no_such_version"

    def __init__(self, competition_id: str, version: int) -> None:
        self.competition_id = competition_id
        self.version = version
        super().__init__(
            f"{competition_id!r} has no data version {version}: nothing is changed in it; use version 1"
        )


def has_version(competition: Competition, version: int) -> bool:
    """Whether a competition has a data version."""
    return version == competition.data_version or (version == 2 and (competition.folder / CHANGES).is_file())


def find_version(competition_id: str, version: int) -> Competition:
    """The competition of this id, as a data version has it.

    Raises:
        UnknownCompetition: No competition is called so.
        MissingCompetitions: A split names it, and this version has no folder for it.
        NoSuchVersion: It has no such data version.
        BadCompetition: Its facts break the schema.
    """
    return at_version(find(competition_id), version)


def at_version(competition: Competition, version: int) -> Competition:
    """A competition as another data version has it.

    Raises:
        NoSuchVersion: It has no such version.
        BadCompetition: The changed facts break the schema.
    """
    if version == competition.data_version:
        return competition
    if not has_version(competition, version):
        raise NoSuchVersion(competition.id, version)
    return _changed(competition.folder, version)


@cache
def _changed(folder: Path, version: int) -> Competition:
    path = folder / CHANGES
    try:
        changes = load_yaml(path.read_text(encoding="utf-8"))
        facts = load_yaml((folder / "competition.yaml").read_text(encoding="utf-8"))
        changed = _merged(facts, {**changes, "data_version": version})
        return Competition.model_validate({**changed, "folder": folder})
    except (yaml.YAMLError, TypeError) as error:
        raise BadCompetition(path, f"not a YAML mapping ({problem_of(error)})") from error
    except ValidationError as error:
        raise BadCompetition(path, error.errors()[0]["msg"]) from error


def _merged(facts: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Facts with changes: mappings are merged, anything else replaces what was there, `null` removes it."""
    out = dict(facts)
    for name, value in changes.items():
        old = out.get(name)
        if value is None:
            out.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(old, Mapping):
            out[name] = _merged(cast(Mapping[str, Any], old), cast(Mapping[str, Any], value))
        else:
            out[name] = value
    return out

"""From a sweep to its cells, with everything checked before anything is spent."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from benchmark.competition import Competition
from benchmark.prepare import Prepared, prepare, prepared
from benchmark.registry import SPLITS, members
from benchmark.registry import find as find_competition
from experiments.build import refuse_unisolated
from experiments.cell import Cell
from experiments.config import ScaffoldChoice, Sweep, TimeLimit, explain
from experiments.hardware import machine_words
from scaffolds.errors import UserError
from scaffolds.models.registry import connect
from scaffolds.registry import ScaffoldType, configured
from scaffolds.registry import find as find_scaffold
from scaffolds.runtime.ledger import Limits


def plan(sweep: Sweep, data_dir: Path) -> list[Cell]:
    """All cells of a sweep, in the order of the config.

    Raises:
        UserError: a name is unknown, a setting is wrong, or the machine lacks something.
        BenchmarkError: a competition is unknown or not prepared.
    """
    competitions = _competitions(sweep.competitions)
    kinds = {choice.name: find_scaffold(choice.name) for choice in sweep.scaffolds}
    _check_models(sweep)
    digests = {competition.id: _prepared(competition, data_dir).digest for competition in competitions}
    return [
        Cell(
            **_scaffold_parts(kinds[scaffold.name], scaffold, limit),
            models=models.roles,
            competition=competition.id,
            data_version=competition.data_version,
            data_digest=digests[competition.id],
            hardware=hardware,
            seed=seed,
            machine=machine_words(hardware),
            backend=sweep.backend,
            data_dir=str(data_dir.resolve()),
        )
        for scaffold, models, competition, hardware, limit, seed in product(
            sweep.scaffolds, sweep.models, competitions, sweep.hardware, sweep.time_limits, sweep.seeds
        )
    ]


def _scaffold_parts(kind: ScaffoldType, choice: ScaffoldChoice, limit: TimeLimit) -> dict[str, Any]:
    """What a cell says about its agent and its budgets."""
    try:
        config = configured(kind, choice.settings)
    except ValidationError as error:
        raise UserError(f"scaffold {choice.name!r}:\n{explain(error, kind.config)}") from error
    steps: int | None = limit.steps or getattr(config, "steps", None)
    return {
        "scaffold": choice.name,
        "scaffold_version": kind.version,
        "scaffold_config": config.model_dump(mode="json"),
        "templates": kind.templates(),
        "limits": Limits(time_s=limit.time, steps=steps),
    }


def _prepared(competition: Competition, data_dir: Path) -> Prepared:
    """The data of a competition; those of practice come with scikit-learn and are made where missing."""
    return (prepare if competition.complexity == "practice" else prepared)(competition, data_dir)


def _competitions(names: Sequence[str]) -> list[Competition]:
    ids: dict[str, None] = {}
    for name in names:
        ids.update(dict.fromkeys(members(name) if name in SPLITS else [name]))
    return [find_competition(name) for name in ids]


def _check_models(sweep: Sweep) -> None:
    names = {name for choice in sweep.models for name in choice.roles.values()}
    for name in sorted(names):
        connect(name)
    refuse_unisolated(names, sweep.backend)

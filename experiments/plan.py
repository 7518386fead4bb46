"""From a sweep to its cells, with everything checked before anything is spent."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

from pydantic import ValidationError

from benchmark.competition import Competition
from benchmark.prepare import prepare, prepared
from benchmark.registry import SPLITS, members
from benchmark.registry import find as find_competition
from experiments.cell import Cell
from experiments.config import ModelChoice, ScaffoldChoice, Sweep, TimeLimit, explain
from experiments.hardware import machine_words
from sandbox.open import resolve
from scaffolds.errors import UserError
from scaffolds.models.registry import connect, keyless
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
    for competition in competitions:
        if competition.complexity == "practice":
            prepare(competition, data_dir)
    return [
        _cell(sweep, data_dir, kinds[scaffold.name], scaffold, models, competition, hardware, limit, seed)
        for scaffold, models, competition, hardware, limit, seed in product(
            sweep.scaffolds, sweep.models, competitions, sweep.hardware, sweep.time_limits, sweep.seeds
        )
    ]


def _cell(
    sweep: Sweep,
    data_dir: Path,
    kind: ScaffoldType,
    scaffold: ScaffoldChoice,
    models: ModelChoice,
    competition: Competition,
    hardware: str,
    limit: TimeLimit,
    seed: int,
) -> Cell:
    try:
        config = configured(kind, scaffold.settings)
    except ValidationError as error:
        raise UserError(f"scaffold {scaffold.name!r}:\n{explain(error, kind.config)}") from error
    steps: int | None = limit.steps or getattr(config, "steps", None)
    return Cell(
        scaffold=scaffold.name,
        scaffold_version=kind.version,
        scaffold_config=config.model_dump(mode="json"),
        templates=kind.templates(),
        models=models.roles,
        competition=competition.id,
        data_version=competition.data_version,
        data_digest=prepared(competition, data_dir).digest,
        hardware=hardware,
        limits=Limits(time_s=limit.time, steps=steps),
        seed=seed,
        machine=machine_words(hardware),
        backend=sweep.backend,
        data_dir=str(data_dir.resolve()),
    )


def _competitions(names: Sequence[str]) -> list[Competition]:
    ids: dict[str, None] = {}
    for name in names:
        ids.update(dict.fromkeys(members(name) if name in SPLITS else [name]))
    return [find_competition(name) for name in ids]


def _check_models(sweep: Sweep) -> None:
    names = {name for choice in sweep.models for name in choice.roles.values()}
    for name in sorted(names):
        connect(name)
    backend = resolve(sweep.backend)
    foreign = sorted(name for name in names if not keyless(name))
    if backend == "none" and foreign:
        raise UserError(
            f"model {foreign[0]!r} writes code that nobody has read, and there is no isolation here. "
            "Install bubblewrap (apt-get install bubblewrap), or use offline/tabular"
        )

"""From a sweep to its cells, with everything checked before anything is spent."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from benchmark.competition import Competition
from benchmark.prepare import Prepared, prepare, prepared
from benchmark.versions import find_version
from experiments.cell import Cell, Labels
from experiments.competition_problems import competition_ids
from experiments.config import ModelChoice, ScaffoldChoice, Sweep, TimeLimit
from experiments.hardware import names, needed, profile
from experiments.model_problems import unpriced_models
from experiments.neutral import shown_digest
from experiments.prerequisites import agent_config, find_problems
from experiments.problem import Problem
from sandbox.hardware import Hardware
from sandbox.machine import Machine
from sandbox.portion import Portion
from scaffolds.errors import UserError
from scaffolds.registry import ScaffoldType
from scaffolds.registry import find as find_scaffold
from scaffolds.runtime.ledger import Limits

_AGENT = ("scaffold", "models", "time_limit", "variant")
"""Which entries of the lists make an agent."""


class Combination(NamedTuple):
    """One entry of each list of a sweep."""

    scaffold: ScaffoldChoice
    models: ModelChoice
    competition: str
    hardware: str
    time_limit: TimeLimit
    variant: str
    seed: int


@dataclass(frozen=True)
class Plan:
    """What a sweep will do here, and what it lacks."""

    sweep: Sweep
    competitions: tuple[str, ...]
    """Ids, splits taken apart."""
    problems: tuple[Problem, ...]
    """What is missing; cells can be made only when nothing is."""
    machine: Machine
    data_dir: Path
    other_gpu: bool = False
    """Whether cards of another kind may stand in for those that a profile names."""
    unpriced: tuple[str, ...] = ()
    """Models whose price nobody knows."""

    @property
    def axes(self) -> dict[str, list[str]]:
        """What is multiplied, in words."""
        sweep = self.sweep
        return {
            "scaffolds": [choice.label for choice in sweep.scaffolds],
            "models": [choice.label for choice in sweep.models],
            "competitions": list(self.competitions),
            "hardware": list(sweep.hardware),
            "time limits": [limit.label for limit in sweep.time_limits],
            "variants": list(sweep.variants),
            "seeds": [str(seed) for seed in sweep.seeds],
        }

    @property
    def size(self) -> int:
        """How many cells there are."""
        count = 1
        for entries in self.axes.values():
            count *= len(entries)
        return count

    @property
    def hours(self) -> float:
        """Working hours if every cell uses its whole time limit."""
        limits = [self._time_s(*pair) for pair in product(self.sweep.time_limits, self.sweep.variants)]
        return sum(limits) / 3600 * self.size / len(limits)

    @property
    def gpu_hours(self) -> float:
        """The same, times the graphics cards of each cell; profiles that do not exist count as none."""
        shares = [self.machine.share(needs, self.sweep.parallel) for needs in self._needs.values()]
        return self.hours * sum(share.gpus for share in shares) / len(self.sweep.hardware)

    def _time_s(self, limit: TimeLimit, variant: str) -> float:
        """The time limit under a variant; the unchanged one where the variant is faulty."""
        sweep = self.sweep
        try:
            return sweep.options(sweep.scaffolds[0], sweep.models[0], limit, variant).time_limit.time
        except UserError:
            return limit.time

    def combinations(self) -> Iterator[Combination]:
        """Every combination, in the order of the config."""
        sweep = self.sweep
        axes = product(
            sweep.scaffolds, sweep.models, self.competitions,
            sweep.hardware, sweep.time_limits, sweep.variants, sweep.seeds,
        )  # fmt: skip
        return (Combination(*entries) for entries in axes)

    def cells(self) -> Iterator[Cell]:
        """Every cell, in the order of the config; prepares practice data where they are missing.

        Raises:
            UserError: something is missing.
        """
        if self.problems:
            raise UserError("\n".join(str(problem) for problem in self.problems))
        return (self._cell(combination) for combination in self.combinations())

    def _cell(self, chosen: Combination) -> Cell:
        competition = self._competitions[chosen.competition]
        hardware = self._profiles[chosen.hardware]
        agent = self._agent(chosen)
        return Cell(
            **agent,
            data_digest=shown_digest(competition, self._data[competition.id], agent["description"]),
            competition=competition.id,
            data_version=competition.data_version,
            hardware=hardware,
            seed=chosen.seed,
            machine=self._portions[chosen.hardware].words(),
            portion=self._portions[chosen.hardware],
            backend=self.sweep.backend,
            other_gpu=self._needs[chosen.hardware] != hardware,
            image=self.sweep.image,
            grace_s=self.sweep.grace,
            data_dir=self._data_place,
            home=str(Path.cwd()),
        )

    def _agent(self, chosen: Combination) -> dict[str, Any]:
        """The part of a cell that it shares with other competitions, machines and seeds."""
        key = (id(chosen.scaffold), id(chosen.models), id(chosen.time_limit), chosen.variant)
        if key not in self._agents:
            self._agents[key] = self._new_agent(chosen)
        return self._agents[key]

    def _new_agent(self, chosen: Combination) -> dict[str, Any]:
        kind = self._kinds[chosen.scaffold.name]
        options = self.sweep.options(chosen.scaffold, chosen.models, chosen.time_limit, chosen.variant)
        config, limit = agent_config(kind, options), options.time_limit
        return {
            "scaffold": chosen.scaffold.name,
            "scaffold_version": kind.version,
            "scaffold_config": config,
            "templates": kind.templates(),
            "models": {role: model.model_dump() for role, model in options.models.items()},
            "description": options.task.description,
            "network": options.network,
            "hidden_tools": tuple(sorted(name for name, given in options.tools.items() if not given)),
            "final": options.final,
            "limits": Limits(
                time_s=limit.time,
                steps=limit.steps or config.get("steps"),
                tokens=limit.tokens,
                usd=limit.usd,
            ),
            "labels": self._labels(chosen),
        }

    def _labels(self, chosen: Combination) -> Labels:
        several = sum(choice.name == chosen.scaffold.name for choice in self.sweep.scaffolds) > 1
        return Labels(
            scaffold=chosen.scaffold.label if several else chosen.scaffold.name,
            model=chosen.models.label,
            time_limit=chosen.time_limit.label,
            variant=chosen.variant,
        )

    def twins(self) -> Problem | None:
        """Two entries of the lists that come to the same agent, and so to the same runs."""
        seen: dict[bytes, Labels] = {}
        one = next(self.combinations())
        sweep = self.sweep
        for entries in product(sweep.scaffolds, sweep.models, sweep.time_limits, sweep.variants):
            agent = self._agent(one._replace(**dict(zip(_AGENT, entries, strict=True))))
            labels: Labels = agent["labels"]
            limits: Limits = agent["limits"]
            record = {**agent, "labels": None, "limits": limits.model_dump()}
            key = orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
            if key in seen:
                both = f"{_words(seen[key])} and {_words(labels)}"
                return Problem("setting", f"two combinations are the same run: {both}. Remove one")
            seen[key] = labels
        return None

    @cached_property
    def _kinds(self) -> dict[str, ScaffoldType]:
        return {choice.name: find_scaffold(choice.name) for choice in self.sweep.scaffolds}

    @cached_property
    def _agents(self) -> dict[tuple[int, int, int, str], dict[str, Any]]:
        return {}

    @cached_property
    def _profiles(self) -> dict[str, Hardware]:
        """The hardware of the sweep, as far as it has profiles."""
        return {name: profile(name) for name in self.sweep.hardware if name in names()}

    @cached_property
    def _needs(self) -> dict[str, Hardware]:
        """What the profiles ask of this machine."""
        return {
            name: needed(found, self.machine, other_gpu=self.other_gpu)
            for name, found in self._profiles.items()
        }

    @cached_property
    def _portions(self) -> dict[str, Portion]:
        """What agents are told about their share of the machine, by profile."""
        return {name: self.machine.portion(needs, self.sweep.parallel) for name, needs in self._needs.items()}

    @cached_property
    def _data_place(self) -> str:
        return str(self.data_dir.resolve())

    @cached_property
    def _competitions(self) -> dict[str, Competition]:
        return {name: find_version(name, self.sweep.data_version) for name in self.competitions}

    @cached_property
    def _data(self) -> dict[str, Prepared]:
        return {name: _data_of(found, self.data_dir) for name, found in self._competitions.items()}


def plan(sweep: Sweep, data_dir: Path, runs_dir: Path = Path("runs"), *, other_gpu: bool = False) -> Plan:
    """What `sweep` will do on this machine, and what it lacks; nothing is spent and nothing written.

    With `other_gpu`, cards of another kind may stand in for those that a profile names and that are not here.
    """
    machine = Machine.here()
    problems = find_problems(sweep, data_dir, runs_dir, machine, other_gpu=other_gpu)
    unpriced = unpriced_models(sweep, Path())
    made = Plan(sweep, competition_ids(sweep), problems, machine, data_dir, other_gpu, unpriced)
    twins = None if problems else made.twins()
    return replace(made, problems=(twins,)) if twins else made


def _words(labels: Labels) -> str:
    return f"({labels.scaffold}, {labels.model}, {labels.time_limit}, variant {labels.variant})"


def _data_of(competition: Competition, data_dir: Path) -> Prepared:
    """The data of a competition; those of practice come with scikit-learn and are made where missing."""
    return (prepare if competition.complexity == "practice" else prepared)(competition, data_dir)

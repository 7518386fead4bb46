"""What to do next: draft, improve or debug. It decides about recipes and knows nothing of phrasing."""

import random
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from scaffolds.models.offline import catalog
from scaffolds.models.offline.bugs import BUGS, choose_bug, same_program
from scaffolds.models.offline.ladder import Change, first_recipe, lighter, next_change, safer
from scaffolds.models.offline.outputs import Fault, read_output
from scaffolds.models.offline.reading import Reading
from scaffolds.models.offline.recipes import Recipe, recipe_of
from scaffolds.models.offline.scripts import render_script
from scaffolds.task import TaskCard


@dataclass(frozen=True, slots=True)
class Step:
    """A decision: what the next script is, and why."""

    kind: Literal["draft", "improve", "debug"]
    recipe: Recipe
    bug: str | None = None
    change: Change | None = None
    """For `improve`: the one thing that differs."""
    fault: Fault | None = None
    """For `debug`: what went wrong."""
    cure: Literal["rewritten", "lighter", "safer"] = "rewritten"
    """For `debug`: what was done about it."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules, with how often a script gets a bug and which bugs there are."""

    bug_rate: float = 0.2
    bugs: Collection[str] = BUGS

    def decide(self, reading: Reading, card: TaskCard, rng: random.Random) -> Step:
        """The next step, a function of what was read and of `rng` alone."""
        recipe = recipe_of(reading.code) if reading.code is not None else None
        fault = _fault(reading, card, ours=recipe is not None)
        if recipe is None:
            # Code that states no recipe is somebody else's: there is nothing to build on but the task.
            step = Step("draft", first_recipe(card.prediction != "number", rng))
        elif fault is None:
            change = next_change(recipe, catalog.metric_of(card), rng)
            step = Step("improve", change.recipe, change=change)
        else:
            step = _repair(recipe, reading.code or "", fault, card, rng)
        # A repair fails too, but less often, so that chains of repairs occur and end.
        rate = self.bug_rate / 2 if step.kind == "debug" else self.bug_rate
        if rng.random() < rate:
            step = replace(step, bug=choose_bug(step.recipe, rng, self.bugs))
        return step


def _fault(reading: Reading, card: TaskCard, *, ours: bool) -> Fault | None:
    """What is wrong with the last run, if its output was shown."""
    if reading.output is None:
        return None
    findings = read_output(reading.output)
    if (
        findings.fault is None
        and ours
        and PurePosixPath(card.submission) not in map(PurePosixPath, findings.wrote)
    ):
        return Fault("no_submission", f"nothing was written to {card.submission}")
    return findings.fault


def _repair(recipe: Recipe, code: str, fault: Fault, card: TaskCard, rng: random.Random) -> Step:
    classes = card.prediction != "number"
    if fault.kind in ("timeout", "killed"):
        return Step("debug", lighter(recipe, classes), fault=fault, cure="lighter")
    if same_program(code, render_script(card, recipe)):
        return Step("debug", safer(recipe, classes, rng), fault=fault, cure="safer")
    return Step("debug", recipe, fault=fault)

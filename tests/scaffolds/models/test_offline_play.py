"""Whole games: drafts, improvements, bugs and repairs, as a scaffold would play them."""

import random
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from scaffolds.models.offline.bugs import BUGS, choose_bug
from scaffolds.models.offline.ladder import first_recipe
from scaffolds.models.offline.outputs import read_output
from scaffolds.models.offline.recipes import Member, Recipe
from scaffolds.models.offline.scripts import render_script
from scaffolds.models.offline.tabular import OfflineTabular
from scaffolds.task import Metric
from tests.scaffolds.models.offline_play import Ran, Runner, Table, mixed_columns, reply, write_table

EXPECTED_FAULTS = {
    "missing_import": {"missing_name"},
    "wrong_column": {"missing_column"},
    "not_a_number": {"missing_values"},
    "wrong_length": {"wrong_shape"},
    "wrong_method": {"wrong_call"},
    "wrong_path": {"no_submission"},
    "wrong_header": {"bad_submission"},
    "no_submission": {"no_submission"},
    "no_score": {"no_score"},
}


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return Runner(tmp_path_factory.mktemp("runs"))


def nontrivial(folder: Path, n: int = 100) -> Table:
    """Three classes from a crooked function of a few of many columns."""
    rng = np.random.default_rng(1)
    both = mixed_columns(n + 100, 1)
    for k in range(4):
        both[f"x{k}"] = rng.normal(size=len(both))
    value = both["x0"] * both["x1"] + 0.5 * both["number"] ** 2 + 0.3 * both["x3"]
    cuts = np.quantile(value, [1 / 3, 2 / 3])
    both["target"] = np.array(["low", "mid", "top"])[np.searchsorted(cuts, value)]
    return write_table(folder, both[:n], both[n:].drop(columns="target"))


def shown(table: Table, ran: Ran) -> str:
    """What a scaffold shows of a run: its output and the word of a check of the submission."""
    text = f"{ran.output}\n[exit code {ran.exit_code}]"
    if ran.exit_code == 0 and not (ran.folder / table.card.submission).exists():
        return f"{text}\n[submission check] There is no file {table.card.submission}."
    if ran.exit_code == 0 and list(ran.submission.columns) != list(table.sample.columns):
        return f"{text}\n[submission check] Column 'row_id' is missing; expected 'row_id,target'."
    return text


@dataclass
class Game:
    """A greedy search: repair what failed, improve the best."""

    table: Table
    runner: Runner
    model: OfflineTabular
    first_seed: int = 0
    scores: list[float] = field(default_factory=list[float])
    failures: list[str] = field(default_factory=list[str])
    longest_chain: int = 0

    def play(self, steps: int) -> None:
        best: tuple[float, str, str] | None = None
        broken: tuple[str, str] | None = None
        chain = 0
        for seed in range(self.first_seed, self.first_seed + steps):
            parent = broken or (best[1:] if best else (None, None))
            code = reply(self.model, self.table, seed, *parent)
            ran = self.runner.run(self.table, code)
            output = shown(self.table, ran)
            fault = read_output(output).fault
            if fault is not None:
                broken, chain = (code, output), chain + 1
                self.failures.append(fault.kind)
                self.longest_chain = max(self.longest_chain, chain)
                continue
            broken, chain = None, 0
            self.scores.append(ran.score)
            if best is None or ran.score > best[0]:
                best = (ran.score, code, output)


def test_a_search_climbs(runner: Runner, tmp_path: Path) -> None:
    start = seed_that_drafts("bayes", classes=True)
    game = Game(nontrivial(tmp_path / "data"), runner, OfflineTabular(bug_rate=0), start)
    game.play(8)
    assert not game.failures
    assert len(set(game.scores)) >= 4
    assert max(game.scores) > game.scores[0] + 0.1


def test_a_search_with_many_bugs_repairs_them(runner: Runner, tmp_path: Path) -> None:
    game = Game(nontrivial(tmp_path / "data", 60), runner, OfflineTabular(bug_rate=0.8))
    game.play(12)
    assert len(set(game.failures)) >= 3
    assert len(game.scores) >= 3
    assert 2 <= game.longest_chain <= 6


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_shows_and_is_repaired(runner: Runner, tmp_path: Path, bug: str) -> None:
    table = nontrivial(tmp_path / "data", 90)
    recipe = Recipe((Member.first("linear", classes=True),))
    broken = render_script(table.card, recipe, bug)
    output = shown(table, runner.run(table, broken))
    fault = read_output(output).fault
    assert fault is not None, output
    assert fault.kind in EXPECTED_FAULTS[bug]
    for seed in range(5):
        repaired = reply(OfflineTabular(bug_rate=0), table, seed, broken, output)
        assert repaired == render_script(table.card, recipe)


def test_every_bug_renders_for_every_kind_of_task(tmp_path: Path) -> None:
    for prediction in ("class", "probability", "number"):
        card = write_table(
            tmp_path / prediction, mixed_columns(3, 0), mixed_columns(3, 0), prediction=prediction
        ).card
        recipe = Recipe((Member.first("svm", prediction != "number"),))
        sound = render_script(card, recipe)
        for bug in (*BUGS, "too_slow"):
            broken = render_script(card, recipe, bug)
            compile(broken, bug, "exec")
            assert broken != sound


def test_trees_get_no_bug_that_they_would_survive() -> None:
    recipe = Recipe((Member.first("forest", True), Member.first("boosting", True)))
    assert choose_bug(recipe, random.Random(0), ["not_a_number"]) is None
    chosen = {choose_bug(recipe, random.Random(seed)) for seed in range(200)}
    assert chosen == set(BUGS) - {"not_a_number"}


def test_a_repair_that_failed_once_more_is_made_again(runner: Runner, tmp_path: Path) -> None:
    table = nontrivial(tmp_path / "data", 60)
    broken = render_script(table.card, Recipe((Member.first("linear", True),)), "wrong_column")
    output = "Traceback (most recent call last):\nKeyError: 'target_encoded'"
    sound = render_script(table.card, Recipe((Member.first("linear", True),)))
    model = OfflineTabular(bug_rate=0.2)
    failing = sum(reply(model, table, seed, broken, output) != sound for seed in range(100))
    assert 3 <= failing <= 20


@pytest.mark.parametrize("notice", ["[stopped: it ran past its time limit]", "[killed by signal 9]"])
def test_what_asked_for_too_much_gets_lighter(tmp_path: Path, notice: str) -> None:
    table = nontrivial(tmp_path / "data", 60)
    heavy = Recipe((Member.first("svm", True), Member.first("boosting", True)), ("words", "crosses"))
    code = render_script(table.card, heavy)
    lighter = reply(OfflineTabular(bug_rate=0), table, 0, code, f"fold 1: 0.5\n{notice}")
    assert "SVC" not in lighter
    assert "FOLDS = 3" in lighter
    assert "MAX_ROWS = 5000" in lighter
    for _ in range(5):
        lighter = reply(OfflineTabular(bug_rate=0), table, 0, lighter, notice)
    assert "MAX_ROWS = 500\n" in lighter


def test_a_sound_script_that_fails_is_replaced_by_a_simple_one(tmp_path: Path) -> None:
    table = nontrivial(tmp_path / "data", 60)
    code = render_script(table.card, Recipe((Member.first("svm", True),), ("words",)))
    output = "Traceback (most recent call last):\nValueError: something about the data"
    simple = reply(OfflineTabular(bug_rate=0), table, 0, f"# formatted\n{code}\n\n", output)
    assert "FEATURES = []" in simple
    assert "SVC" not in simple


def test_a_slow_bug_is_stopped_by_nothing_of_its_own(tmp_path: Path) -> None:
    model = OfflineTabular(bug_rate=1, bugs=["too_slow"])
    table = nontrivial(tmp_path / "data", 60)
    assert "for trial in range" in reply(model, table, 0)


def test_regression_climbs_too(runner: Runner, tmp_path: Path) -> None:
    both = mixed_columns(200, 5)
    rng = np.random.default_rng(5)
    both["target"] = 50 + 8 * both["number"] ** 2 + 5 * both["flag"] + rng.normal(size=len(both))
    table = write_table(
        tmp_path / "data",
        both[:150],
        both[150:].drop(columns="target"),
        prediction="number",
        metric=Metric("r2", True),
    )
    game = Game(
        table, runner, OfflineTabular(bug_rate=0), first_seed=seed_that_drafts("linear", classes=False)
    )
    game.play(8)
    assert not game.failures
    assert game.scores[0] < 0.4
    assert max(game.scores) > 0.7


def seed_that_drafts(family: str, *, classes: bool) -> int:
    return next(
        seed for seed in range(100) if first_recipe(classes, random.Random(seed)).members[0].family == family
    )


def test_drafts_differ() -> None:
    families = {first_recipe(True, random.Random(seed)).members[0].family for seed in range(40)}
    assert len(families) >= 5

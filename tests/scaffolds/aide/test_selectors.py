"""What is submitted at the end, and what stands when time is up before."""

import math
import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from scaffolds.aide.lab import RunLab
from scaffolds.aide.reseed import ReseedTopK
from scaffolds.aide.scaffold import Aide, AideConfig
from scaffolds.aide.selector import (
    BestValidation,
    MeanMinusSE,
    OneSEEarliest,
    Selection,
    Selector,
    standard_error,
)
from scaffolds.aide.tree import Node, Status, Tree
from scaffolds.aide.vote import TopKVote
from scaffolds.errors import LimitReached
from scaffolds.run import Run
from scaffolds.runtime.durable import DurableRun
from scaffolds.runtime.ledger import Limits
from scaffolds.runtime.log import LogReader
from scaffolds.runtime.session import Session
from scaffolds.task import Metric
from tests.scaffolds.aide.support import Scripted, good, run_aide, submission
from tests.scaffolds.runtime.worlds import CARD, Counter, play, world

_SEEDED = """
import json, os
seed = os.environ["SEED"]
score = {scores}[int(seed)]
open("submission.csv", "w").write("id,y\\n1,{submits}\\n")
json.dump({{"score": score}}, open("metrics.json", "w"))
"""


def seeded(submits: int, *scores: float) -> str:
    """A script that measures another score with each seed."""
    return _SEEDED.format(scores=list(scores), submits=submits)


def made(number: int, score: float, folds: Sequence[float] = (), source: str = "script") -> Node:
    node = Node(number, "draft", None, "", "", "", "", Status.OK, score, source, tuple(folds))
    return replace(node, kept=f"kept {number}")


def tree_of(maximize: bool, *nodes: Node) -> Tree:
    tree = Tree(Metric("m", maximize))
    for node in nodes:
        tree.add(node)
    return tree


class Bench:
    """A lab whose measurements are known beforehand."""

    def __init__(self, again: Mapping[int, list[float]], merged: str | None = None) -> None:
        self._again = again
        self._merged = merged
        self.asked: list[list[int]] = []

    def measured_again(self, nodes: Sequence[Node], seeds: Sequence[int]) -> Mapping[int, list[float]]:
        self.asked.append([node.id for node in nodes])
        return {node.id: self._again[node.id][: len(seeds)] for node in nodes if node.id in self._again}

    def merged(self, nodes: Sequence[Node]) -> str | None:
        self.asked.append([node.id for node in nodes])
        return self._merged


SELECTORS: list[Selector] = [
    BestValidation(), MeanMinusSE(), OneSEEarliest(), ReseedTopK(3, 2), TopKVote(3),
]  # fmt: skip


@pytest.mark.parametrize("selector", SELECTORS, ids=lambda selector: type(selector).__name__)
@pytest.mark.parametrize("maximize", [True, False])
def test_nothing_good_and_a_single_node(selector: Selector, maximize: bool) -> None:
    assert selector.pick(tree_of(maximize)) is None
    assert selector.final(tree_of(maximize), Bench({})) is None
    one = tree_of(maximize, made(1, 5.0))
    assert selector.pick(one) is one[1]
    assert selector.final(one, Bench({})) == Selection(one[1], "kept 1", 5.0)


@pytest.mark.parametrize("maximize", [True, False])
def test_mean_minus_a_standard_error(maximize: bool) -> None:
    sign = 1 if maximize else -1
    lucky = made(2, sign * 0.90, [sign * 0.5, sign * 1.3])
    steady = made(1, sign * 0.85, [sign * 0.84, sign * 0.86])
    unknown = made(3, sign * 0.88)  # counts as if it varied as the widest
    assert MeanMinusSE().pick(tree_of(maximize, steady, lucky, unknown)) == steady
    assert BestValidation().pick(tree_of(maximize, steady, lucky, unknown)) == lucky
    assert MeanMinusSE().pick(tree_of(maximize, made(1, sign * 1.0), made(2, sign * 2.0))) == made(
        2, sign * 2.0
    )


@pytest.mark.parametrize("maximize", [True, False])
def test_the_earliest_within_a_standard_error(maximize: bool) -> None:
    sign = 1 if maximize else -1
    best = made(4, sign * 0.90, [sign * 0.88, sign * 0.92])  # a standard error of 0.02
    nodes = [made(1, sign * 0.80), made(2, sign * 0.885), made(3, sign * 0.895), best]
    assert OneSEEarliest().pick(tree_of(maximize, *nodes)) == nodes[1]
    assert OneSEEarliest().pick(tree_of(maximize, *nodes[:3], made(4, sign * 0.9))) == made(4, sign * 0.9)


def test_reseeding_compares_means_of_what_could_be_measured() -> None:
    tree = tree_of(True, made(1, 0.80), made(2, 0.95), made(3, 0.90), made(4, 0.85, source="self"))
    bench = Bench({2: [0.5, 0.6], 3: [0.9, 0.9], 1: [0.99]})
    chosen = ReseedTopK(4, 2).final(tree, bench)
    assert bench.asked == [[2, 3, 1]]  # what a model read in the output cannot be measured again
    assert chosen is not None
    assert (chosen.node.id, chosen.kept, chosen.score) == (3, "kept 3", pytest.approx(0.9))
    assert chosen.scores == {"2": [0.5, 0.6], "3": [0.9, 0.9], "1": [0.99]}
    assert ReseedTopK(3, 2).final(tree, Bench({})) == Selection(tree[2], "kept 2", 0.95)


@pytest.mark.parametrize("maximize", [True, False])
@pytest.mark.parametrize("source", ["script", "self"])
@pytest.mark.parametrize(("again", "chosen"), [([0.5, 0.5], 1), ([0.9, 0.9], 1), ([1.0, 1.0], 2)])
def test_a_best_node_that_could_not_be_measured_is_beaten_only_by_a_better_mean(
    maximize: bool, source: str, again: list[float], chosen: int
) -> None:
    sign = 1 if maximize else -1
    best, rival = made(1, sign * 0.9, source=source), made(2, sign * 0.8)
    tree = tree_of(maximize, best, rival, made(3, sign * 0.7))
    bench = Bench({2: [sign * score for score in again], 3: [sign * 0.6, sign * 0.6]})
    found = ReseedTopK(3, 2).final(tree, bench)
    assert found is not None
    assert found.node.id == chosen


def test_a_merged_submission_is_taken_where_there_is_one() -> None:
    tree = tree_of(False, made(1, 3.0), made(2, 1.0), made(3, 2.0), made(4, 9.0))
    bench = Bench({}, "kept merged")
    assert TopKVote(3).final(tree, bench) == Selection(tree[2], "kept merged", 1.0, (2, 3, 1))
    assert bench.asked == [[2, 3, 1]]
    assert TopKVote(3).final(tree, Bench({})) == Selection(tree[2], "kept 2", 1.0)


def simulated(rng: random.Random, nodes: int) -> tuple[Tree, dict[int, float], Bench]:
    """Solutions of known worth, each validated on five folds of a noise of its own, and again by seeds."""
    tree, worth = Tree(Metric("m", True)), dict[int, float]()
    again: dict[int, list[float]] = {}
    for number in range(1, nodes + 1):
        worth[number], noise = rng.gauss(0, 0.3), rng.choice([0.1, 0.1, 2.0])
        folds = [rng.gauss(worth[number], noise) for _ in range(5)]
        tree.add(made(number, statistics.fmean(folds), folds))
        spread = noise / math.sqrt(5)
        again[number] = [rng.gauss(worth[number], spread) for _ in range(4)]
    return tree, worth, Bench(again)


@pytest.mark.parametrize("robust", [MeanMinusSE(), ReseedTopK(5, 4)], ids=["mean_minus_se", "reseed_top_k"])
def test_with_a_noisy_metric_a_robust_selector_finds_better_solutions(robust: Selector) -> None:
    rng = random.Random(0)
    gains: list[float] = []
    for _ in range(200):
        tree, worth, bench = simulated(rng, 30)
        naive, careful = BestValidation().final(tree, bench), robust.final(tree, bench)
        assert naive is not None
        assert careful is not None
        gains.append(worth[careful.node.id] - worth[naive.node.id])
    error = standard_error(gains)
    assert error is not None
    assert statistics.fmean(gains) > 3 * error


def test_scripts_run_again_with_other_seeds(tmp_path: Path) -> None:
    model = Scripted([seeded(1, 1.0, 9.0, 9.0), seeded(2, 2.0, 2.1, 2.2), seeded(3, 8.0, 8.0, 8.0)])
    outcome, _, log = run_aide(
        tmp_path, model, steps=3, num_drafts=3, selector="reseed_top_k", select_k=2, select_seeds=2
    )
    assert submission(log) == b"id,y\n1,2\n"
    assert outcome is not None
    assert outcome.score == pytest.approx(2.1)
    again = [(e.data["node"], e.data["seed"], e.data["score"]) for e in log.of_type("aide.reseed")]
    assert again == [(1, 1, 9.0), (2, 1, 2.1), (1, 2, 9.0), (2, 2, 2.2)]
    (told,) = log.of_type("aide.selection")
    assert (told.data["node"], told.data["best_val"]) == (2, 1)
    assert [event.data["node"] for event in log.of_type("aide.pick")] == [1, 2]


@pytest.mark.parametrize(
    ("workers", "walls_s", "ran"),
    [(1, [50, 50], []), (1, [50, 5], [1, 2]), (2, [60, 60], [1, 2]), (1, [5], [])],
)
def test_one_script_is_not_run_again_alone(
    tmp_path: Path, workers: int, walls_s: list[float], ran: list[int]
) -> None:
    """A hundred seconds are left."""
    nodes = [replace(made(n, 1.0), code=good(n), wall_s=wall_s) for n, wall_s in enumerate(walls_s, 1)]
    found: dict[int, list[float]] = {}

    def scaffold(run: Run) -> None:
        found.update(RunLab(run, workers, 0.0, lambda: None).measured_again(nodes, [1]))

    play(tmp_path, scaffold, Counter(), Limits(time_s=100))
    assert found == {node: [float(node)] for node in ran}


def test_a_pick_may_go_back_to_an_earlier_script(tmp_path: Path) -> None:
    """The earliest within a standard error: its submission was kept although another stood in between."""
    model = Scripted([good(5, 4.9, 5.1), good(4.95, 4.94, 4.96), good(4.94, 4, 5.88)])
    _, _, log = run_aide(tmp_path, model, steps=3, num_drafts=3, selector="one_se_earliest")
    assert [event.data["node"] for event in log.of_type("aide.pick")] == [1, 2, 1]
    assert submission(log) == b"id,y\n1,5\n"


@pytest.mark.parametrize("selector", ["mean_minus_se", "one_se_earliest", "reseed_top_k"])
@pytest.mark.parametrize("huge", ["1.7e308", "1e100"])
def test_numbers_too_large_to_reckon_with_end_nothing(tmp_path: Path, selector: str, huge: str) -> None:
    """What is no number any more when it is squared is none to begin with."""
    huge_folds = (
        good(1) + f"open('metrics.json', 'w').write('{{\"score\": 1, \"folds\": [{huge}, -{huge}]}}')\n"
    )
    outcome, _, _ = run_aide(
        tmp_path, Scripted([huge_folds, good(2)]), steps=2, num_drafts=2, selector=selector
    )
    assert outcome is not None
    assert outcome.summary.startswith("2 scripts, 2 good; submitted")


_PREDICTS = """
import json
open("submission.csv", "w").write("id,y\\n{rows}")
json.dump({{"score": {score}}}, open("metrics.json", "w"))
"""


@pytest.mark.parametrize(
    ("merge", "rows", "expected"),
    [
        ("mean", ["a,1\nb,5\n", "b,6\na,2\n", "a,3\nb,10\n"], b"id,y\na,2.0\nb,7.0\n"),
        ("majority", ["a,x\nb,y\n", "b,x\na,z\n", "a,z\nb,w\n"], b"id,y\na,z\nb,y\n"),
        ("mean", ["a,1\n", "b,2\n", "a,3\n"], b"id,y\na,1\n"),  # other rows: no merging
        ("mean", ["a,1\n", "a,x\n", "a,3\n"], b"id,y\na,1\n"),  # no number
        ("", ["a,1\n", "a,2\n", "a,3\n"], b"id,y\na,1\n"),  # a task that declares nothing
    ],
)
def test_predictions_merge_as_the_task_declares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, merge: str, rows: list[str], expected: bytes
) -> None:
    monkeypatch.setattr("tests.scaffolds.runtime.worlds.CARD", replace(CARD, merge=merge))
    scripts = [_PREDICTS.format(rows=row.replace("\n", "\\n"), score=n) for n, row in enumerate(rows, 1)]
    _, _, log = run_aide(tmp_path, Scripted(scripts), steps=3, num_drafts=3, selector="top_k_vote")
    assert submission(log) == expected
    (told,) = log.of_type("aide.selection")
    assert told.data["merged"] == ([1, 2, 3] if expected.count(b".0") or b"z" in expected else [])


def test_when_time_runs_out_in_the_selection_the_best_stands(tmp_path: Path) -> None:
    """Time is up when the first script has run again."""
    late = tmp_path / "late"
    again = f"import os, pathlib\nif os.environ['SEED'] != '0':\n    pathlib.Path({str(late)!r}).touch()\n"
    base = replace(
        world(tmp_path, Counter(), Limits(time_s=600, steps=2)),
        models={"main": Scripted([again + good(2), again + good(1)])},
        clock=lambda: 1e6 if late.exists() else 0.0,
    )
    session = Session(tmp_path / "run", base, {})
    settings = {"num_drafts": 2, "data_preview": False, "selector": "reseed_top_k"}
    with pytest.raises(LimitReached, match="time limit"):
        Aide(AideConfig.model_validate(settings)).run(DurableRun(session))
    session.close_sandboxes()
    session.log.close()
    log = LogReader(tmp_path / "run")
    assert submission(log) == b"id,y\n1,1\n"
    assert ran_again(log) == 1


def ran_again(log: LogReader) -> int:
    calls = [e.data["arguments"] for e in log.of_type("tool.call") if e.data.get("tool") == "run_script"]
    return sum(str(call["dir"]).startswith("again/") for call in calls)

"""Which node is expanded next, node by node, as section 1.2 of the design says: golden histories.

A history names the choices, `draft`, `debug N` or `improve N`, and what each came to: a score, or `x` for a
failure. Scripts that measure exactly that are run, so that policy, evaluation and tree are
those of a real run.
"""

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffolds.aide.policy import Expansion, GreedyPolicy
from scaffolds.aide.tree import Node, Status, Tree
from scaffolds.task import Metric
from tests.scaffolds.aide.support import Scripted, good, run_aide

BUGGY = "raise SystemExit('broken')"


@pytest.mark.parametrize(
    ("settings", "history"),
    [
        pytest.param(
            {"num_drafts": 3},
            "draft: 5, draft: 4, draft: 6, improve 2: 3, improve 4: 3.5, improve 4: 2",
            id="drafts first, bad ones too, then the best is improved, again and again",
        ),
        pytest.param(
            {"num_drafts": 2},
            "draft: x, draft: 4, debug 1: x, debug 3: 3, improve 4: 5, improve 4: 1",
            id="a failed draft counts as one, and is repaired before the good one is improved",
        ),
        pytest.param(
            {"num_drafts": 1, "max_debug_depth": 2},
            "draft: x, debug 1: x, debug 2: x, draft: x, debug 4: 7",
            id="after so many repairs a draft beyond their number, where nothing is good",
        ),
        pytest.param(
            {"num_drafts": 1, "max_debug_depth": 1},
            "draft: 9, improve 1: x, debug 2: x, improve 1: 8, improve 4: x",
            id="a repair too deep is left alone, and the best is improved instead",
        ),
        pytest.param(
            {"num_drafts": 2, "debug_prob": 0.0},
            "draft: x, draft: 4, improve 2: x, improve 2: 4, improve 2: 3",
            id="without repairs; of equal scores the earliest is the best",
        ),
        pytest.param(
            {"num_drafts": 2, "debug_prob": 0.0},
            "draft: x, draft: x, draft: x, draft: 1, improve 4: 2",
            id="without repairs and without anything good it drafts on",
        ),
        pytest.param(
            {"num_drafts": 1},
            "draft: 3, improve 1: x, debug 2: x, debug 3: 2, improve 4: x, debug 5: 4",
            id="a failed improvement is repaired as far as it takes, its repair is then the best",
        ),
        pytest.param(
            {"num_drafts": 1, "max_debug_depth": 0},
            "draft: x, draft: 3, improve 2: x, improve 2: 2, improve 4: 2",
            id="depth 0 repairs nothing",
        ),
    ],
)
def test_golden_histories(tmp_path: Path, settings: dict[str, Any], history: str) -> None:
    ends = [step.partition(": ")[2] for step in history.split(", ")]
    model = Scripted([BUGGY if end == "x" else good(float(end)) for end in ends])
    _, nodes, _ = run_aide(tmp_path, model, steps=len(ends), **settings)
    assert ", ".join(map(told, nodes)) == history


def told(node: dict[str, Any]) -> str:
    choice = " ".join([node["operator"], *map(str, node["parents"])])
    return f"{choice}: {'x' if node['score'] is None else format(node['score'], 'g')}"


def test_of_several_failures_any_may_be_repaired() -> None:
    chosen: set[int] = set()
    for seed in range(40):
        tree = Tree(Metric("m", True))
        for number in (1, 2, 3):
            tree.add(failed(number))
        decision = GreedyPolicy(3, 1.0, 20).next(tree, random.Random(seed))
        assert decision.operator == "debug"
        assert decision.parent is not None
        chosen.add(decision.parent.id)
    assert chosen == {1, 2, 3}


def failed(number: int, parent: Node | None = None) -> Node:
    depth = 0 if parent is None else parent.debug_depth + 1
    operator = "draft" if parent is None else "debug"
    parent_id = parent.id if parent else None
    return Node(number, operator, parent_id, "", "", "", "", Status.FAILED, None, debug_depth=depth)


@given(
    ends=st.lists(st.tuples(st.integers(0, 3), st.none() | st.sampled_from([1.0, 2.0])), max_size=40),
    workers=st.integers(2, 4),
    seed=st.integers(0, 9),
)
def test_work_in_flight_is_seen(ends: list[tuple[int, float | None]], workers: int, seed: int) -> None:
    """Whatever finishes in whatever order: drafts are counted, and no failure is repaired twice."""
    tree, policy, rng = Tree(Metric("m", False)), GreedyPolicy(3, 1.0, 5), random.Random(seed)
    at_work: list[tuple[int, Expansion]] = []
    repaired: list[int] = []
    number = drafts = 0
    for which, score in ends:
        while len(at_work) < workers:
            decision = policy.next(tree, rng)
            number += 1
            drafts += decision.parent is None
            if decision.operator == "debug":
                assert decision.parent is not None
                repaired.append(decision.parent.id)
            if decision.operator == "draft" and drafts > 3:
                assert tree.best is None
                assert not [node for node in tree.buggy_leaves() if node.debug_depth < 5]
            tree.begin(number, decision.parent.id if decision.parent else None)
            at_work.append((number, decision))
        done, decision = at_work.pop(which % len(at_work))
        parent = decision.parent
        status = Status.FAILED if score is None else Status.OK
        depth = parent.debug_depth + 1 if parent and decision.operator == "debug" else 0
        parent_id = parent.id if parent else None
        tree.add(Node(done, decision.operator, parent_id, "", "", "", "", status, score, debug_depth=depth))
        assert tree.drafts == drafts
    assert len(repaired) == len(set(repaired))

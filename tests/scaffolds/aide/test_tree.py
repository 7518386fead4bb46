import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffolds.aide.memory import BoundedMemory, NoMemory, WholeMemory
from scaffolds.aide.original import one_repair_more
from scaffolds.aide.policy import Expansion, GreedyPolicy
from scaffolds.aide.tree import Node, Status, Tree
from scaffolds.task import Metric

SCORES = st.none() | st.sampled_from([0.0, 0.5, 1.0, 2.0])


def grow(
    scores: list[float | None], maximize: bool, policy: GreedyPolicy, seed: int = 0
) -> tuple[Tree, list[Expansion]]:
    """A tree whose n-th node scores `scores[n]` (None: it failed), and the policy's decision for each."""
    tree, rng = Tree(Metric("m", maximize)), random.Random(seed)
    decisions: list[Expansion] = []
    for number, score in enumerate(scores, 1):
        decision = policy.next(tree, rng)
        decisions.append(decision)
        tree.add(made(number, decision, score))
    return tree, decisions


def made(number: int, decision: Expansion, score: float | None) -> Node:
    parent = decision.parent
    depth = parent.debug_depth + 1 if parent and decision.operator == "debug" else 0
    status = Status.FAILED if score is None else Status.OK
    parent_id = parent.id if parent else None
    return Node(
        number, decision.operator, parent_id, "plan", "code", "", "", status, score, debug_depth=depth
    )


@given(scores=st.lists(SCORES, max_size=30), maximize=st.booleans(), seed=st.integers(0, 99))
def test_the_kept_views_equal_slow_ones(scores: list[float | None], maximize: bool, seed: int) -> None:
    tree, _ = grow(scores, maximize, GreedyPolicy(3, 0.5, 2), seed)
    nodes = [tree[number] for number in range(1, len(scores) + 1)]
    good = [node for node in nodes if node.score is not None]
    sign = -1 if maximize else 1
    assert tree.ranked() == sorted(good, key=lambda node: (sign * (node.score or 0), node.id))
    assert tree.best == (tree.ranked()[0] if good else None)
    assert tree.recent(3) == good[-3:]
    parents = {node.parent for node in nodes}
    assert tree.buggy_leaves() == [n for n in nodes if not n.good and n.id not in parents]
    assert tree.drafts == sum(node.parent is None for node in nodes)


@given(scores=st.lists(SCORES, min_size=1, max_size=40), seed=st.integers(0, 99), depth=st.integers(0, 3))
def test_the_policy_follows_its_four_rules(scores: list[float | None], seed: int, depth: int) -> None:
    tree, decisions = grow(scores, True, GreedyPolicy(2, 1.0, depth), seed)
    seen: list[Node] = []
    for number, decision in enumerate(decisions, 1):
        drafts = sum(node.parent is None for node in seen)
        repaired = {node.parent for node in seen}
        leaves = [n for n in seen if not n.good and n.id not in repaired and n.debug_depth < depth]
        good = [node for node in seen if node.good]
        if drafts < 2:
            assert decision.operator == "draft"
        elif leaves:
            assert decision.operator == "debug"
            assert decision.parent in leaves
        elif not good:
            assert decision.operator == "draft"
        else:
            best = max(good, key=lambda node: (node.score or 0, -node.id))
            assert decision == Expansion("improve", best)
        seen.append(tree[number])
    assert all(node.debug_depth <= depth for node in seen)


def test_the_original_allows_one_repair_more() -> None:
    always_failing: list[float | None] = [None] * 8
    _, ours = grow(always_failing, True, GreedyPolicy(1, 1.0, 2))
    _, theirs = grow(always_failing, True, GreedyPolicy(1, 1.0, one_repair_more(2)))
    assert [d.operator for d in ours[:4]] == ["draft", "debug", "debug", "draft"]
    assert [d.operator for d in theirs[:5]] == ["draft", "debug", "debug", "debug", "draft"]


def test_without_repairs_the_best_is_improved_at_once() -> None:
    _, decisions = grow([None, 1.0, 2.0, None], True, GreedyPolicy(2, 0.0, 5))
    assert [d.operator for d in decisions] == ["draft", "draft", "improve", "improve"]
    assert decisions[3].parent is not None
    assert decisions[3].parent.score == 2.0


@pytest.mark.parametrize("maximize", [True, False])
def test_of_equal_scores_the_earliest_is_best(maximize: bool) -> None:
    tree, _ = grow([1.0, 1.0, 1.0], maximize, GreedyPolicy(3, 1.0, 1))
    assert tree.best is tree[1]


def test_memory_scopes() -> None:
    scores: list[float | None] = [float(number) for number in range(100)]
    tree, _ = grow(scores, True, GreedyPolicy(100, 1.0, 1))
    assert NoMemory().recall(tree).entries == ()
    assert len(WholeMemory().recall(tree).entries) == 100
    recall = BoundedMemory(best=3, latest=5).recall(tree)
    assert [node.id for node in recall.entries] == [96, 97, 98, 99, 100]
    assert recall.omitted == 95
    falling: list[float | None] = [float(-number) for number in range(100)]
    tree, _ = grow(falling, True, GreedyPolicy(100, 1.0, 1))
    ids = [node.id for node in BoundedMemory(best=2, latest=2).recall(tree).entries]
    assert ids == [1, 2, 99, 100]


def test_a_chain_of_thousands_is_no_deep_recursion() -> None:
    scores: list[float | None] = [float(number) for number in range(3000)]
    tree, decisions = grow(scores, True, GreedyPolicy(1, 1.0, 1))
    assert decisions[-1].parent is tree[2999]
    failing: list[float | None] = [None] * 3000
    tree, _ = grow(failing, True, GreedyPolicy(1, 1.0, 5000))
    assert len(list(tree.repairs_before(tree[3000]))) == 2999

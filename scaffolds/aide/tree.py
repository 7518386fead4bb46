"""The solution tree of one run: nodes, and the few views of it that a search needs at every step.

All views are kept up to date as nodes are added, so a step costs the same at node 5,000 as at node 5.
Nodes at work are in it, too: a draft that is planned counts, a failure under repair is no leaf.
"""

from bisect import insort
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from scaffolds.task import Metric


class Status(StrEnum):
    """How a node's script fared."""

    OK = "ok"
    FAILED = "failed"
    TIMEOUT = "timeout"
    INVALID = "invalid"
    """It ran, but its submission is missing or malformed."""
    UNREADABLE = "unreadable"
    """The model's reply held no script."""
    UNRUN = "unrun"
    """No time was left to run it."""


@dataclass(frozen=True, slots=True)
class Node:
    """One script: where it came from, what it is, what came of it."""

    id: int
    operator: str
    parent: int | None
    plan: str
    code: str
    output: str
    """What the script printed, cut to head and tail."""
    findings: str
    status: Status
    score: float | None
    """Validation score; None unless the status is OK."""
    source: str = "script"
    """Who says so: `script` (its metrics.json), or `self` (a model read it in the output)."""
    folds: tuple[float, ...] = ()
    debug_depth: int = 0
    """How many repairs in a row lead here."""
    kept: str | None = None
    """Its submission, as the run keeps it."""
    wall_s: float = 0.0
    """How long the script ran."""
    rows: int | None = None
    """Rows that the score was measured on, as the script says."""

    @property
    def good(self) -> bool:
        """Whether it can be submitted."""
        return self.status is Status.OK


class Ranking(Protocol):
    """Good nodes by their scores."""

    def add(self, node: int, score: float) -> None:
        """Take in a node that is younger than all before."""
        ...

    @property
    def best(self) -> int | None:
        """The node that improvements start from."""
        ...

    def first(self, count: int | None) -> Sequence[int]:
        """The `count` best, best first; all where it is None."""
        ...


class ByScore:
    """A sorted list; of equal scores the earliest is the better."""

    def __init__(self, metric: Metric) -> None:
        self._sign = -1.0 if metric.maximize else 1.0
        self._ranks: list[tuple[float, int]] = []

    def add(self, node: int, score: float) -> None:
        """See `Ranking.add`."""
        insort(self._ranks, (self._sign * score, node))

    @property
    def best(self) -> int | None:
        """See `Ranking.best`."""
        return self._ranks[0][1] if self._ranks else None

    def first(self, count: int | None) -> Sequence[int]:
        """See `Ranking.first`."""
        return [node for _, node in self._ranks[:count]]


class Tree:
    """All nodes of a run, by id."""

    def __init__(self, metric: Metric, ranking: Ranking | None = None) -> None:
        self.metric = metric
        self.drafts = 0
        """Drafts, those at work included."""
        self._ranking = ranking or ByScore(metric)
        self._nodes: dict[int, Node] = {}
        self._good: list[int] = []
        self._buggy_leaves: dict[int, None] = {}
        self._at_work: dict[int, int | None] = {}
        self._children_at_work: Counter[int | None] = Counter()

    def begin(self, node_id: int, parent: int | None) -> None:
        """A node is being made, from a parent that is here."""
        self._at_work[node_id] = parent
        self.drafts += parent is None
        self._children_at_work[parent] += 1
        if parent is not None:
            self._buggy_leaves.pop(parent, None)

    def add(self, node: Node) -> None:
        """Add a node that is made; one that nobody began begins now."""
        if node.id not in self._at_work:
            self.begin(node.id, node.parent)
        self._children_at_work[self._at_work.pop(node.id)] -= 1
        self._nodes[node.id] = node
        if node.good and node.score is not None:
            self._ranking.add(node.id, node.score)
            self._good.append(node.id)
        else:
            self._buggy_leaves[node.id] = None

    def __len__(self) -> int:
        return len(self._nodes)

    def __getitem__(self, node_id: int) -> Node:
        return self._nodes[node_id]

    def at_work_on(self, node: Node | None) -> int:
        """How many nodes are being made from this one now; how many drafts, where it is None."""
        return self._children_at_work[node and node.id]

    @property
    def best(self) -> Node | None:
        """The good node with the best score; of equals the earliest."""
        best = self._ranking.best
        return None if best is None else self._nodes[best]

    def ranked(self, count: int | None = None) -> list[Node]:
        """Good nodes, best first."""
        return [self._nodes[node_id] for node_id in self._ranking.first(count)]

    def recent(self, count: int | None = None) -> list[Node]:
        """Good nodes, oldest first; the last `count` of them."""
        ids: Sequence[int] = self._good if count is None else self._good[max(0, len(self._good) - count) :]
        return [self._nodes[node_id] for node_id in ids]

    @property
    def good(self) -> int:
        """How many nodes can be submitted."""
        return len(self._good)

    def buggy_leaves(self) -> list[Node]:
        """Nodes that failed and that nobody has tried to repair, oldest first."""
        return [self._nodes[node_id] for node_id in self._buggy_leaves]

    def repairs_before(self, node: Node) -> Iterator[Node]:
        """The chain of failed repairs that ends in `node`, latest first."""
        while node.operator == "debug":
            yield node
            assert node.parent is not None
            node = self._nodes[node.parent]

    def path(self, node: Node) -> Iterator[Node]:
        """The way from `node` up to its draft, both included."""
        yield node
        while node.parent is not None:
            node = self._nodes[node.parent]
            yield node

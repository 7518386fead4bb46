"""The solution tree of one run: nodes, and the few views of it that a search needs at every step.

All views are kept up to date as nodes are added, so a step costs the same at node 5,000 as at node 5.
"""

from bisect import insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

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

    @property
    def good(self) -> bool:
        """Whether it can be submitted."""
        return self.status is Status.OK


class Tree:
    """All nodes of a run, by id."""

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        self.drafts = 0
        self._nodes: dict[int, Node] = {}
        self._ranks: list[tuple[float, int]] = []
        self._good: list[int] = []
        self._buggy_leaves: dict[int, None] = {}

    def add(self, node: Node) -> None:
        """Add a node whose parent is already here."""
        self._nodes[node.id] = node
        self.drafts += node.parent is None
        if node.parent is not None:
            self._buggy_leaves.pop(node.parent, None)
        if node.good and node.score is not None:
            insort(self._ranks, (-node.score if self.metric.maximize else node.score, node.id))
            self._good.append(node.id)
        else:
            self._buggy_leaves[node.id] = None

    def __len__(self) -> int:
        return len(self._nodes)

    def __getitem__(self, node_id: int) -> Node:
        return self._nodes[node_id]

    @property
    def best(self) -> Node | None:
        """The good node with the best score; of equals the earliest."""
        return self._nodes[self._ranks[0][1]] if self._ranks else None

    def ranked(self, count: int | None = None) -> list[Node]:
        """Good nodes, best first."""
        return [self._nodes[node_id] for _, node_id in self._ranks[:count]]

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

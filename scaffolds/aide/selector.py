"""Which node's submission stands: at every moment of the search, and at its end.

Selectors look at a few of the best nodes by validation score, so that a step costs the same in a large tree:
those that compare folds at `CANDIDATES` of them.
"""

import math
import statistics
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from scaffolds.aide.tree import Node, Tree

CANDIDATES = 20


@dataclass(frozen=True, slots=True)
class Selection:
    """What is submitted at the end, and why."""

    node: Node
    """Whose submission; of a merged one, the best node in it."""
    kept: str
    """The submission, as the run keeps it."""
    score: float | None
    """What it is believed to score."""
    merged: tuple[int, ...] = ()
    """Nodes whose predictions were merged into it."""
    scores: Mapping[str, list[float]] = field(default_factory=dict[str, list[float]])
    """What was measured for the decision, by node."""


class Lab(Protocol):
    """What a selector may have done at the end, in the time that is reserved for it."""

    def measured_again(self, nodes: Sequence[Node], seeds: Sequence[int]) -> Mapping[int, list[float]]:
        """Validation scores of nodes whose scripts ran again with these seeds, as far as time allows.

        Nothing where it does not last for two nodes.
        """
        ...

    def merged(self, nodes: Sequence[Node]) -> str | None:
        """The nodes' predictions merged into one submission, as the run keeps it; None if that is none."""
        ...


class Selector(Protocol):
    """Picks what to submit."""

    @property
    def reserve_share(self) -> float:
        """Share of the run's time that the decision at the end may need."""
        ...

    def pick(self, tree: Tree) -> Node | None:
        """The node whose submission should stand now; None while nothing is good."""
        ...

    def final(self, tree: Tree, lab: Lab) -> Selection | None:
        """The decision at the end; whatever ends it early, the last pick stands."""
        ...


class _Pick(ABC):
    """Decides by what the search has measured."""

    reserve_share = 0.01

    @abstractmethod
    def pick(self, tree: Tree) -> Node | None:
        """See `Selector.pick`."""

    def final(self, tree: Tree, lab: Lab) -> Selection | None:
        """See `Selector.final`."""
        del lab
        node = self.pick(tree)
        return selection(node) if node else None


class BestValidation(_Pick):
    """The node with the best validation score; of equals the earliest. As the original does."""

    def pick(self, tree: Tree) -> Node | None:
        """See `Selector.pick`."""
        return tree.best


class MeanMinusSE(_Pick):
    """The best mean over folds after one standard error is taken off: luck has wide folds.

    A score without folds counts as if it had the widest of the candidates'.
    """

    def pick(self, tree: Tree) -> Node | None:
        """See `Selector.pick`."""
        candidates = tree.ranked(CANDIDATES)
        errors = {node.id: standard_error(node.folds) for node in candidates}
        widest = max((error for error in errors.values() if error is not None), default=0.0)
        sign = 1.0 if tree.metric.maximize else -1.0

        def worth(node: Node) -> tuple[float, int]:
            error = errors[node.id]
            return sign * (node.score or 0.0) - (widest if error is None else error), -node.id

        return max(candidates, key=worth, default=None)


class OneSEEarliest(_Pick):
    """The earliest node within one standard error of the best: what came later had more chances of luck.

    Without folds of the best, the best.
    """

    def pick(self, tree: Tree) -> Node | None:
        """See `Selector.pick`."""
        candidates = tree.ranked(CANDIDATES)
        if not candidates or (error := standard_error(candidates[0].folds)) is None:
            return tree.best
        best = candidates[0].score or 0.0
        near = [node for node in candidates if abs((node.score or 0.0) - best) <= error]
        return min(near, key=lambda node: node.id)


def standard_error(folds: Sequence[float]) -> float | None:
    """The standard error of a mean over folds; None where they are too few to tell."""
    return statistics.stdev(folds) / math.sqrt(len(folds)) if len(folds) > 1 else None


def selection(node: Node) -> Selection:
    """A node's own submission, by its own score."""
    assert node.kept is not None
    return Selection(node, node.kept, node.score)

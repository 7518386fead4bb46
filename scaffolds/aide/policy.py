"""Which node to expand next, and how."""

import random
from dataclasses import dataclass
from typing import Protocol

from scaffolds.aide.tree import Node, Tree


@dataclass(frozen=True, slots=True)
class Expansion:
    """A decision: the operator to apply, and to which node (None for a draft)."""

    operator: str
    parent: Node | None = None


class SearchPolicy(Protocol):
    """Decides the next expansion from the tree alone, nodes at work included; all chance comes from `rng`."""

    def next(self, tree: Tree, rng: random.Random) -> Expansion:
        """The next expansion, wanted whenever a worker is free."""
        ...


@dataclass(frozen=True, slots=True)
class GreedyPolicy:
    """AIDE's policy (arXiv 2502.13138): drafts first, then repairs, then improvements of the best node.

    Where nothing is good and nothing can be repaired, it drafts beyond `num_drafts`.
    """

    num_drafts: int
    debug_prob: float
    max_debug_depth: int
    """Repairs in a row before a failed script is given up."""

    def next(self, tree: Tree, rng: random.Random) -> Expansion:
        """See `SearchPolicy.next`."""
        if tree.drafts < self.num_drafts:
            return Expansion("draft")
        if rng.random() < self.debug_prob:
            repairable = [node for node in tree.buggy_leaves() if node.debug_depth < self.max_debug_depth]
            if repairable:
                return Expansion("debug", rng.choice(repairable))
        if tree.best is None:
            return Expansion("draft")
        return Expansion("improve", tree.best)

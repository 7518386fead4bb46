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
    """Decides the next expansion from the tree alone; all chance comes from `rng`."""

    def next(self, tree: Tree, rng: random.Random) -> Expansion:
        """The next expansion."""
        ...


@dataclass(frozen=True, slots=True)
class GreedyPolicy:
    """AIDE's policy (arXiv 2502.13138): drafts first, then repairs, then improvements of the best node.

    `max_debug_depth` bounds the repairs in a row. The original compared with `<=` and so allowed one
    more; `original_depth` restores that.
    """

    num_drafts: int
    debug_prob: float
    max_debug_depth: int
    original_depth: bool = False

    def next(self, tree: Tree, rng: random.Random) -> Expansion:
        """See `SearchPolicy.next`."""
        if tree.drafts < self.num_drafts:
            return Expansion("draft")
        if rng.random() < self.debug_prob:
            bound = self.max_debug_depth + self.original_depth
            repairable = [node for node in tree.buggy_leaves() if node.debug_depth < bound]
            if repairable:
                return Expansion("debug", rng.choice(repairable))
        if tree.best is None:
            return Expansion("draft")
        return Expansion("improve", tree.best)

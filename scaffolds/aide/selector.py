"""Which node's submission stands at the end, and at every moment before."""

from typing import Protocol

from scaffolds.aide.tree import Node, Tree


class Selector(Protocol):
    """Picks the node to submit from what the tree knows now."""

    def pick(self, tree: Tree) -> Node | None:
        """The node whose submission should stand; None while nothing is good."""
        ...


class BestValidation:
    """The node with the best validation score; of equals the earliest."""

    def pick(self, tree: Tree) -> Node | None:
        """See `Selector.pick`."""
        return tree.best

"""What a prompt is told about earlier scripts."""

from dataclasses import dataclass
from typing import Protocol

from scaffolds.aide.tree import Node, Tree


@dataclass(frozen=True, slots=True)
class Recall:
    """Nodes to mention, in the order they were made, and how many good ones are not mentioned."""

    entries: tuple[Node, ...]
    omitted: int = 0


class MemoryScope(Protocol):
    """Chooses what to mention."""

    def recall(self, tree: Tree) -> Recall:
        """The nodes to mention in the next prompt."""
        ...


class NoMemory:
    """Mentions nothing."""

    def recall(self, tree: Tree) -> Recall:
        """See `MemoryScope.recall`."""
        return Recall(())


class WholeMemory:
    """Mentions every good node, as the original does: the prompt grows without bound."""

    def recall(self, tree: Tree) -> Recall:
        """See `MemoryScope.recall`."""
        return Recall(tuple(tree.recent()))


@dataclass(frozen=True, slots=True)
class BoundedMemory:
    """Mentions the best and the latest good nodes, so a prompt's length does not depend on the tree's."""

    best: int = 8
    latest: int = 8

    def recall(self, tree: Tree) -> Recall:
        """See `MemoryScope.recall`."""
        chosen = {node.id: node for node in (*tree.ranked(self.best), *tree.recent(self.latest))}
        entries = tuple(chosen[node_id] for node_id in sorted(chosen))
        return Recall(entries, tree.good - len(entries))

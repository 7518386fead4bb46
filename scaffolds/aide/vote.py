"""`top_k_vote`: the predictions of the best nodes, merged in the way that the task declares."""

from dataclasses import dataclass

from scaffolds.aide.selector import Lab, Selection, selection
from scaffolds.aide.tree import Node, Tree


@dataclass(frozen=True, slots=True)
class TopKVote:
    """Merges the submissions of the best nodes; the best one's stands where the merged one is not valid.

    What a merged submission scores is not known: the best node's score stands for it.
    """

    k: int
    reserve_share: float = 0.02

    def pick(self, tree: Tree) -> Node | None:
        """See `Selector.pick`."""
        return tree.best

    def final(self, tree: Tree, lab: Lab) -> Selection | None:
        """See `Selector.final`."""
        if (best := tree.best) is None:
            return None
        nodes = tree.ranked(self.k)
        merged = lab.merged(nodes) if len(nodes) > 1 else None
        if merged is None:
            return selection(best)
        return Selection(best, merged, best.score, tuple(node.id for node in nodes))

"""`reseed_top_k`: the scripts of the best nodes run again with other seeds, and the best mean wins."""

import statistics
from dataclasses import dataclass

from scaffolds.aide.selector import Lab, Selection, selection
from scaffolds.aide.tree import Node, Tree


@dataclass(frozen=True, slots=True)
class ReseedTopK:
    """Measures the best nodes again, as far as the reserve of time lasts, and compares means.

    What was chosen for its luck falls back. The submission stays the node's own. Only scripts that measure
    themselves in `metrics.json` take part. Where the best node could not be measured as often as others, its
    own score stands for its mean.
    """

    k: int
    seeds: int
    """How often each runs again."""
    reserve_share: float = 0.1

    def pick(self, tree: Tree) -> Node | None:
        """See `Selector.pick`."""
        return tree.best

    def final(self, tree: Tree, lab: Lab) -> Selection | None:
        """See `Selector.final`."""
        if (best := tree.best) is None:
            return None
        ranked = tree.ranked(self.k)
        nodes = [node for node in ranked if node.source == "script"] if len(ranked) > 1 else []
        again = lab.measured_again(nodes, range(1, self.seeds + 1))
        most = max(map(len, again.values()), default=0)
        if not most:
            return selection(best)
        # A mean over fewer runs is luckier; nodes that time did not last for cannot be compared.
        means = {
            node.id: statistics.fmean([node.score or 0.0, *again[node.id]])
            for node in nodes
            if len(again.get(node.id, ())) == most
        }
        sign = 1.0 if tree.metric.maximize else -1.0
        # A best node that could not be measured as often is not beaten by being left out.
        means.setdefault(best.id, best.score or 0.0)
        chosen = max(means, key=lambda node: (sign * means[node], node == best.id, -node))
        scores = {str(node): values for node, values in again.items()}
        kept = tree[chosen].kept
        assert kept is not None
        return Selection(tree[chosen], kept, means[chosen], scores=scores)

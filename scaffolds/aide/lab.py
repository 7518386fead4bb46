"""What selectors have done at the end of a run: scripts run again, predictions merged."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import orjson

from scaffolds.aide.crew import Crew, crew_of
from scaffolds.aide.evaluator import checked, run_once
from scaffolds.aide.folders import CLEAN
from scaffolds.aide.metrics import measured
from scaffolds.aide.standing import Afterwards
from scaffolds.aide.tree import Node
from scaffolds.messages import JsonValue
from scaffolds.run import Run

_MERGE_SCRIPT = Path(__file__).parent / "merge_script.py"
_MERGE_S = 600.0
_SLACK = 1.1
"""A script that runs again may take so much longer than it took."""


@dataclass(frozen=True, slots=True)
class Again:
    """One script that ran again."""

    node: int
    seed: int
    score: float | None


@dataclass(frozen=True, slots=True)
class RunLab:
    """See `scaffolds.aide.selector.Lab`: works in the run's sandboxes, and stops in time."""

    run: Run
    workers: int
    margin_s: float
    """Seconds that are left at the end, to put the decision into effect."""
    afterwards: Afterwards
    """Done whenever a script has run."""

    def measured_again(self, nodes: Sequence[Node], seeds: Sequence[int]) -> Mapping[int, list[float]]:
        """See `Lab.measured_again`; all nodes with the first seed, then all with the next."""
        crew: Crew[Again] = crew_of(self.run, self.workers)
        found: dict[int, list[float]] = defaultdict(list)
        waiting = list(product(seeds, nodes)) if self._two_fit(nodes) else []
        while waiting or crew.busy:
            while waiting and crew.free:
                seed, node = waiting.pop(0)
                if (cap_s := self._cap(node)) > 0:
                    crew.start(self._again(node, seed, cap_s))
            if crew.busy:
                done = crew.next_done()
                self.run.note("aide.reseed", node=done.node, seed=done.seed, score=done.score)
                if done.score is not None:
                    found[done.node].append(done.score)
        return found

    def merged(self, nodes: Sequence[Node]) -> str | None:
        """See `Lab.merged`."""
        card, run = self.run.task.card, self.run
        if not card.merge or "validate_submission" not in run.tools:
            return None
        for number, node in enumerate(nodes):
            if not run.call("place_file", kept=node.kept, path=f"merge/{number}.csv").ok:
                return None
        plan = {"files": len(nodes), "id": card.id_column, "columns": list(card.submission_columns)}
        env: dict[str, JsonValue] = {"PLAN": orjson.dumps({**plan, "how": card.merge}).decode()}
        cap_s = min(_MERGE_S, run.budget.left().seconds - self.margin_s)
        source = _MERGE_SCRIPT.read_text(encoding="utf-8")
        done = run.call("run_script", code=source, dir="merge", env=env, timeout=max(0.1, cap_s))
        verdict = checked(run, "merge/merged.csv") if done.ok else None
        run.call("shell", command="rm -rf merge")
        return str(verdict.data["kept"]) if verdict and verdict.ok else None

    def _two_fit(self, nodes: Sequence[Node]) -> bool:
        """Whether time lasts for two nodes: one alone has nothing to be compared with."""
        shortest = sorted(node.wall_s for node in nodes)[:2]
        needed_s = sum(shortest) if self.workers == 1 else max(shortest, default=0.0)
        left_s = self.run.budget.left().seconds - self.margin_s
        return len(shortest) == 2 and left_s > _SLACK * needed_s

    def _cap(self, node: Node) -> float:
        """How long a node's script may run again; 0 where it cannot be expected to end in time."""
        left_s = self.run.budget.left().seconds - self.margin_s
        return left_s if left_s > _SLACK * node.wall_s else 0.0

    def _again(self, node: Node, seed: int, cap_s: float) -> Callable[[Run], Again]:
        def work(run: Run) -> Again:
            directory = f"again/{node.id}-{seed}"
            done = run_once(run, node.code, directory, cap_s, seed)
            self.afterwards()
            score = measured(run, directory).score if done.ok else None
            run.call("shell", command=CLEAN)
            return Again(node.id, seed, score)

        return work

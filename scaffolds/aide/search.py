"""The search: decide, have it done, take in what came of it, let the best stand; at the end, select."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from scaffolds.aide.crew import Crew, crew_of
from scaffolds.aide.evaluator import Clock, Evaluation, Evaluator, Job
from scaffolds.aide.folders import Folders
from scaffolds.aide.lab import RunLab
from scaffolds.aide.operators import Operator, Situation
from scaffolds.aide.policy import Expansion, SearchPolicy
from scaffolds.aide.replies import Proposal
from scaffolds.aide.selector import Selector
from scaffolds.aide.tree import Node, Tree
from scaffolds.errors import LimitReached
from scaffolds.run import Outcome, Run

SUBMISSION = "../submission/submission.csv"
"""Where the submission lies, from the code folder."""
_MARGIN = 0.1
"""Share of the selector's reserve that is left for putting its decision into effect."""


class Outputs(Protocol):
    """What scripts printed, as later prompts show it."""

    def shown(self, node: Node) -> str:
        """What a prompt shows of a node's output."""
        ...

    def after(self, tree: Tree, node: Node) -> None:
        """A step is over: the node is in the tree."""
        ...


class WholeOutputs:
    """Shows what there is."""

    def shown(self, node: Node) -> str:
        """See `Outputs.shown`."""
        return node.output

    def after(self, tree: Tree, node: Node) -> None:
        """See `Outputs.after`."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a search is made of."""

    tree: Tree
    policy: SearchPolicy
    operators: Mapping[str, Operator]
    evaluator: Evaluator
    selector: Selector
    outputs: Outputs
    folders: Folders
    clock: Clock
    workers: int
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """A step's work: what was decided, proposed and found out."""

    step: int
    expansion: Expansion
    proposal: Proposal
    evaluation: Evaluation
    stands: str | None
    """SHA-256 of what lies at the submission's path in the worker's sandbox now; None if nothing ran."""

    def node(self) -> Node:
        """As a node of the tree."""
        parent, found = self.expansion.parent, self.evaluation
        repair = parent is not None and self.expansion.operator == "debug"
        return Node(
            self.step,
            self.expansion.operator,
            parent.id if parent else None,
            self.proposal.plan,
            self.proposal.code,
            found.output,
            found.findings,
            found.status,
            found.score,
            found.source,
            found.folds,
            parent.debug_depth + 1 if parent and repair else 0,
            found.kept,
            found.wall_s,
            found.rows,
        )


class Search:
    """One run of AIDE. Tree and decisions live in the run's own thread; workers only perform effects."""

    def __init__(self, run: Run, parts: Parts, preview: str) -> None:
        self._run = run
        self._parts = parts
        self._preview = preview
        self._crew: Crew[Made] = crew_of(run, parts.workers, Made)
        self._standing: tuple[int, str] | None = None
        """The node whose submission stands, and the submission."""

    def run(self) -> Outcome:
        """Search while the budget lasts, then select.

        Raises:
            LimitReached: a budget ended the search or the selection; the best submission stands.
        """
        limit: LimitReached | None = None
        while True:
            try:
                while limit is None and self._crew.free and self._may_start():
                    self._start()
                if not self._crew.busy:
                    break
                self._take_in(self._crew.next_done())
            except LimitReached as reached:
                limit = limit or reached
        outcome = self._select()
        if limit is not None:
            raise limit
        return outcome

    def _may_start(self) -> bool:
        left = self._run.budget.left()
        return left.steps != 0 and left.seconds > self._parts.clock.reserve_s

    def _start(self) -> None:
        """Decide on a node, and have a worker make it."""
        run, parts, tree = self._run, self._parts, self._parts.tree
        step, left = run.budget.take_step(), run.budget.left()
        expansion = parts.policy.next(tree, run.rng)
        parent = expansion.parent
        situation = Situation(
            tree,
            parent,
            parts.outputs.shown(parent) if parent else "",
            self._preview,
            left,
            parts.clock.cap(left.seconds),
            tuple(run.rng.sample(parts.packages, len(parts.packages))) if parent is None else (),
        )
        propose = parts.operators[expansion.operator].prepare(situation)
        tree.begin(step, parent.id if parent else None)
        self._crew.start(self._work(step, expansion, propose))

    def _work(
        self, step: int, expansion: Expansion, propose: Callable[[Run], Proposal]
    ) -> Callable[[Run], Made]:
        evaluator, folders = self._parts.evaluator, self._parts.folders
        directory = folders.of(step)

        def work(run: Run) -> Made:
            proposal = propose(run)
            evaluation = evaluator.evaluate(run, Job(proposal, directory, expansion.operator == "debug"))
            stands = None
            if proposal.code:
                command = f"{folders.clean(directory)}; sha256sum < {SUBMISSION}"
                stands = run.call("shell", command=command).text.partition(" ")[0]
            return Made(step, expansion, proposal, evaluation, stands)

        return work

    def _take_in(self, made: Made) -> None:
        node, tree = made.node(), self._parts.tree
        tree.add(node)
        self._parts.outputs.after(tree, node)
        _note(self._run, node)
        self._look_at(made)
        pick = self._parts.selector.pick(tree)
        if pick is not None and pick.kept is not None:
            self._place(pick, pick.kept, pick.score)

    def _look_at(self, made: Made) -> None:
        """A script in the run's own sandbox may have written over the submission: then it is put back."""
        if self._parts.workers > 1 or made.stands is None or self._standing is None:
            return
        if made.stands != self._standing[1]:
            self._standing = None

    def _place(self, node: Node, kept: str, score: float | None) -> None:
        """Have this submission stand, if it does not already."""
        if self._standing is not None and self._standing[1] == kept:
            return
        if self._run.call("place_file", kept=kept, path=SUBMISSION).ok:
            self._standing = (node.id, kept)
            self._run.note("aide.pick", node=node.id, score=score)

    def _select(self) -> Outcome:
        run, tree = self._run, self._parts.tree
        margin_s = _MARGIN * self._parts.clock.reserve_s
        chosen = self._parts.selector.final(tree, RunLab(run, self._parts.workers, margin_s))
        if chosen is None or tree.best is None:
            return Outcome(f"{len(tree)} scripts, none of them good")
        self._place(chosen.node, chosen.kept, chosen.score)
        run.call("write_file", path="solution.py", content=chosen.node.code)
        run.note(
            "aide.selection",
            node=chosen.node.id,
            best_val=tree.best.id,
            merged=list(chosen.merged),
            scores={node: [*values] for node, values in chosen.scores.items()},
        )
        what = f"scripts {', '.join(map(str, chosen.merged))} merged" if chosen.merged else ""
        words = what or f"script {chosen.node.id}"
        return Outcome(f"{len(tree)} scripts, {tree.good} good; submitted {words}", chosen.score)


def _note(run: Run, node: Node) -> None:
    run.note(
        "aide.node",
        id=node.id,
        parents=[] if node.parent is None else [node.parent],
        operator=node.operator,
        status=str(node.status),
        score=node.score,
        source=node.source,
        folds=list(node.folds),
        n=node.rows,
        plan=node.plan,
        code=node.code,
        findings=node.findings,
        submission=node.kept,
    )

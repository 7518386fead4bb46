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
from scaffolds.aide.selector import Selection, Selector
from scaffolds.aide.standing import Standing
from scaffolds.aide.tree import Node, Tree
from scaffolds.errors import LimitReached
from scaffolds.run import Outcome, Run

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

    def node(self) -> Node:
        """As a node of the tree."""
        parent, found = self.expansion.parent, self.evaluation
        repair = parent is not None and self.expansion.operator == "debug"
        return Node(
            id=self.step,
            operator=self.expansion.operator,
            parent=parent.id if parent else None,
            plan=self.proposal.plan,
            code=self.proposal.code,
            output=found.output,
            findings=found.findings,
            status=found.status,
            score=found.score,
            source=found.source,
            folds=found.folds,
            debug_depth=parent.debug_depth + 1 if parent and repair else 0,
            kept=found.kept,
            wall_s=found.wall_s,
            rows=found.rows,
        )


class Search:
    """One run of AIDE. Tree and decisions live in the run's own thread; workers only perform effects."""

    def __init__(self, run: Run, parts: Parts, preview: str) -> None:
        self._run = run
        self._parts = parts
        self._preview = preview
        self._crew: Crew[Made] = crew_of(run, parts.workers)
        self._standing = Standing(run, exposed=parts.workers == 1)

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
        directory, restore = folders.of(step), self._standing.restore

        def work(run: Run) -> Made:
            proposal = propose(run)
            # Before a script, not after one: then its submission would have to wait.
            run.call("shell", command=folders.clean(directory))
            job = Job(proposal, directory, expansion.operator == "debug", restore)
            return Made(step, expansion, proposal, evaluator.evaluate(run, job))

        return work

    def _take_in(self, made: Made) -> None:
        node, tree = made.node(), self._parts.tree
        tree.add(node)
        self._parts.outputs.after(tree, node)
        _note(self._run, node)
        pick = self._parts.selector.pick(tree)
        if pick is not None and pick.kept is not None:
            self._standing.place(pick, pick.kept, pick.score)

    def _select(self) -> Outcome:
        run, tree = self._run, self._parts.tree
        margin_s = _MARGIN * self._parts.clock.reserve_s
        lab = RunLab(run, self._parts.workers, margin_s, self._standing.restore)
        chosen = self._parts.selector.final(tree, lab)
        if chosen is None or tree.best is None:
            return Outcome(f"{len(tree)} scripts, none of them good")
        stands = self._standing.place(chosen.node, chosen.kept, chosen.score)
        folders = self._parts.folders
        run.call("shell", command=folders.clean(folders.of(chosen.node.id)))
        run.call("write_file", path="solution.py", content=chosen.node.code)
        run.note(
            "aide.selection",
            node=chosen.node.id,
            best_val=tree.best.id,
            merged=list(chosen.merged),
            scores={node: [*values] for node, values in chosen.scores.items()},
        )
        return _outcome(tree, chosen, stands=stands)


def _outcome(tree: Tree, chosen: Selection, *, stands: bool) -> Outcome:
    found = f"{len(tree)} scripts, {tree.good} good"
    if not stands:
        return Outcome(f"{found}; the submission of script {chosen.node.id} could not be put in its place")
    merged = f"scripts {', '.join(map(str, chosen.merged))} merged" if chosen.merged else ""
    return Outcome(f"{found}; submitted {merged or f'script {chosen.node.id}'}", chosen.score)


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

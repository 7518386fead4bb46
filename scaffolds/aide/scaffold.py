"""AIDE: a greedy tree search over whole scripts (arXiv 2502.13138), as MLE-bench ran it.

What differs from the original, beyond names: the metric's direction comes from the task, the score from
the script's `metrics.json`, every script runs in a directory of its own, a submission that fails its
check is a failed node, and prompts have a bounded memory. `parity: true` restores the original's
unbounded memory and its off-by-one in the depth of repairs.
"""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from scaffolds.aide.evaluator import Evaluation, Evaluator, SelfReported
from scaffolds.aide.memory import BoundedMemory, MemoryScope, NoMemory, WholeMemory
from scaffolds.aide.operators import Operator, PromptedOperator, Proposal, Situation
from scaffolds.aide.policy import Expansion, GreedyPolicy, SearchPolicy
from scaffolds.aide.selector import BestValidation, Selector
from scaffolds.aide.tree import Node, Tree
from scaffolds.briefing import Briefing, briefing
from scaffolds.prompts import Prompts
from scaffolds.run import Outcome, Run
from scaffolds.words import middle_cut

PREVIEW_CHARS = 6_000
_PREVIEW_SCRIPT = Path(__file__).parent / "preview_script.py"
_PREVIEW_TIMEOUT_S = 120.0
_RESERVE_SHARE = 0.01
"""Share of the time that no script may use, for the last copy of files and the end of the run."""


class AideConfig(BaseModel):
    """Settings of AIDE; the defaults are the paper's (table 7)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(500, ge=1)
    """Scripts to try; a limit in the sweep's `time_limits` goes before it."""
    num_drafts: int = Field(5, ge=1)
    """Solutions written from scratch before anything is improved."""
    debug_prob: float = Field(1.0, ge=0, le=1)
    """Probability that a failed script is repaired before anything is improved."""
    max_debug_depth: int = Field(20, ge=0)
    """Repairs in a row before a failed script is given up."""
    exec_timeout_s: float = Field(32_400.0, gt=0)
    """Seconds after which a script is stopped (9 h in the paper)."""
    folds: int = Field(5, ge=1)
    """Folds of cross-validation that the prompt asks for; 1 for none."""
    memory: Literal["none", "bounded", "all"] = "bounded"
    """Which earlier scripts a prompt mentions."""
    data_preview: bool = True
    """Whether prompts show the files and columns of the data."""
    temperature: float | None = 0.5
    """Sampling temperature of both models; null leaves it to the provider."""
    parity: bool = False
    """Reproduce the original's unbounded memory and its debug depth of one more than asked for."""


class Aide:
    """The search: select, write, run, judge, keep."""

    name = "aide"
    version = "1"
    Config = AideConfig

    def __init__(self, config: AideConfig) -> None:
        self._config = config
        self._prompts = Prompts.beside(__file__)
        self._memory = _memory(config)
        self._policy: SearchPolicy = GreedyPolicy(
            config.num_drafts, config.debug_prob, config.max_debug_depth, config.parity
        )
        self._selector: Selector = BestValidation()

    def run(self, run: Run) -> Outcome:
        """See `Scaffold.run`."""
        tree = Tree(run.task.metric)
        brief = briefing(run, cap_s=self._config.exec_timeout_s, step="one script", own_folder=True)
        operators, evaluator = self._operators(brief), self._evaluator(brief)
        reserve_s = _RESERVE_SHARE * run.budget.left().seconds
        preview = self._preview(run)
        placed: Node | None = None
        while (left := run.budget.left()).steps != 0 and left.seconds > reserve_s:
            step = run.budget.take_step()
            cap_s = min(self._config.exec_timeout_s, left.seconds - reserve_s)
            expansion = self._policy.next(tree, run.rng)
            situation = Situation(run, tree, expansion.parent, preview, cap_s)
            proposal = operators[expansion.operator].propose(situation)
            directory = f"nodes/{step}"
            evaluation = evaluator.evaluate(run, directory, proposal, cap_s)
            node = _node(step, expansion, proposal, evaluation)
            tree.add(node)
            _note(run, node)
            chosen = self._selector.pick(tree)
            if _harvest(run, directory, node, submit=chosen is node):
                placed = node
        return _outcome(tree, placed)

    def _operators(self, brief: Briefing) -> dict[str, Operator]:
        system = self._prompts.render("system", brief=brief, folds=self._config.folds)
        told: dict[int, str] = {}
        return {
            name: PromptedOperator(name, self._prompts, self._memory, system, self._config.temperature, told)
            for name in ("draft", "improve", "debug")
        }

    def _evaluator(self, brief: Briefing) -> Evaluator:
        system = self._prompts.render("review_system", brief=brief)
        return SelfReported(self._prompts, system, self._config.temperature)

    def _preview(self, run: Run) -> str:
        if not self._config.data_preview:
            return "(not shown)"
        code = _PREVIEW_SCRIPT.read_text(encoding="utf-8")
        done = run.call("run_script", code=code, dir="preview", timeout=_PREVIEW_TIMEOUT_S)
        return middle_cut(done.text, PREVIEW_CHARS, 0)


def _memory(config: AideConfig) -> MemoryScope:
    if config.parity or config.memory == "all":
        return WholeMemory()
    return NoMemory() if config.memory == "none" else BoundedMemory()


def _node(step: int, expansion: Expansion, proposal: Proposal, evaluation: Evaluation) -> Node:
    parent = expansion.parent
    depth = parent.debug_depth + 1 if parent and expansion.operator == "debug" else 0
    return Node(
        step,
        expansion.operator,
        parent.id if parent else None,
        proposal.plan,
        proposal.code,
        evaluation.output,
        evaluation.findings,
        evaluation.status,
        evaluation.score,
        evaluation.source,
        evaluation.folds,
        depth,
    )


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
        plan=node.plan,
        code=node.code,
        findings=node.findings,
    )


def _harvest(run: Run, directory: str, node: Node, *, submit: bool) -> bool:
    """Put the submission in its place if this node is the pick, and remove the node's directory.

    Returns whether the submission of this node stands now.
    """
    if not node.code:
        return False
    put = f"cp {directory}/{run.task.card.submission} ../submission/submission.csv"
    commands = [put, f"cp {directory}/solution.py ."] if submit else []
    done = run.call("shell", command=" && ".join([*commands, f"rm -rf {directory}"]))
    if submit and done.ok:
        run.note("aide.pick", node=node.id, score=node.score)
    return submit and done.ok


def _outcome(tree: Tree, placed: Node | None) -> Outcome:
    if placed is None:
        return Outcome(f"{len(tree)} scripts, none of them good")
    return Outcome(f"{len(tree)} scripts, {tree.good} good; submitted script {placed.id}", placed.score)

"""The defects of the original, each by itself: what `parity: true` puts in the place of ours.

They are those of the version that MLE-bench ran, as far as they change results and can be had without
harm. docs/aide.md lists them, and those that are left out.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scaffolds.aide.evaluator import Evaluation, Job, run_once, shown, status_of, wall_s
from scaffolds.aide.replies import MAX_CODE_CHARS, Proposal, Unreadable
from scaffolds.aide.reviews import SUBMIT_REVIEW as _OURS
from scaffolds.aide.reviews import Reviewer
from scaffolds.aide.tree import Node, Status, Tree
from scaffolds.markdown import blocks, prose_before_first_block
from scaffolds.run import Run
from scaffolds.syntax import parsed
from scaffolds.task import Metric
from scaffolds.tools import Parameter, ToolSpec

OMITTED = "<OMITTED>"
SUBMIT_REVIEW = ToolSpec(
    _OURS.name,
    _OURS.description,
    {
        **_OURS.parameters,
        "is_bug": Parameter("boolean", "Whether the script failed or measured itself wrongly."),
        "has_submission": Parameter("boolean", "Whether the script writes the file of predictions."),
    },
)
"""The reviewer is also asked for what a look at the file would say; false makes the node invalid."""
_LAUNCHER = Path(__file__).parent / "original_launcher.py"


def one_repair_more(max_debug_depth: int) -> int:
    """The original compares a chain's length with `<=`, and so allows one repair more than asked for."""
    return max_debug_depth + 1


def only_floats(value: object) -> float | None:
    """A metric that JSON writes without a point, such as 1, counts as none; NaN counts as one."""
    return value if isinstance(value, float) else None


@dataclass(slots=True)
class LastBetter:
    """The best score as the original's comparison finds it: NaN is better than all where less is better.

    Where more is better, nothing is better than a NaN that came first.
    """

    metric: Metric
    _best: tuple[float, int] | None = None
    _all: list[int] = field(default_factory=list[int])

    def add(self, node: int, score: float) -> None:
        """See `Ranking.add`."""
        self._all.append(node)
        if self._best is None or self._better(score, self._best[0]):
            self._best = (score, node)

    @property
    def best(self) -> int | None:
        """See `Ranking.best`."""
        return None if self._best is None else self._best[1]

    def first(self, count: int | None) -> Sequence[int]:
        """See `Ranking.first`; the original knows no more than the best."""
        return [] if self._best is None or count == 0 else [self._best[1]]

    def _better(self, new: float, old: float) -> bool:
        greater = new > old
        return new != old and (greater if self.metric.maximize else not greater)


class OmittedOutputs:
    """Scripts on the way to the best one lose their output after each step, for good.

    While nothing is good, it is the longest way, of equals the oldest. So the first draft and each repair
    that goes deeper than all before are repaired without their traceback.
    """

    def __init__(self) -> None:
        self._omitted: set[int] = set()
        self._longest: list[int] = []
        self._lengths: dict[int, int] = {}

    def shown(self, node: Node) -> str:
        """See `Outputs.shown`."""
        return OMITTED if node.id in self._omitted else node.output

    def after(self, tree: Tree, node: Node) -> None:
        """See `Outputs.after`."""
        self._lengths[node.id] = 1 if node.parent is None else self._lengths[node.parent] + 1
        if self._lengths[node.id] > len(self._longest):
            self._longest = [step.id for step in tree.path(node)]
        way = self._longest if tree.best is None else [step.id for step in tree.path(tree.best)]
        self._omitted.update(way)


@dataclass(frozen=True, slots=True)
class OneFolder:
    """All scripts run in the same directory and find each other's files; only submissions are removed."""

    submission: str

    def of(self, step: int) -> str:
        """See `Folders.of`."""
        del step
        return "working"

    def clean(self, directory: str) -> str:
        """See `Folders.clean`."""
        return f"rm -f {shlex.quote(f'{directory}/{self.submission}')}"


def read_original(text: str) -> Proposal:
    """The original's reading: blocks without a tag or tagged `python` that compile, else all of the text.

    Of a block tagged `py`, the tag is taken for its first line. Without a plan or code the reply counts as
    unreadable: see `unread_original`.

    Raises:
        Unreadable: there is no plan before the code, or no code.
    """
    found = blocks(text)
    parts = [_with_tag(block.info, block.body) for block in found] or [text.replace("`", "")]
    code = "\n\n".join(part.strip("\n") for part in parts if _compiles(part))
    plan = prose_before_first_block(text).strip() if found else ""
    if not (plan and code.strip()) or len(code) > MAX_CODE_CHARS:
        raise Unreadable("it holds no plan, or no code that compiles.")
    return Proposal(plan, code + "\n")


def unread_original(text: str) -> Proposal:
    """After the last try, the whole reply is the script, without a plan."""
    return Proposal("", text)


def _with_tag(info: str, body: str) -> str:
    return body if info in ("", "python") else f"{info}\n{body}"


def _compiles(code: str) -> bool:
    """Whether it is Python: parsed, never run, and no longer than a script may be."""
    tree = parsed(code) if len(code) <= MAX_CODE_CHARS else None
    return tree is not None and bool(tree.body)


def launched(code: str) -> str:
    """The script as the original's interpreter runs it: see `original_launcher.py`."""
    return _LAUNCHER.read_text(encoding="utf-8").replace('"THE CODE"', repr(code))


@dataclass(frozen=True, slots=True)
class OriginalEvaluator:
    """The reviewer says what the metric is, and any file at the submission's place makes a good node."""

    reviewer: Reviewer
    cap_s: float
    """What a script may take, whatever is left of the run."""
    submission: str

    def evaluate(self, run: Run, job: Job) -> Evaluation:
        """See `Evaluator.evaluate`."""
        done = run_once(run, launched(job.proposal.code), job.directory, self.cap_s)
        job.afterwards()
        ran = Evaluation(status_of(done), shown(done), "", wall_s=wall_s(done))
        there = run.call("keep_file", path=f"{job.directory}/{self.submission}")
        review = self.reviewer.review(run, job.proposal.code, ran.output)
        status = ran.status
        if status is Status.OK and not (review.has_submission and there.ok):
            status = Status.INVALID
        elif status is Status.OK and (review.is_bug or review.metric is None):
            status = Status.FAILED
        if status is not Status.OK:
            return Evaluation(status, ran.output, review.summary, wall_s=ran.wall_s)
        kept = str(there.data["kept"])
        return Evaluation(
            status, ran.output, review.summary, review.metric, "self", kept=kept, wall_s=ran.wall_s
        )

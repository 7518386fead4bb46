"""What a script is worth: run it, read the score it measured, check its submission, have it reviewed."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from scaffolds.aide.folders import CLEAN
from scaffolds.aide.metrics import measured
from scaffolds.aide.replies import Proposal
from scaffolds.aide.reviews import NO_REVIEW, Review, Reviewer
from scaffolds.aide.standing import Afterwards
from scaffolds.aide.tree import Status
from scaffolds.messages import JsonValue
from scaffolds.run import Run
from scaffolds.tools import ToolResult
from scaffolds.words import duration_words, middle_cut

OUTPUT_HEAD = OUTPUT_TAIL = 2_500
"""Characters of a script's output that models see, as in the original."""
_SAMPLE_SCRIPT = Path(__file__).parent / "sample_script.py"
_SAMPLING_S = 600.0
_TRIAL_SHARE = 0.1
"""Share of a script's time that a trial on sampled rows may take."""
_VERDICT = "[submission check]"
_PASSED = "[submission check passed]"
_REVIEW_SHARE = 0.5
"""Share of the reserve that has to be left for a review to begin."""


@dataclass(frozen=True, slots=True)
class Clock:
    """How long scripts may run."""

    cap_s: float
    """Seconds after which a script is stopped."""
    reserve_s: float
    """Seconds at the end of the run that no script of the search may use."""

    def cap(self, left_s: float) -> float:
        """How long a script may run when so many seconds are left."""
        return min(self.cap_s, left_s - self.reserve_s)


@dataclass(frozen=True, slots=True)
class Job:
    """A script to be judged."""

    proposal: Proposal
    directory: str
    """Where it runs, relative to the code folder."""
    repair: bool
    """Whether it mends one that failed."""
    afterwards: Afterwards
    """To be done whenever it has run, before it is reviewed."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came of a script."""

    status: Status
    output: str
    findings: str
    score: float | None = None
    source: str = "script"
    folds: tuple[float, ...] = ()
    kept: str | None = None
    """Its submission, as the run keeps it; only of one that can be submitted."""
    wall_s: float = 0.0
    rows: int | None = None


class Evaluator(Protocol):
    """Finds out what a script is worth; never raises for what the script does."""

    def evaluate(self, run: Run, job: Job) -> Evaluation:
        """Run the script in a worker's sandbox and judge it."""
        ...


@dataclass(frozen=True, slots=True)
class SelfReported:
    """Trusts the score that the script measured on its own split, and a model's review of the output."""

    reviewer: Reviewer
    clock: Clock
    submission: str
    """Where a script leaves its predictions, relative to its directory."""

    def evaluate(self, run: Run, job: Job) -> Evaluation:
        """See `Evaluator.evaluate`."""
        code = job.proposal.code
        if not code:
            return Evaluation(Status.UNREADABLE, "", "The reply held no script.")
        if (cap_s := self.clock.cap(run.budget.left().seconds)) <= 0:
            return Evaluation(Status.UNRUN, "", "No time was left to run it.")
        done = run_once(run, code, job.directory, cap_s)
        job.afterwards()
        ran = Evaluation(status_of(done), shown(done), "", wall_s=wall_s(done))
        if ran.status is not Status.OK:
            return replace(ran, findings=self._review(run, job, ran.output).summary)
        return self._judge(run, job, ran)

    def _review(self, run: Run, job: Job, output: str) -> Review:
        """None is asked for when little of the reserve is left: the submission has to be put in its place."""
        if run.budget.left().seconds < _REVIEW_SHARE * self.clock.reserve_s:
            return NO_REVIEW
        return self.reviewer.review(run, job.proposal.code, output)

    def _judge(self, run: Run, job: Job, ran: Evaluation) -> Evaluation:
        """What a script that ended by itself is worth."""
        found = measured(run, job.directory)
        verdict = checked(run, f"{job.directory}/{self.submission}")
        reviewed = f"{ran.output}\n{_PASSED if verdict.ok else _VERDICT} {verdict.text}"
        output = ran.output if verdict.ok else reviewed
        review = self._review(run, job, reviewed)
        findings, wall_s = review.summary, ran.wall_s
        if not verdict.ok:
            return Evaluation(Status.INVALID, output, f"{findings} {verdict.text}".strip(), wall_s=wall_s)
        score, source = (found.score, "script") if found.score is not None else (review.metric, "self")
        if score is None or review.is_bug:
            return Evaluation(Status.FAILED, output, findings or "It measured no score.", wall_s=wall_s)
        return Evaluation(
            status=Status.OK,
            output=output,
            findings=findings,
            score=score,
            source=source,
            folds=found.folds,
            kept=str(verdict.data["kept"]),
            wall_s=wall_s,
            rows=found.rows,
        )


@dataclass(frozen=True, slots=True)
class SampledRepairs:
    """Tries a repair on a sample of the training rows first: most fail, and need not take hours for that.

    The sample is made in the sandbox, for tables that are CSV files; others are left whole. What such a
    trial measures counts for nothing.
    """

    inner: SelfReported
    rows: int
    train: str
    """The training table's name in the data folder."""

    def evaluate(self, run: Run, job: Job) -> Evaluation:
        """See `Evaluator.evaluate`."""
        return self._failed_trial(run, job) or self.inner.evaluate(run, job)

    def _failed_trial(self, run: Run, job: Job) -> Evaluation | None:
        if not (job.repair and job.proposal.code and (cap_s := self._cap(run)) > 0):
            return None
        directory = f"{job.directory}/sample"
        env: dict[str, JsonValue] = {"TRAIN": self.train, "ROWS": str(self.rows)}
        source = _SAMPLE_SCRIPT.read_text(encoding="utf-8")
        made = run.call("run_script", code=source, dir=directory, env=env, timeout=min(cap_s, _SAMPLING_S))
        trial_s = _TRIAL_SHARE * self._cap(run)
        if not made.ok or trial_s <= 0:
            return None
        done = run_once(run, job.proposal.code, directory, trial_s)
        job.afterwards()
        if done.ok:
            run.call("shell", command=CLEAN)  # what it left is not what the whole run begins with
            return None
        limit = duration_words(trial_s)
        output = f"[a trial on {self.rows} of the training rows, of at most {limit}]\n{shown(done)}"
        summary = self.inner.reviewer.review(run, job.proposal.code, output).summary
        return Evaluation(status_of(done), output, summary, wall_s=wall_s(done))

    def _cap(self, run: Run) -> float:
        """How long a script may run from now on."""
        return self.inner.clock.cap(run.budget.left().seconds)


def run_once(run: Run, code: str, directory: str, cap_s: float, seed: int = 0) -> ToolResult:
    """Run a script in a directory for at most `cap_s` seconds; it takes its seed from the environment."""
    return run.call("run_script", code=code, dir=directory, timeout=cap_s, env={"SEED": str(seed)})


def checked(run: Run, path: str) -> ToolResult:
    """The verdict on a submission's form; without that tool, whether there is a file. A good one is kept."""
    tool = "validate_submission" if "validate_submission" in run.tools else "keep_file"
    verdict = run.call(tool, path=path)
    if verdict.ok and not verdict.data.get("kept"):
        return ToolResult(False, "There is no room left to keep it.")
    return verdict


def status_of(done: ToolResult) -> Status:
    """How a script ended."""
    if done.ok:
        return Status.OK
    return Status.TIMEOUT if done.data.get("ended") == "timeout" else Status.FAILED


def shown(done: ToolResult) -> str:
    """What a script printed, as models see it."""
    return middle_cut(done.text, OUTPUT_HEAD, OUTPUT_TAIL)


def wall_s(done: ToolResult) -> float:
    """How long a script ran."""
    seconds = done.data.get("wall_s")
    return float(seconds) if isinstance(seconds, int | float) else 0.0

"""What a script is worth: run it, read the score it measured, check its submission, have it reviewed."""

import math
from dataclasses import dataclass
from typing import Any, Protocol, cast

import orjson

from scaffolds.aide.operators import Proposal
from scaffolds.aide.tree import Status
from scaffolds.messages import JsonValue, Message, ToolCall
from scaffolds.prompts import Prompts
from scaffolds.run import Run
from scaffolds.tools import Parameter, ToolResult, ToolSpec
from scaffolds.words import middle_cut

OUTPUT_HEAD = OUTPUT_TAIL = 2_500
"""Characters of a script's output that models see, as in the original."""
REVIEW_ATTEMPTS = 3
_METRICS_BYTES = 65_536

REVIEW = ToolSpec(
    "submit_review",
    "Report what the run of a script shows.",
    {
        "is_bug": Parameter("boolean", "Whether the script failed or measured itself wrongly."),
        "summary": Parameter("string", "Two or three sentences: what was tried, what came out."),
        "metric": Parameter("number", "The validation value it printed; null if none.", nullable=True),
        "has_submission": Parameter("boolean", "Whether it says that it wrote the submission."),
    },
)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came of a script."""

    status: Status
    output: str
    findings: str
    score: float | None = None
    source: str = "script"
    folds: tuple[float, ...] = ()


class Evaluator(Protocol):
    """Finds out what a script is worth; never raises for what the script does."""

    def evaluate(self, run: Run, directory: str, proposal: Proposal, cap_s: float) -> Evaluation:
        """Run the script in `directory` for at most `cap_s` seconds and judge it."""
        ...


@dataclass(frozen=True, slots=True)
class Review:
    """A model's reading of a run. It may call a script buggy; the score comes from the script's own file."""

    is_bug: bool
    summary: str
    metric: float | None


@dataclass(frozen=True, slots=True)
class SelfReported:
    """Trusts the score that the script measured on its own split, and a model's review of the output."""

    prompts: Prompts
    system: str
    """The reviewer's system message: the same for every step of a run."""
    temperature: float | None

    def evaluate(self, run: Run, directory: str, proposal: Proposal, cap_s: float) -> Evaluation:
        """See `Evaluator.evaluate`."""
        if not proposal.code:
            return Evaluation(Status.UNREADABLE, "", "The reply held no script.")
        done = run.call("run_script", code=proposal.code, dir=directory, timeout=cap_s, env={"SEED": "0"})
        output = middle_cut(done.text, OUTPUT_HEAD, OUTPUT_TAIL)
        if not done.ok:
            status = Status.TIMEOUT if done.data.get("ended") == "timeout" else Status.FAILED
            return Evaluation(status, output, self._review(run, proposal, output).summary)
        measured = run.call("read_file", path=f"{directory}/metrics.json", limit=_METRICS_BYTES)
        verdict = _check(run, f"{directory}/{run.task.card.submission}")
        if not verdict.ok:
            output = f"{output}\n[submission check] {verdict.text}"
        review = self._review(run, proposal, output)
        score, folds = read_metrics(measured)
        source = "script"
        if score is None:
            score, source = review.metric, "self"
        if not verdict.ok:
            return Evaluation(Status.INVALID, output, f"{review.summary} {verdict.text}")
        if score is None or review.is_bug:
            return Evaluation(Status.FAILED, output, review.summary or "It measured no score.")
        return Evaluation(Status.OK, output, review.summary, score, source, folds)

    def _review(self, run: Run, proposal: Proposal, output: str) -> Review:
        prompt = self.prompts.render("review", code=proposal.code, output=output)
        conversation = [Message("system", self.system), Message("user", prompt)]
        settings: dict[str, JsonValue] = {"tool_choice": REVIEW.name}
        if self.temperature is not None:
            settings["temperature"] = self.temperature
        for attempt in range(REVIEW_ATTEMPTS):
            reply = run.ask(conversation, role="feedback", tools=(REVIEW,), **settings)
            review = read_review(reply.tool_calls)
            if isinstance(review, Review):
                return review
            run.note("aide.parse_error", attempt=attempt, reason=review)
            conversation += [reply.message(), *_complaints(reply.tool_calls, review)]
        return Review(is_bug=False, summary="", metric=None)


def _check(run: Run, path: str) -> ToolResult:
    """The verdict on a submission's form; where that tool is taken away, whether there is a file at all."""
    if "validate_submission" in run.tools:
        return run.call("validate_submission", path=path)
    return run.call("read_file", path=path, limit=1)


def _complaints(calls: tuple[ToolCall, ...], reason: str) -> list[Message]:
    """Every call needs an answer, and a reply without one needs a user message."""
    if not calls:
        return [Message("user", f"{reason} Call `{REVIEW.name}`.")]
    return [Message("tool", reason, tool_call_id=call.id) for call in calls]


def read_review(calls: tuple[ToolCall, ...]) -> Review | str:
    """The review in a reply's tool calls, or what is wrong with them."""
    call = next((call for call in calls if call.name == REVIEW.name), None)
    if call is None:
        return f"There is no call of {REVIEW.name}."
    try:
        loaded: Any = orjson.loads(call.arguments)
    except orjson.JSONDecodeError as error:
        return f"The arguments are not JSON: {error}."
    if not isinstance(loaded, dict):
        return "The arguments are not a JSON object."
    fields = cast("dict[str, Any]", loaded)
    is_bug, summary = fields.get("is_bug"), fields.get("summary")
    if not isinstance(is_bug, bool) or not isinstance(summary, str):
        return "is_bug must be a boolean and summary a string."
    return Review(is_bug, summary.strip(), finite(fields.get("metric")))


def read_metrics(result: ToolResult) -> tuple[float | None, tuple[float, ...]]:
    """Score and fold scores of a script's `metrics.json`; None where there is no finite number."""
    if not result.ok:
        return None, ()
    try:
        loaded: Any = orjson.loads(result.text)
    except orjson.JSONDecodeError:
        return None, ()
    if not isinstance(loaded, dict):
        return None, ()
    fields = cast("dict[str, Any]", loaded)
    folds: Any = fields.get("folds")
    values = [finite(v) for v in cast("list[Any]", folds)[:100]] if isinstance(folds, list) else []
    return finite(fields.get("score")), tuple(v for v in values if v is not None)


def finite(value: object) -> float | None:
    """A JSON number as a float; integers count, booleans, infinities and NaN do not."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None

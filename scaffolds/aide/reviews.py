"""A model's reading of what a script printed. It may call a script buggy, and never says what is better."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from scaffolds.aide.metrics import finite
from scaffolds.errors import ContextOverflow, LimitReached
from scaffolds.messages import JsonValue, Message, ToolCall
from scaffolds.prompts import Prompts
from scaffolds.run import Run
from scaffolds.tools import Parameter, ToolSpec

REVIEW_ATTEMPTS = 3
SUBMIT_REVIEW = ToolSpec(
    "submit_review",
    "Report what the run of a script shows.",
    {
        "is_bug": Parameter(
            "boolean",
            "Whether it failed, measured itself wrongly, or left no well-formed submission.",
        ),
        "summary": Parameter("string", "Two or three sentences: what was tried, what came out."),
        "metric": Parameter("number", "The validation value it printed; null if none.", nullable=True),
    },
)

Number = Callable[[object], float | None]
"""What counts as a metric in a review."""


@dataclass(frozen=True, slots=True)
class Review:
    """What the reviewer reports."""

    is_bug: bool
    summary: str
    metric: float | None
    has_submission: bool = True
    """Whether the script writes one, where the form asks for that; only the original's does."""


NO_REVIEW = Review(is_bug=False, summary="", metric=None)
"""Where the reviewer never answers in the form asked for: what the script measured has to do."""


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Asks the model that plays `feedback`."""

    prompts: Prompts
    system: str
    """Its system message: the same for every step of a run."""
    temperature: float | None
    number: Number = finite
    form: ToolSpec = SUBMIT_REVIEW
    """What is asked for."""

    def review(self, run: Run, code: str, output: str) -> Review:
        """The review of a run; a report that cannot be read is asked for again."""
        prompt = self.prompts.render("review", code=code, output=output)
        conversation = [Message("system", self.system), Message("user", prompt)]
        settings: dict[str, JsonValue] = {"tool_choice": self.form.name}
        if self.temperature is not None:
            settings["temperature"] = self.temperature
        for attempt in range(REVIEW_ATTEMPTS):
            try:
                reply = run.ask(conversation, role="feedback", tools=(self.form,), **settings)
            except LimitReached as limit:
                if limit.kind == "time":
                    raise
                return NO_REVIEW  # the script has run; what it measured is not thrown away for a review
            except ContextOverflow:
                return NO_REVIEW
            review = read_review(reply.tool_calls, self.number)
            if isinstance(review, Review):
                return review
            run.note("aide.parse_error", attempt=attempt, reason=review)
            conversation += [reply.message(), *_complaints(reply.tool_calls, review)]
        return NO_REVIEW


def _complaints(calls: tuple[ToolCall, ...], reason: str) -> list[Message]:
    """Every call needs an answer, and a reply without one needs a user message."""
    if not calls:
        return [Message("user", f"{reason} Call `{SUBMIT_REVIEW.name}`.")]
    return [Message("tool", reason, tool_call_id=call.id) for call in calls]


def read_review(calls: tuple[ToolCall, ...], number: Number = finite) -> Review | str:
    """The review in a reply's tool calls, or what is wrong with them."""
    call = next((call for call in calls if call.name == SUBMIT_REVIEW.name), None)
    if call is None:
        return f"There is no call of {SUBMIT_REVIEW.name}."
    try:
        loaded: Any = json.loads(call.arguments)
    except (ValueError, RecursionError) as error:
        return f"The arguments are not JSON: {error}."
    if not isinstance(loaded, dict):
        return "The arguments are not a JSON object."
    fields = cast("dict[str, Any]", loaded)
    is_bug, summary = fields.get("is_bug"), fields.get("summary")
    if not isinstance(is_bug, bool) or not isinstance(summary, str):
        return "is_bug must be a boolean and summary a string."
    has_submission = fields.get("has_submission") is not False
    return Review(is_bug, summary.strip(), number(fields.get("metric")), has_submission)

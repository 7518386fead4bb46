"""The review of a run: fills whatever properties the review tool asks for, from the last code and output."""

import json
from dataclasses import dataclass
from pathlib import PurePosixPath

from scaffolds.messages import JsonValue
from scaffolds.models.offline.outputs import Fault, Findings, read_output
from scaffolds.models.offline.reading import Reading
from scaffolds.models.offline.recipes import recipe_of
from scaffolds.models.offline.scripts import environment
from scaffolds.tools import Parameter, ToolSpec

TOOL = "submit_review"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is thought of a run."""

    is_bug: bool
    summary: str
    metric: float | None
    has_submission: bool
    lower_is_better: bool


def judge(reading: Reading) -> Verdict:
    """The verdict on the last run. A run without an output or without a score is a bug."""
    findings = read_output(reading.output or "")
    written = _has_submission(reading, findings)
    fault = findings.fault
    if fault is None and not written:
        fault = Fault("no_submission", "the output does not say that the submission was written")
    return Verdict(
        is_bug=fault is not None,
        summary=_summary(reading, findings, fault),
        metric=None if findings.fault is not None else findings.score,
        has_submission=written,
        lower_is_better=reading.card is not None and not reading.card.metric.maximize,
    )


def arguments(verdict: Verdict, tool: ToolSpec) -> str:
    """The call's arguments as JSON text: every property that the tool has, and no other."""
    known: dict[str, JsonValue] = {
        "is_bug": verdict.is_bug,
        "summary": verdict.summary,
        "metric": verdict.metric,
        "has_submission": verdict.has_submission,
        "has_csv_submission": verdict.has_submission,
        "lower_is_better": verdict.lower_is_better,
    }
    filled: dict[str, JsonValue] = {}
    for name, parameter in tool.parameters.items():
        value = known.get(name)
        if value is not None or parameter.nullable:
            filled[name] = value
        elif parameter.required:
            filled[name] = _neutral(parameter)
    return json.dumps(filled, ensure_ascii=False)


def _has_submission(reading: Reading, findings: Findings) -> bool:
    """Whether the run left a submission, as far as its output and its code tell."""
    if findings.fault is not None and findings.fault.kind != "no_score":
        return False
    if reading.card is None:
        return bool(findings.wrote)
    path = PurePosixPath(reading.card.submission)
    if findings.wrote or recipe_of(reading.code or "") is not None:
        return path in map(PurePosixPath, findings.wrote)
    return path.name in (reading.code or "") and "to_csv" in (reading.code or "")


def _summary(reading: Reading, findings: Findings, fault: Fault | None) -> str:
    recipe = recipe_of(reading.code or "")
    members = recipe.members if recipe is not None else ()
    classes = reading.card is None or reading.card.prediction != "number"
    models = [member.variant(classes).words for member in members]
    text = (
        environment()
        .get_template("replies/review.md.j2")
        .render(models=models, findings=findings, fault=fault, output=reading.output)
    )
    return " ".join(text.split())


def _neutral(parameter: Parameter) -> JsonValue:
    """A value for a required property that the review has nothing to say about."""
    neutral: dict[str, JsonValue] = {
        "string": "",
        "number": 0.0,
        "integer": 0,
        "boolean": False,
        "object": {},
    }
    return neutral[parameter.type]

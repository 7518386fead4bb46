"""The submission checked, and the session ended."""

from scaffolds.mlab.actions.action import Action, Arguments, Observed, seen
from scaffolds.mlab.desk import Desk
from scaffolds.runtime.arguments import text
from scaffolds.tools import Parameter, ToolSpec


def _validate(desk: Desk, arguments: Arguments) -> Observed:
    verdict = desk.run.call("validate_submission", path=text(arguments, "submission_path"))
    if "code" not in verdict.data:  # there is no such file
        return seen(verdict)
    return Observed(f"[{verdict.data['code']}] {verdict.text}", "ok" if verdict.ok else "failed")


def _finish(desk: Desk, arguments: Arguments) -> Observed:
    summary = text(arguments, "final_answer")
    if "finish" in desk.run.tools:
        desk.run.call("finish", summary=summary)
    return Observed(summary, final=True)


VALIDATE_SUBMISSION = Action(
    ToolSpec(
        "Validate Submission",
        "Ask whether a submission file is well-formed. Says nothing about how good it is.",
        {"submission_path": Parameter("string", "The file, absolute or relative to the code folder.")},
    ),
    _validate,
    ("validate_submission",),
)
FINAL_ANSWER = Action(
    ToolSpec(
        "Final Answer",
        "End the session for good. Only for when a valid submission is in its place and nothing is left that "
        "could improve it; while there is time and an idea, go on instead.",
        {"final_answer": Parameter("string", "A summary of what was done and found.")},
    ),
    _finish,
)

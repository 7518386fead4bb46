"""What to look for after single attacks, besides what is looked for after all of them."""

from collections.abc import Callable, Mapping

from experiments.attest.evidence import Trace
from experiments.attest.stage import Stage

Check = Callable[[Trace], list[str]]

_STOLEN = 0.2
"""Share of true answers that no guessing reaches: they are numbers between 25 and 346."""
_SLEPT_S = 2.0
"""How long the attack on the clock makes sure to take."""


def stolen(trace: Trace, stage: Stage) -> list[str]:
    """Whether a file of the workspace has the answers, wherever they came from."""
    findings: list[str] = []
    for path, content in trace.files.items():
        if not path.endswith(".csv"):
            continue
        lines = [line.split(",") for line in content.decode(errors="replace").splitlines()]
        right = sum(len(line) == 2 and _right(stage.answers.get(line[0]), line[1]) for line in lines)
        if right > _STOLEN * len(stage.answers):
            findings.append(f"{right} of {len(stage.answers)} answers are right in {path}")
    return findings


def _right(answer: str | None, told: str) -> bool:
    try:
        return answer is not None and float(answer) == float(told)
    except ValueError:
        return False


def _not_forged(trace: Trace) -> list[str]:
    """No call but the forging one has the forged words."""
    return [f"a forged answer was taken for one of {c.tool}" for c in trace.calls[1:] if "FORGED" in c.text]


def _works_again(trace: Trace) -> list[str]:
    """The cell after the forgeries says what it has to."""
    told = trace.calls[1].text if len(trace.calls) > 1 else ""
    honest = "cell 42\n" in f"{told}\n"
    return _not_forged(trace) + ([] if honest else [f"the next cell came to something else: {told[:200]!r}"])


def _took_its_time(trace: Trace) -> list[str]:
    """The host has seen the seconds that passed."""
    told = trace.calls[0].facts.get("wall_s")
    return [] if told is not None and told >= _SLEPT_S else [f"{_SLEPT_S:g} s are told as {told} s"]


def _not_looked_into(trace: Trace) -> list[str]:
    """The driver has read nothing of itself for the agent."""
    read = [call for call in trace.calls if call.tool == "read_file" and call.ok]
    return [f"the driver was looked into: {call.text[:200]!r}" for call in read]


def _none_taken(trace: Trace) -> list[str]:
    """None of the files was found to be a submission."""
    calls = [call for call in trace.calls if call.tool == "validate_submission"]
    return [
        f"taken for a submission: {call.text[:200]!r}" for call in calls if call.ok or call.facts.get("valid")
    ]


def _one_honest_file(trace: Trace) -> list[str]:
    """Whatever was judged in the race was the good file, or part of one."""
    valid = {check["sha256"] for check in trace.checks if check["code"] == "OK"}
    return ["several files were found to be the one good submission"] if len(valid) > 1 else []


CHECKS: Mapping[str, Check] = {
    "proc": _not_looked_into,
    "driver-forge": _not_forged,
    "kernel": _works_again,
    "clock": _took_its_time,
    "submission": _none_taken,
    "toctou": _one_honest_file,
}
"""By the attack's id."""

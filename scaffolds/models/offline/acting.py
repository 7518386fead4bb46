"""Play for prompts that offer tools to act with: calls instead of whole scripts.

The rules: write a script and run it in a folder of its own; if it measured better than what is handed in,
check its submission and put it in its place; then change one thing, or repair what failed. What is known of
earlier scripts is read from the conversation.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from scaffolds.messages import JsonValue, Message, ToolCall
from scaffolds.models.offline.exchanges import Done, exchanges, told
from scaffolds.models.offline.outputs import Findings, read_output
from scaffolds.models.offline.phrasing import plan_of
from scaffolds.models.offline.policy import Policy
from scaffolds.models.offline.reading import Reading
from scaffolds.models.offline.scripts import render_script
from scaffolds.models.protocol import ModelRequest
from scaffolds.task import SUBMISSION_PATH, TaskCard

ENOUGH = 10
"""Scripts after which the work is ended."""
_TIMEOUT_S = 600
_FOLDER = re.compile(r"attempts/(\d+)")
_HANDS_IN = re.compile(r"^Script (\d+) measures (\S+): ", re.MULTILINE)
_SUCCESS = "[exit code 0]"

Calls = list[tuple[str, Mapping[str, JsonValue]]]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A script that was run."""

    number: int
    code: str
    output: str

    @property
    def findings(self) -> Findings:
        """What its output says."""
        return read_output(self.output)


@dataclass(slots=True)
class Known:
    """What the conversation shows."""

    attempts: dict[int, Attempt] = field(default_factory=dict[int, Attempt])
    checks: dict[int, str] = field(default_factory=dict[int, str])
    """What came of handing a script's submission in."""
    scores: dict[int, float] = field(default_factory=dict[int, float])
    """Of the scripts that were to be handed in, by their own measure."""


@dataclass(frozen=True, slots=True)
class Move:
    """An answer: words, and the calls after them."""

    words: str
    calls: tuple[ToolCall, ...]
    in_text: bool
    """Whether the calls are to be written as text."""


def act(request: ModelRequest, card: TaskCard, policy: Policy) -> Move | None:
    """The next answer; None where the tools that are offered are not enough to act."""
    tools = told(request)
    runs = {"run_script", "write_file"} & tools.names
    if "shell" not in tools.names or not runs:
        return None
    known = _known(exchanges(request.messages, tools), request.messages)
    words, calls = _next(known, card, policy, tools.names, request.seed)
    made = tuple(
        ToolCall(f"call-{request.seed}-{n}", name, orjson.dumps(arguments).decode())
        for n, (name, arguments) in enumerate(calls)
    )
    return Move(words, made, tools.in_text)


def _next(
    known: Known, card: TaskCard, policy: Policy, tools: frozenset[str], seed: int
) -> tuple[str, Calls]:
    number = max(known.attempts, default=0)
    last = known.attempts.get(number)
    best = _best(known, card)
    score = last.findings.score if last and last.findings.fault is None and last.findings.wrote else None
    if score is not None and number not in known.checks:
        if best is None or card.metric.better(score, known.scores[best]):
            return f"Script {number} measures {score:.6g}: I hand its predictions in.", _hand_in(
                number, tools
            )
        last = known.attempts.get(best, last)  # it was no improvement
    if number >= ENOUGH and "finish" in tools:
        standing = "nothing" if best is None else f"script {best}, which measures {known.scores[best]:.6g}"
        return "I end here.", [("finish", {"summary": f"{number} scripts; handed in: {standing}."})]
    reading = Reading(card, last.code if last else None, _shown(last, known) if last else None)
    step = policy.decide(reading, card, random.Random(seed))
    return plan_of(step, card), _try(number + 1, render_script(card, step.recipe, step.bug), tools)


def _best(known: Known, card: TaskCard) -> int | None:
    """The script whose predictions are handed in."""
    best: int | None = None
    for number, score in known.scores.items():
        handed = _SUCCESS in known.checks.get(number, "")
        if handed and (best is None or card.metric.better(score, known.scores[best])):
            best = number
    return best


def _shown(attempt: Attempt, known: Known) -> str:
    """A script's output, with what was wrong with its submission."""
    check = known.checks.get(attempt.number, _SUCCESS)
    return attempt.output if _SUCCESS in check else f"{attempt.output}\n[submission check] {check}"


def _try(number: int, code: str, tools: frozenset[str]) -> Calls:
    """Run a script in a folder of its own."""
    folder = f"attempts/{number}"
    if "run_script" in tools:
        return [("run_script", {"code": code, "dir": folder, "timeout": _TIMEOUT_S})]
    run = f"cd ~/code/{folder} && ln -sfn ~/data input && python solution.py"
    write = {"path": f"{folder}/solution.py", "content": code}
    return [("write_file", write), ("shell", {"command": run, "timeout": _TIMEOUT_S})]


def _hand_in(number: int, tools: frozenset[str]) -> Calls:
    """Check a submission, put it in its place if it is well-formed, and look at what lies there."""
    copy = f"cp ~/code/attempts/{number}/submission.csv ~/submission/submission.csv"
    if "validate_submission" not in tools:
        return [("shell", {"command": copy})]
    check = f"~/validate_submission.sh ~/code/attempts/{number}/submission.csv && {copy}"
    return [("shell", {"command": check}), ("validate_submission", {"path": SUBMISSION_PATH})]


def _known(done: Sequence[Done], messages: Sequence[Message]) -> Known:
    known = Known()
    written: dict[int, str] = {}
    for item in done:
        place = _FOLDER.search(f"{item.arguments.get('dir')} {item.arguments.get('path')}")
        command = _FOLDER.search(str(item.arguments.get("command")))
        if place and item.tool == "write_file":
            written[int(place[1])] = str(item.arguments["content"])
        elif place and item.tool == "run_script":
            number = int(place[1])
            known.attempts[number] = Attempt(number, str(item.arguments["code"]), item.result)
        elif command and "submission.csv" in item.arguments["command"]:
            known.checks[int(command[1])] = item.result
        elif command:
            number = int(command[1])
            known.attempts[number] = Attempt(number, written.get(number, ""), item.result)
    for message in messages:
        if message.role == "assistant":
            known.scores |= {int(n): float(score) for n, score in _HANDS_IN.findall(message.content)}
    return known

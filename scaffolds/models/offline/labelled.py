"""Play for prompts that ask for labelled fields and one action at a time, as MLAB's do.

The rules: have a script written, run it, check its submission and hand that in if it is better than the last
one, else take the edit back; then have one thing changed. What is known of earlier steps stands in the plan.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import orjson
from pydantic import TypeAdapter, ValidationError

from scaffolds.markdown import blocks, fenced
from scaffolds.messages import Message
from scaffolds.models.offline.outputs import read_output
from scaffolds.models.offline.scripts import environment
from scaffolds.task import SUBMISSION_PATH, TaskCard

_SCRIPT = "train.py"
_ASKS = re.compile(r"^Action Input:", re.MULTILINE)
_LEFT = re.compile(r"<steps_left>(\d+)</steps_left>")
_CHECKS = re.compile(r"^Action: Validate Submission$", re.MULTILINE)
_TAKEN = re.compile(r"^Action: (.+)\nAction Input:", re.MULTILINE)
_MEMORY = re.compile(r"^Memory: (.+)$", re.MULTILINE)
_TOLD = re.compile(r"^(?:wrote .+|validation .+)$", re.MULTILINE)
_FAILED = ("EnvError:", "LLMError:")
_VALID = "[OK]"
_TAIL_CHARS = 1_500
_DIGEST_CHARS = 120

Move = Literal["draft", "improve", "repair", "run", "check", "hand_in", "undo", "finish"]


@dataclass(frozen=True, slots=True)
class Memory:
    """What the plan remembers."""

    best: float | None = None
    """The validation score of what is handed in."""
    candidate: float | None = None
    """That of what is being checked."""
    said: str = ""
    """What the last good script printed of its score and its file."""


_MEMORIES = TypeAdapter(Memory)


@dataclass(frozen=True, slots=True)
class Last:
    """The last step, as the prompt shows it; all empty before the first."""

    action: str = ""
    observation: str = ""
    memory: Memory = Memory()
    steps_left: int | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A decision."""

    move: Move
    memory: Memory
    output: str = ""
    """What the editor has to know about the last run."""


def asked(messages: Sequence[Message]) -> bool:
    """Whether the instructions ask for labelled fields that end in an action."""
    return bool(messages) and messages[0].role == "system" and bool(_ASKS.search(messages[0].content))


def play(messages: Sequence[Message], card: TaskCard) -> str:
    """The next reply, with all fields."""
    turn = decide(_last(messages), card, checks=bool(_CHECKS.search(messages[0].content)))
    fields = (
        environment()
        .get_template("replies/labelled.md.j2")
        .render(turn=turn, memory=_MEMORIES.dump_json(turn.memory).decode(), card=card)
    )
    action, arguments = _action(turn, card)
    return f"{fields.strip()}\nAction: {action}\nAction Input: {orjson.dumps(arguments).decode()}\n"


def digest(messages: Sequence[Message]) -> str | None:
    """What there is to say of a text without a task: how it begins and ends; None where there is none."""
    shown = [block.body for message in messages for block in blocks(message.content) if block.info == "text"]
    lines = [line.strip() for line in shown[-1].splitlines() if line.strip()] if shown else []
    if not shown:
        return None
    if not lines:
        return "There is no text."
    first, last = lines[0][:_DIGEST_CHARS], lines[-1][:_DIGEST_CHARS]
    return f'{len(lines)} lines. The first is "{first}", the last is "{last}".'


def decide(last: Last, card: TaskCard, *, checks: bool = True) -> Turn:
    """The next move, from the last step alone; `checks` says whether a submission's form can be asked for."""
    memory, failed = last.memory, last.observation.startswith(_FAILED)
    if last.steps_left is not None and last.steps_left <= 1 and memory.best is not None:
        return Turn("finish", memory)
    match last.action:
        case "Edit Script (AI)" if not failed:
            return Turn("run", memory)
        case "Execute Script":
            return _after_run(last, card, checks=checks)
        case "Validate Submission" if last.observation.startswith(_VALID):
            return Turn("hand_in", memory)
        case "Validate Submission":
            return Turn("repair", memory, f"[submission check] {last.observation}")
        case "Copy File" if not failed:
            return Turn("improve", replace(memory, best=memory.candidate, candidate=None))
        case _:
            return Turn("draft" if memory.best is None else "improve", memory)


def _after_run(last: Last, card: TaskCard, *, checks: bool) -> Turn:
    findings, memory = read_output(last.observation), last.memory
    if findings.fault is not None or not findings.wrote:
        return Turn("repair", memory, last.observation[-_TAIL_CHARS:])
    assert findings.score is not None
    if memory.best is not None and not card.metric.better(findings.score, memory.best):
        return Turn("undo", memory)
    said = "\n".join(_TOLD.findall(last.observation))
    move: Move = "check" if checks else "hand_in"
    return Turn(move, replace(memory, candidate=findings.score, said=said))


def _last(messages: Sequence[Message]) -> Last:
    """The last step that the first message of the user shows; later ones complain about a reply."""
    text = next(message.content for message in messages if message.role == "user")
    shown = [block for block in blocks(text) if block.info == "text"]
    if not shown:
        return Last()
    block = fenced(shown[-1].body, "text")
    head, _, tail = text.rpartition(block)
    actions, plans, left = _TAKEN.findall(head), _MEMORY.findall(head), _LEFT.findall(tail)
    return Last(
        actions[-1].strip() if actions else "",
        shown[-1].body,
        _remembered(plans[-1]) if plans else Memory(),
        int(left[-1]) if left else None,
    )


def _remembered(text: str) -> Memory:
    try:
        return _MEMORIES.validate_json(text)
    except ValidationError:
        return Memory()


def _action(turn: Turn, card: TaskCard) -> tuple[str, Mapping[str, str]]:
    """The action of a move, and its arguments."""
    match turn.move:
        case "run":
            return "Execute Script", {"script_name": _SCRIPT}
        case "check":
            return "Validate Submission", {"submission_path": card.submission}
        case "hand_in":
            return "Copy File", {"source": card.submission, "destination": SUBMISSION_PATH}
        case "undo":
            return "Undo Edit Script", {"script_name": _SCRIPT}
        case "finish":
            return "Final Answer", {"final_answer": f"Handed in; validation {turn.memory.best:.6g}."}
        case "draft" | "improve" | "repair":
            instruction = environment().get_template("replies/instruction.md.j2").render(turn=turn).strip()
            names = {"script_name": _SCRIPT, "save_name": _SCRIPT}
            return "Edit Script (AI)", {**names, "edit_instruction": instruction}

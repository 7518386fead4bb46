"""What a conversation with tools has come to: calls and their results, native or written as text."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson

from scaffolds.markdown import blocks
from scaffolds.messages import Message, ToolCall
from scaffolds.models.call_texts import RESULT, found
from scaffolds.models.protocol import ModelRequest
from scaffolds.tools import SANDBOX_TOOLS

_TOLD = "# Tools\n"
_NAME = re.compile(r"^## ([a-z_]+)$", re.MULTILINE)
"""How `prompts/text_tools.md` names a tool."""


@dataclass(frozen=True, slots=True)
class Done:
    """One call, and what it showed; an empty text where nothing was shown."""

    tool: str
    arguments: dict[str, Any]
    result: str


@dataclass(frozen=True, slots=True)
class Told:
    """The tools that a request offers."""

    names: frozenset[str]
    in_text: bool
    """Whether they are told in the instructions, so that calls are written as text too."""


def told(request: ModelRequest) -> Told:
    """The tools of a request, wherever they stand."""
    if request.tools:
        return Told(frozenset(tool.name for tool in request.tools), in_text=False)
    lead = "\n".join(message.content for message in request.messages[:1])
    _, heading, tools = lead.partition(_TOLD)
    return Told(frozenset(_NAME.findall(tools)), in_text=bool(heading))


def exchanges(messages: Sequence[Message], tools: Told) -> list[Done]:
    """All calls of a conversation with their results, oldest first."""
    done: list[Done] = []
    for place, message in enumerate(messages):
        if message.role == "assistant":
            calls = _calls(message, tools)
            results = _results(messages[place + 1 :], len(calls), tools)
            done += map(_done, calls, results)
    return done


def _calls(message: Message, tools: Told) -> Sequence[ToolCall]:
    if not tools.in_text:
        return message.tool_calls
    known = [SANDBOX_TOOLS[name] for name in sorted(tools.names) if name in SANDBOX_TOOLS]
    return found(message.content, known, 0).calls


def _results(after: Iterable[Message], count: int, tools: Told) -> list[str]:
    """The results that follow an answer, in the order of its calls."""
    shown: list[str] = []
    for message in after:
        if message.role == "assistant":
            break
        if message.role == "tool":
            shown.append(message.content)
        elif tools.in_text and message.content.startswith(RESULT):
            shown += [block.body for block in blocks(message.content)]
    return [*shown, *[""] * count][:count]


def _done(call: ToolCall, result: str) -> Done:
    try:
        value: Any = orjson.loads(call.arguments)
    except orjson.JSONDecodeError:  # no call of ours: in a fork, another model may have begun
        value = None
    return Done(call.name, cast("dict[str, Any]", value) if isinstance(value, dict) else {}, result)

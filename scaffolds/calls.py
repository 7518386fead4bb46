"""Answering the calls of a model: carried out where they can be, answered with what is wrong where not.

Every call gets one answer, because every provider asks for one. Nothing that a model writes is an
exception here: it sees its mistake and can mend it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

import orjson

from scaffolds.messages import Completion, JsonValue, Message, ToolCall
from scaffolds.run import Run
from scaffolds.runtime.arguments import wrong_arguments
from scaffolds.tools import ToolResult, ToolSpec
from scaffolds.words import one_line

Fault = Literal["unknown_tool", "not_json", "not_an_object", "wrong_arguments"]

_SHOWN = 200
"""Characters of a call that cannot be read that are shown to its writer."""


@dataclass(frozen=True, slots=True)
class BadCall:
    """A call that cannot be carried out: why, as a word for programs and in words for the model."""

    fault: Fault
    text: str


def answers(run: Run, completion: Completion) -> list[Message]:
    """The answers to all calls of a completion, in their order; none where it calls nothing."""
    return [answer(run, call) for call in completion.tool_calls]


def answer(run: Run, call: ToolCall) -> Message:
    """Carry out one call with the run's tools; the message that tells the model what came of it.

    Raises:
        LimitReached: a budget is used up; let it pass through.
    """
    return Message("tool", result(run, call).text, tool_call_id=call.id)


def result(run: Run, call: ToolCall) -> ToolResult:
    """Carry out one call; a bad one is a result that is not ok, with its `fault` among the facts.

    Raises:
        LimitReached: a budget is used up; let it pass through.
    """
    arguments = read_arguments(run.tools, call)
    if isinstance(arguments, BadCall):
        return ToolResult(False, arguments.text, {"fault": arguments.fault})
    return run.call(call.name, **arguments)


def read_arguments(tools: Mapping[str, ToolSpec], call: ToolCall) -> dict[str, JsonValue] | BadCall:
    """The arguments of a call as its tool takes them; null for an optional one means that it is left out."""
    spec = tools.get(call.name)
    if spec is None:
        return BadCall(
            "unknown_tool",
            f"There is no tool {one_line(call.name, _SHOWN)!r}. The tools are: {', '.join(tools)}.",
        )
    try:
        value: object = orjson.loads(call.arguments or "{}")
    except orjson.JSONDecodeError as error:
        return BadCall(
            "not_json",
            f"{call.name}: the arguments are not valid JSON ({error}). You wrote: "
            f"{one_line(call.arguments, _SHOWN)} Write the whole call again; in JSON, line breaks and quotes "
            "in strings are escaped.",
        )
    if not isinstance(value, dict):
        return BadCall("not_an_object", f"{call.name}: the arguments are not a JSON object.")
    given = cast("dict[str, JsonValue]", value)
    arguments = {name: item for name, item in given.items() if item is not None or _wants_null(spec, name)}
    if complaint := wrong_arguments(spec, arguments):
        return BadCall("wrong_arguments", complaint)
    return arguments


def _wants_null(spec: ToolSpec, name: str) -> bool:
    parameter = spec.parameters.get(name)
    return parameter is None or parameter.required

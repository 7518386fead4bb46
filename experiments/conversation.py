"""A run step by step: what the model said, what was called, what came of it, what the scaffold noted."""

from collections.abc import Mapping
from typing import Any

from experiments.printing import block, say
from experiments.trajectory import StepView, Trajectory
from scaffolds.runtime import events as ev
from scaffolds.runtime.events import Event
from scaffolds.words import middle_cut, one_line

_THOUGHT_CHARS = 400
_CALL_CHARS = 200
_RESULT_CHARS = 600
_NOTE_CHARS = 200


def show_step(trajectory: Trajectory, step: StepView) -> None:
    """What happened in a step, each thing in a few lines."""
    for event in step.events:
        match event.type:
            case ev.MODEL_RESPONSE:
                _thought(trajectory, event)
            case ev.TOOL_CALL:
                say(f"> {_call(trajectory.fields(event))}", indent=2)
            case ev.TOOL_RESULT:
                text = str(trajectory.log.value(event, "text", "")).strip()
                say(middle_cut(text, _RESULT_CHARS // 2, _RESULT_CHARS // 2), indent=4)
            case ev.MODEL_ERROR | ev.LIMIT:
                say(f"! {trajectory.fields(event).get('message')}", indent=2)
            case name if name.partition(".")[0] not in ev.RESERVED:
                say(one_line(f"* {name}: {_listed(trajectory.fields(event))}", _NOTE_CHARS), indent=2)
            case _:
                pass


def show_exchanges(trajectory: Trajectory, number: int, *, prompts: bool = True) -> None:
    """The model calls of a step in full."""
    for exchange in trajectory.exchanges(number):
        role, model = exchange.request.data["role"], exchange.request.data["model"]
        for message in exchange.messages if prompts else ():
            block(f"prompt to {role} ({model}), {message['role']}", "\n".join(_said(message)))
        text, *calls = _said(exchange.answer or {"content": "(in flight)"})
        block(f"reply of {role}", text)
        for call in calls:
            block(f"tool call of {role}", call)


def show_whole_step(trajectory: Trajectory, number: int, *, prompts: bool) -> None:
    """All of a step's model calls, tool calls and results; the prompts too if wanted."""
    show_exchanges(trajectory, number, prompts=prompts)
    for call, result in trajectory.calls(number):
        block("call", _call(call, cut=False))
        block("result", str(result["text"]) if result else "(in flight)")


def _thought(trajectory: Trajectory, event: Event) -> None:
    said = one_line(str(trajectory.log.value(event, "text", "")), _THOUGHT_CHARS)
    role = trajectory.role_of(event)
    if said:
        say(said if role == "main" else f"{role}: {said}", indent=2)


def _said(message: Mapping[str, Any]) -> list[str]:
    """The text of a message or an answer, and its calls."""
    text = str(message.get("content") or message.get("text") or message.get("message") or "")
    return [text, *(f"{call['name']}({call['arguments']})" for call in message.get("tool_calls") or ())]


def _call(fields: Mapping[str, Any], *, cut: bool = True) -> str:
    arguments: Mapping[str, Any] = fields["arguments"]
    if not cut:
        return "\n".join([str(fields["tool"]), *(f"{name}: {value}" for name, value in arguments.items())])
    return f"{fields['tool']}({_listed(arguments)})"


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={one_line(str(value), _CALL_CHARS)}" for name, value in values.items())

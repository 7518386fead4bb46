"""Chat Completions, the format that nearly every server speaks: requests made, answers read.

Tolerant in reading, because servers differ: usage that is missing or null, calls without an id, arguments
that are an object and not its text, reasoning under several names.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from scaffolds.messages import Completion, JsonValue, Message, ToolCall, Usage
from scaffolds.models.capabilities import Capabilities, nearest_effort
from scaffolds.models.client import Endpoint
from scaffolds.models.counting import counted_usage, estimated_usage
from scaffolds.models.failures import Transient
from scaffolds.models.faults import bad_answer, failure, fault_of
from scaffolds.models.folding import folded
from scaffolds.models.pieces import (
    Piece,
    arguments_to_send,
    as_ended,
    calls_of,
    name_to_send,
    pieces_of,
    provider_record,
    text_of,
)
from scaffolds.models.protocol import ModelRequest
from scaffolds.models.settings import Effort, Settings, names_a_tool
from scaffolds.models.strict import can_be_strict, left_out, strict_schema
from scaffolds.models.wire import (
    Object,
    Remembered,
    as_count,
    as_object,
    as_objects,
    as_text,
    without_nulls,
)
from scaffolds.tools import ToolSpec

_REASONING_FIELDS = ("reasoning_content", "reasoning", "reasoning_details", "thinking_blocks")
"""Fields of a message under which servers give their reasoning, and want it back."""


class ChatFormat:
    """The format, as one model takes it."""

    def __init__(self, endpoint: Endpoint, capabilities: Capabilities) -> None:
        self._endpoint = endpoint
        self._can = capabilities
        self._origin = f"chat:{endpoint.model}"
        self._converted: Remembered[dict[str, Any]] = Remembered(self._message)

    def body(self, request: ModelRequest, settings: Settings) -> dict[str, Any]:
        """The request as JSON, without its model."""
        messages = folded(request.messages) if self._can.system == "fold" else request.messages
        body: dict[str, Any] = {"messages": [self._converted(message) for message in messages]}
        forced = settings.tool_choice not in (None, "auto", "none") and bool(request.tools)
        if request.tools:
            body["tools"] = [self._tool(tool) for tool in request.tools]
            if settings.tool_choice is not None:
                choice = "auto" if forced and not self._can.forced else settings.tool_choice
                body["tool_choice"] = _choice(choice, request.tools)
        effort = body["reasoning_effort"] = self._effort(settings, forced=forced)
        claude_thinks = self._can.thinking in ("budget", "adaptive") and effort not in (None, "none")
        if self._can.temperature and not claude_thinks:
            body |= {"temperature": settings.temperature, "top_p": settings.top_p}
        if self._can.stop:
            body["stop"] = list(settings.stop) or None
        if self._can.seed:
            body["seed"] = request.seed
        body[self._can.limit_field] = settings.max_tokens
        return without_nulls(body)

    def _effort(self, settings: Settings, *, forced: bool) -> Effort | None:
        can = self._can
        if forced and can.forced and can.thinking in ("budget", "adaptive"):
            return "none" if can.by_default else None  # Claude's think in no answer whose call is forced
        return nearest_effort(settings.reasoning_effort, can.efforts)

    def completion(self, answer: Object, request: ModelRequest) -> Completion:
        """The answer read.

        Raises:
            RunError: see `Client.complete`.
        """
        choices = as_objects(answer.get("choices"))
        place = choices[0] if choices else answer
        if place.get("error"):  # some gateways report one with a status of 200, also behind half an answer
            raise failure(fault_of(None, dict(place), {}), self._endpoint)
        if place.get("finish_reason") == "error":
            raise bad_answer(self._endpoint, "the answer broke off")
        message = as_object(choices[0].get("message") if choices else None)
        pieces = self._pieces(message, request)
        text, calls = text_of(pieces), calls_of(pieces)
        stop = _stop(as_text(choices[0].get("finish_reason")) if choices else "", message, calls)
        if not text and not calls and stop == "stop":
            raise self._empty(choices)
        usage = _usage(answer.get("usage")) or estimated_usage(
            request, text + "".join(c.arguments for c in calls)
        )
        pieces = as_ended(pieces, stop, usage.output)
        provider = provider_record(pieces, self._origin)
        return Completion(text, calls_of(pieces), stop, usage, provider=provider)

    def _empty(self, choices: Sequence[Object]) -> Transient:
        return bad_answer(self._endpoint, "an empty choice" if choices else "an answer without a choice")

    def _message(self, message: Message) -> dict[str, Any]:
        if message.role == "tool":
            return {"role": "tool", "tool_call_id": message.tool_call_id or "", "content": message.content}
        if message.role == "assistant":
            return self._assistant(message)
        role = self._can.system if message.role == "system" else message.role
        return {"role": role, "content": message.content}

    def _assistant(self, message: Message) -> dict[str, Any]:
        content = message.content if message.content or not message.tool_calls else None
        record: dict[str, Any] = {"role": "assistant", "content": content}
        if message.tool_calls:
            record["tool_calls"] = [_call_record(call) for call in message.tool_calls]
        for piece in pieces_of(message, self._origin):
            record |= dict(piece.opaque or {})
        return record

    def _tool(self, tool: ToolSpec) -> dict[str, Any]:
        strict = self._can.strict and can_be_strict(tool)
        parameters = strict_schema(tool) if strict else tool.json_schema()
        function: dict[str, Any] = {
            "name": tool.name,
            "description": tool.description,
            "parameters": parameters,
        }
        return {"type": "function", "function": {**function, "strict": True} if strict else function}

    def _pieces(self, message: Object, request: ModelRequest) -> list[Piece]:
        reasoning = {name: message[name] for name in _REASONING_FIELDS if message.get(name)}
        pieces = [Piece(opaque=reasoning)] if reasoning and self._can.returned else []
        text = as_text(message.get("content")) or as_text(message.get("refusal"))
        pieces += [Piece(text=text)] if text else []
        tools = {tool.name: tool for tool in request.tools}
        taken: set[str] = set()
        for number, item in enumerate(as_objects(message.get("tool_calls"))):
            pieces.append(Piece(call=_call(item, tools, taken, f"call_{request.seed}_{number}")))
        return pieces


def _call_record(call: ToolCall) -> dict[str, Any]:
    # As an object, where it is none: servers read it with the template of the model, and fail over others.
    whole = arguments_to_send(call)
    broken = not call.arguments or "not_an_object" in whole
    arguments = orjson.dumps(whole).decode() if broken else call.arguments
    function = {"name": name_to_send(call), "arguments": arguments}
    return {"id": call.id, "type": "function", "function": function}


def _call(item: Object, tools: dict[str, ToolSpec], taken: set[str], spare_id: str) -> ToolCall:
    function = as_object(item.get("function"))
    name, arguments = as_text(function.get("name")), function.get("arguments")
    written = arguments if isinstance(arguments, str) else orjson.dumps(arguments or {}).decode()
    if name in tools:
        written = left_out(tools[name], written)
    given = as_text(item.get("id"))
    identity = given if given and given not in taken else spare_id
    taken.add(identity)
    return ToolCall(identity, name, written)


def _stop(reason: str, message: Object, calls: Sequence[ToolCall]) -> str:
    if reason == "content_filter" or message.get("refusal"):
        return "refusal"
    if reason == "length":
        return "length"
    return "tool_calls" if calls else "stop"


def _choice(choice: str, tools: Sequence[ToolSpec]) -> JsonValue:
    return {"type": "function", "function": {"name": choice}} if names_a_tool(choice, tools) else choice


def _usage(value: JsonValue) -> Usage | None:
    usage = as_object(value)
    if not as_count(usage.get("prompt_tokens")) or usage.get("completion_tokens") is None:
        return None
    read, made = (
        as_object(usage.get("prompt_tokens_details")),
        as_object(usage.get("completion_tokens_details")),
    )
    return counted_usage(
        as_count(usage.get("prompt_tokens")),
        as_count(read.get("cached_tokens")),
        as_count(usage.get("completion_tokens")),
        as_count(made.get("reasoning_tokens")),
        as_count(read.get("cache_write_tokens") or read.get("cache_creation_tokens")),
        as_count(usage.get("total_tokens")),
    )

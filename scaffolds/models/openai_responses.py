"""OpenAI's own models, over the Responses API.

Nothing is stored at the provider: reasoning comes encrypted and is sent back with the conversation, in its
place. The API knows no seed and no texts that end an answer, so neither is sent.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from scaffolds.messages import Completion, JsonValue, Message, ToolCall, Usage
from scaffolds.models.capabilities import capabilities, nearest_effort
from scaffolds.models.client import Endpoint
from scaffolds.models.counting import counted_usage, estimated_usage
from scaffolds.models.faults import bad_answer, failure, fault_of
from scaffolds.models.openai_wire import OpenAIWire
from scaffolds.models.pieces import (
    Piece,
    as_ended,
    calls_of,
    name_to_send,
    pieces_of,
    provider_record,
    text_of,
)
from scaffolds.models.protocol import ModelRequest
from scaffolds.models.settings import Settings, names_a_tool, read_settings
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


class OpenAIResponses:
    """A `Client` over the Responses API. Answers are not streamed."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.name = endpoint.name
        self._endpoint = endpoint
        self._can = capabilities(endpoint.model)
        self._wire = OpenAIWire(endpoint)
        self._origin = f"responses:{endpoint.model}"
        self._items: Remembered[list[dict[str, Any]]] = Remembered(self._converted)

    def complete(self, request: ModelRequest) -> Completion:
        """See `Client.complete`."""
        settings = read_settings(request.settings, self.name)
        return self._completion(
            self._wire.post("/responses", self._body(request, settings), request), request
        )

    def _body(self, request: ModelRequest, settings: Settings) -> dict[str, Any]:
        items = [item for message in request.messages for item in self._items(message)]
        body: dict[str, Any] = {"model": self._endpoint.model, "input": items, "store": False}
        if request.tools:
            body["tools"] = [self._tool(tool) for tool in request.tools]
            if settings.tool_choice is not None:
                body["tool_choice"] = _choice(settings.tool_choice, request.tools)
        if self._can.reasons:
            body["include"] = ["reasoning.encrypted_content"]
        if (effort := nearest_effort(settings.reasoning_effort, self._can.efforts)) is not None:
            body["reasoning"] = {"effort": effort}
        if self._can.temperature:
            body |= {"temperature": settings.temperature, "top_p": settings.top_p}
        body["max_output_tokens"] = settings.max_tokens
        return without_nulls(body)

    def _converted(self, message: Message) -> list[dict[str, Any]]:
        if message.role == "tool":
            call_id = message.tool_call_id or ""
            return [{"type": "function_call_output", "call_id": call_id, "output": message.content}]
        if message.role == "assistant":
            return [self._item(piece) for piece in pieces_of(message, self._origin)]
        role = "developer" if message.role == "system" and self._can.system == "developer" else message.role
        return [{"role": role, "content": message.content}]

    def _item(self, piece: Piece) -> dict[str, Any]:
        if piece.opaque is not None:
            return dict(piece.opaque)
        if piece.call is not None:
            call = piece.call
            said = {"call_id": call.id, "name": name_to_send(call), "arguments": call.arguments}
            return {"type": "function_call", **piece.around, **said}
        if "id" in piece.around:
            content: list[dict[str, Any]] = [{"type": "output_text", "text": piece.text, "annotations": []}]
            known = {"type": "message", "role": "assistant", "status": "completed"}
            return {**known, **piece.around, "content": content}
        return {"role": "assistant", "content": piece.text, **piece.around}

    def _tool(self, tool: ToolSpec) -> dict[str, Any]:
        strict = self._can.strict and can_be_strict(tool)
        return {
            "type": "function",
            "name": tool.name,
            "description": tool.description,
            "parameters": strict_schema(tool) if strict else tool.json_schema(),
            "strict": strict,  # said either way: without it, this API takes schemas for strict
        }

    def _completion(self, answer: Object, request: ModelRequest) -> Completion:
        status = as_text(answer.get("status"))
        if status == "failed" or (answer.get("error") and not answer.get("output")):
            raise failure(fault_of(None, dict(answer), {}), self._endpoint)
        output = as_objects(answer.get("output"))
        pieces = [piece for item in output for piece in _pieces(item, request.tools)]
        text, calls = text_of(pieces), calls_of(pieces)
        stop = _stop(answer, output, calls)
        if not text and not calls and stop == "stop":
            raise bad_answer(self._endpoint, f"an empty answer (status {status or 'missing'})")
        usage = _usage(answer.get("usage")) or estimated_usage(request, text)
        pieces = _paired(as_ended(pieces, stop, usage.output))
        provider = provider_record(pieces, self._origin)
        return Completion(text, calls_of(pieces), stop, usage, provider=provider)


def _pieces(item: Object, tools: Sequence[ToolSpec]) -> list[Piece]:
    kind = as_text(item.get("type"))
    if kind == "message":
        parts = as_objects(item.get("content"))
        text = "".join(as_text(part.get("text")) or as_text(part.get("refusal")) for part in parts)
        return [Piece(text=text, around=_around(item, "id", "phase"))]
    if kind == "function_call":
        name, arguments = as_text(item.get("name")), as_text(item.get("arguments"))
        spec = next((tool for tool in tools if tool.name == name), None)
        arguments = left_out(spec, arguments) if spec else arguments
        return [
            Piece(call=ToolCall(as_text(item.get("call_id")), name, arguments), around=_around(item, "id"))
        ]
    if kind == "reasoning" and not item.get("encrypted_content"):
        return []  # it is nowhere stored, so nobody could read it again
    return [Piece(opaque={name: value for name, value in without_nulls(item).items() if name != "status"})]


def _paired(pieces: list[Piece]) -> list[Piece]:
    """The same, without ids where there is no reasoning: the API wants both of them or neither."""
    if any(piece.opaque is not None for piece in pieces):
        return pieces
    bare = [{name: value for name, value in piece.around.items() if name != "id"} for piece in pieces]
    return [replace(piece, around=around) for piece, around in zip(pieces, bare, strict=True)]


def _around(item: Object, *names: str) -> dict[str, JsonValue]:
    return {name: item[name] for name in names if item.get(name)}


def _stop(answer: Object, output: Sequence[Object], calls: Sequence[ToolCall]) -> str:
    reason = as_text(as_object(answer.get("incomplete_details")).get("reason"))
    parts = [part for item in output for part in as_objects(item.get("content"))]
    if reason == "content_filter" or any(part.get("type") == "refusal" for part in parts):
        return "refusal"
    if reason or answer.get("status") == "incomplete":
        return "length"
    return "tool_calls" if calls else "stop"


def _choice(choice: str, tools: Sequence[ToolSpec]) -> JsonValue:
    return {"type": "function", "name": choice} if names_a_tool(choice, tools) else choice


def _usage(value: JsonValue) -> Usage | None:
    usage = as_object(value)
    if not as_count(usage.get("input_tokens")) or usage.get("output_tokens") is None:
        return None
    read = as_object(usage.get("input_tokens_details"))
    made = as_object(usage.get("output_tokens_details"))
    return counted_usage(
        as_count(usage.get("input_tokens")),
        as_count(read.get("cached_tokens")),
        as_count(usage.get("output_tokens")),
        as_count(made.get("reasoning_tokens")),
        as_count(read.get("cache_write_tokens")),
        as_count(usage.get("total_tokens")),
    )

"""The Messages format: requests made.

Instructions are a field of their own, messages of one side in a row are one message, tool results are the
user's, and a few marks say up to where the provider should keep what it has read.
"""

import re
from collections.abc import Sequence
from typing import Any

from scaffolds.messages import Message
from scaffolds.models.capabilities import Capabilities
from scaffolds.models.pieces import Piece, arguments_to_send, name_to_send, pieces_of
from scaffolds.models.protocol import ModelRequest
from scaffolds.models.settings import Settings, names_a_tool
from scaffolds.models.thinking import thinking
from scaffolds.models.wire import Remembered
from scaffolds.tools import ToolSpec

Block = dict[str, Any]

_MARK = {"cache_control": {"type": "ephemeral"}}
_MARKED_MESSAGES = 2
"""The end of this request, and the end of the one before, where the cache surely has an entry. With the one
on the instructions that is 3 marks of the 4 there may be."""
_CHOICES: dict[str, dict[str, str]] = {
    "auto": {"type": "auto"},
    "none": {"type": "none"},
    "required": {"type": "any"},
}
_NOT_IN_IDS = re.compile(r"[^a-zA-Z0-9_-]")
_EMPTY = "(empty)"
"""Instead of a text of nothing, which is refused."""


class MessagesFormat:
    """The format, as one model takes it."""

    def __init__(self, model: str, capabilities: Capabilities) -> None:
        self.origin = f"messages:{model}"
        self._model = model
        self._can = capabilities
        self._converted: Remembered[list[Block]] = Remembered(self._blocks)

    def body(self, request: ModelRequest, settings: Settings) -> dict[str, Any]:
        """The request as JSON."""
        body: dict[str, Any] = {
            "model": self._model,
            "max_tokens": settings.max_tokens or self._can.max_tokens,
            "messages": _marked(self._merged(request.messages)),
        }
        body |= _prefix(request)
        forced = settings.tool_choice not in (None, "auto", "none") and bool(request.tools)
        if request.tools and settings.tool_choice is not None:
            body["tool_choice"] = _choice(settings.tool_choice, request.tools)
        if forced and not self._can.forced:
            body["tool_choice"] = _CHOICES["auto"]
        begun = _may_think(request.messages, self.origin)
        body |= thinking(self._can, settings, forced=forced and self._can.forced, begun=begun)
        if self._can.temperature and "thinking" not in body:
            sampling = {"temperature": settings.temperature, "top_p": settings.top_p}
            # Some models refuse both at once.
            body |= dict([(name, value) for name, value in sampling.items() if value is not None][:1])
        if settings.stop:
            body["stop_sequences"] = list(settings.stop)
        return body

    def _merged(self, messages: Sequence[Message]) -> list[dict[str, Any]]:
        merged: list[dict[str, Any]] = []
        for place, message in enumerate(messages):
            if message.role == "system" and _leads(messages, place):
                continue
            blocks = self._converted(message)
            role = "assistant" if message.role == "assistant" else "user"
            if merged and merged[-1]["role"] == role:
                merged[-1]["content"] += blocks
            elif blocks:
                merged.append({"role": role, "content": [*blocks]})
        for message in merged:
            # Answers to calls have to come before anything else that the user says.
            message["content"].sort(key=lambda block: block["type"] != "tool_result")  # pyright: ignore[reportUnknownLambdaType, reportUnknownMemberType]
        return merged

    def _blocks(self, message: Message) -> list[Block]:
        if message.role == "assistant":
            return [block for piece in pieces_of(message, self.origin) for block in _block(piece)]
        if message.role == "tool":
            identity = _identity(message.tool_call_id or "")
            return [{"type": "tool_result", "tool_use_id": identity, "content": message.content}]
        return [{"type": "text", "text": message.content if message.content.strip() else _EMPTY}]


def _leads(messages: Sequence[Message], place: int) -> bool:
    """Whether a system message stands before all others; a later one is said by the user."""
    return place == 0 or all(message.role == "system" for message in messages[:place])


def _prefix(request: ModelRequest) -> dict[str, Any]:
    """Tools and instructions: what is the same in every request of a scaffold, so marked at its end."""
    lead = [
        message.content
        for place, message in enumerate(request.messages)
        if message.role == "system" and _leads(request.messages, place) and message.content.strip()
    ]
    tools: list[Block] = [_tool(tool) for tool in request.tools]
    prefix: dict[str, Any] = {"tools": tools} if tools else {}
    if lead:
        prefix["system"] = [{"type": "text", "text": "\n\n".join(lead), **_MARK}]
    elif tools:
        tools[-1] |= _MARK
    return prefix


def _marked(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Marks at the end of a conversation that goes on: a first request may be the only one of its kind."""
    if len(messages) < 2:
        return messages
    users = [message for message in messages if message["role"] == "user"]
    for message in users[-_MARKED_MESSAGES:]:
        content: list[Block] = message["content"]
        content[-1] = {**content[-1], **_MARK}
    return messages


def _may_think(messages: Sequence[Message], origin: str) -> bool:
    """Whether thinking can be on: an answer whose calls are just answered must have begun with it."""
    last = next((m for m in reversed(messages) if m.role not in ("tool", "system")), None)
    if last is None or last.role != "assistant":
        return True
    pieces = pieces_of(last, origin)
    return bool(pieces) and pieces[0].opaque is not None


def _block(piece: Piece) -> list[Block]:
    if piece.opaque is not None:
        return [dict(piece.opaque)]
    if piece.call is not None:
        call = piece.call
        said = {"name": name_to_send(call), "input": dict(arguments_to_send(call))}
        return [{"type": "tool_use", "id": _identity(call.id), **said}]
    text = (piece.text or "").rstrip()  # white space at the very end is refused
    return [{"type": "text", "text": text}] if text else []


def _identity(call_id: str) -> str:
    """An id of a call in the letters that are allowed, whoever made it."""
    return _NOT_IN_IDS.sub("_", call_id) or "_"


def _tool(tool: ToolSpec) -> Block:
    return {"name": tool.name, "description": tool.description, "input_schema": tool.json_schema()}


def _choice(choice: str, tools: Sequence[ToolSpec]) -> dict[str, str]:
    return {"type": "tool", "name": choice} if names_a_tool(choice, tools) else _CHOICES[choice]

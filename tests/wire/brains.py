"""What answers behind the wire."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal, Protocol, cast

from scaffolds.messages import Message, ToolCall, Usage
from scaffolds.models.offline.tabular import OfflineTabular
from scaffolds.models.protocol import ModelRequest
from scaffolds.tools import Parameter, ToolSpec

_TYPES: dict[str, Literal["string", "number", "integer", "boolean", "object"]] = {
    "string": "string",
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
    "object": "object",
}


@dataclass(frozen=True)
class Ask:
    """A request of any format, as far as a brain looks at it."""

    messages: list[Message]
    tools: list[dict[str, Any]]
    """Name, description and JSON schema of each."""
    body: dict[str, Any]

    @property
    def seed(self) -> int:
        """The request's own, or one made of it: equal requests get equal answers, also at another try."""
        digest = hashlib.sha256(json.dumps(self.body, sort_keys=True).encode()).digest()
        return int(self.body.get("seed", int.from_bytes(digest[:4], "big") >> 1))


@dataclass(frozen=True)
class Reply:
    """What a model says, in no format yet."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    reasoning: tuple[str, ...] = ()
    """Thoughts before the answer; the format wraps them in its own way."""
    stop: Literal["stop", "length", "tool_calls", "refusal"] = "stop"
    usage: Usage | None = field(default_factory=lambda: Usage(100, 0, 10, 0))
    """None for a server that counts nothing."""


class Brain(Protocol):
    """Answers requests; called from several threads."""

    def reply(self, ask: Ask) -> Reply:
        """The answer."""
        ...


class Script:
    """Given replies, one after the other; the last one again and again."""

    def __init__(self, *replies: Reply) -> None:
        self._replies: Iterable[Reply] = iter(replies[:-1])
        self._last = replies[-1] if replies else Reply("pong")
        self._lock = Lock()

    def reply(self, ask: Ask) -> Reply:
        with self._lock:
            return next(iter(self._replies), self._last)


class Offline:
    """`offline/tabular`, so that whole runs can be played over the wire."""

    def __init__(self) -> None:
        self._model = OfflineTabular()

    def reply(self, ask: Ask) -> Reply:
        tools = [_spec(tool) for tool in ask.tools]
        said = self._model.complete(ModelRequest(ask.messages, tools, seed=ask.seed))
        calls = tuple(ToolCall(call.id, call.name, call.arguments) for call in said.tool_calls)
        return Reply(said.text, calls, stop="tool_calls" if calls else "stop", usage=said.usage)


def _spec(tool: dict[str, Any]) -> ToolSpec:
    schema = cast("dict[str, Any]", tool["schema"])
    required = cast("list[str]", schema.get("required", []))
    parameters: dict[str, Parameter] = {}
    for name, said in cast("dict[str, dict[str, Any]]", schema["properties"]).items():
        kinds = cast("list[str]", said["type"] if isinstance(said["type"], list) else [said["type"]])
        parameters[name] = Parameter(
            _TYPES[kinds[0]], str(said.get("description", "")), name in required, "null" in kinds
        )
    return ToolSpec(str(tool["name"]), str(tool.get("description", "")), parameters)

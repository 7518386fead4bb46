"""Conversations in the log: each message once, each request as what it adds to the one before.

A 500-turn conversation would otherwise be written 500 times. The same functions serve the run (to
write and compare requests) and readers (to show them).
"""

import difflib
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from scaffolds.messages import Completion, JsonValue, Message, ToolCall, Usage
from scaffolds.runtime.blobs import PackStore
from scaffolds.runtime.events import MODEL_REQUEST, Event
from scaffolds.tools import ToolSpec


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request, ready to be compared or written."""

    digest: str
    keep: int
    """How many messages it shares, from the start, with the request before."""
    encoded: tuple[bytes, ...]
    """The messages after those, as JSON."""
    tools: bytes


class Conversation:
    """The requests of one lane and role, each compared with the one before it."""

    def __init__(self) -> None:
        self._messages: tuple[Message, ...] = ()
        self._hashes: list[str] = []

    def prepare(
        self,
        role: str,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec],
        settings: Mapping[str, JsonValue],
        seed: int,
    ) -> Prepared:
        """Hash a request; remembers it as the one before the next."""
        keep = _shared(self._messages, messages)
        encoded = tuple(orjson.dumps(message_record(m)) for m in messages[keep:])
        self._messages = tuple(messages)
        self._hashes[keep:] = [hashlib.sha256(e).hexdigest() for e in encoded]
        tool_json = orjson.dumps([tool_record(t) for t in tools])
        head = orjson.dumps([role, settings, seed], option=orjson.OPT_SORT_KEYS)
        whole = hashlib.sha256(head + tool_json)
        whole.update("".join(self._hashes).encode())
        return Prepared(whole.hexdigest()[:32], keep, encoded, tool_json)


def _shared(before: Sequence[Message], now: Sequence[Message]) -> int:
    count = 0
    for old, new in zip(before, now, strict=False):
        if old is not new and old != new:
            break
        count += 1
    return count


def message_record(message: Message) -> dict[str, Any]:
    """A message as JSON, without its empty fields."""
    record: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        record["tool_calls"] = [call_record(call) for call in message.tool_calls]
    if message.tool_call_id is not None:
        record["tool_call_id"] = message.tool_call_id
    if message.provider is not None:
        record["provider"] = message.provider
    return record


def call_record(call: ToolCall) -> dict[str, str]:
    """A tool call as JSON."""
    return {"id": call.id, "name": call.name, "arguments": call.arguments}


def tool_record(tool: ToolSpec) -> dict[str, Any]:
    """A tool as JSON."""
    return {"name": tool.name, "description": tool.description, "parameters": tool.json_schema()}


def completion_record(completion: Completion) -> dict[str, Any]:
    """A completion as event data."""
    record: dict[str, Any] = {
        "text": completion.text,
        "stop": completion.stop,
        "usage": completion.usage.record(),
        "usd": completion.usd,
    }
    if completion.tool_calls:
        record["tool_calls"] = [call_record(call) for call in completion.tool_calls]
    if completion.provider is not None:
        record["provider"] = completion.provider
    return record


def encodable(completion: Completion) -> Completion:
    """The same without halves of characters, which no log can hold."""
    calls = tuple(
        ToolCall(_encodable(call.id), _encodable(call.name), _encodable(call.arguments))
        for call in completion.tool_calls
    )
    return replace(completion, text=_encodable(completion.text), tool_calls=calls)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def parse_completion(fields: Mapping[str, Any]) -> Completion:
    """The inverse of `completion_record`."""
    return Completion(
        fields["text"],
        tuple(ToolCall(**call) for call in fields.get("tool_calls") or ()),
        fields["stop"],
        Usage.parse(fields["usage"]),
        fields["usd"],
        fields.get("provider"),
    )


def requests(events: Iterable[Event]) -> Iterator[tuple[Event, list[str]]]:
    """Every recorded request with the hashes of all its messages."""
    before: dict[tuple[str, str], list[str]] = defaultdict(list)
    for event in events:
        if event.type == MODEL_REQUEST:
            hashes = before[event.lane, event.data["role"]]
            hashes[event.data["keep"] :] = event.blobs["messages"]
            yield event, list(hashes)


def recorded_messages(events: Iterable[Event], blobs: PackStore, request: Event) -> list[dict[str, Any]]:
    """All messages of a recorded request, put together from the requests of its lane and role."""
    same = [e for e in events if e.lane == request.lane and e.data.get("role") == request.data["role"]]
    hashes = next(found for event, found in requests(same) if event.seq == request.seq)
    return [orjson.loads(blobs.get(digest)) for digest in hashes]


def difference(recorded: Sequence[Mapping[str, Any]], now: Sequence[Message], context: int = 1) -> str:
    """A unified diff of two conversations, cut to a screenful."""
    old = _lines(recorded)
    new = _lines([message_record(message) for message in now])
    rows = list(difflib.unified_diff(old, new, "recorded", "now", n=context, lineterm=""))
    return "\n".join(rows[:40]) or "the messages are equal; the tools, the settings or the seed differ"


def _lines(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    lines: list[str] = []
    for message in messages:
        lines.append(f"[{message['role']}]")
        lines.extend(str(message["content"]).splitlines())
        lines.extend(orjson.dumps(call).decode() for call in message.get("tool_calls", ()))
    return lines

"""Tool calls inside of texts: how they are written, and how they are found, whatever a model made of them.

A call that cannot be read stays a call, with the text as its arguments: whoever answers it says what is
wrong, and the model can mend it.
"""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import cast

import orjson

from scaffolds.markdown import blocks, prose_before_first_block
from scaffolds.messages import JsonValue, ToolCall
from scaffolds.models.function_tags import next_call, read_call, write_call
from scaffolds.models.pieces import CUT
from scaffolds.models.wire import Object, as_object, as_text
from scaffolds.tools import ToolSpec

OPEN, CLOSE = "<tool_call>", "</tool_call>"
RESULT = "<tool_result"
MOST_CALLS = 64
"""In one reply; what is behind them is not read."""
_NAME = re.compile(r'"(?:name|tool|function)"\s*:\s*"([^"]+)"')
_ARGUMENTS = ("arguments", "parameters", "args", "input")
_LENIENT = json.JSONDecoder(strict=False)  # takes line breaks inside of strings, which models often write
_THOUGHT_END = "</think>"
_Call = tuple[str, str]
"""Name and arguments, as text."""


@dataclass(frozen=True, slots=True)
class _Tagged:
    """A call between tags, where it ends, and whether it was written to its end."""

    call: _Call
    end: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A text, and the calls that were in it."""

    text: str
    calls: tuple[ToolCall, ...]


def written(text: str, calls: Sequence[ToolCall], tools: Sequence[ToolSpec]) -> str:
    """A text with its calls, as a model is asked to write it."""
    return "\n\n".join(filter(None, [text, *(_written(call, tools) for call in calls)]))


def found(reply: str, tools: Sequence[ToolSpec], seed: int, cut_at: int | None = None) -> Found:
    """The calls in a reply, and the rest of it.

    Args:
        reply: what the model wrote.
        tools: those that there are; tell a call without its tags from other JSON, and the types of values.
        seed: makes the calls' ids different from those of other replies.
        cut_at: tokens after which the reply was cut off. A call that is not whole then stays a text that
            nobody can carry out: half a command or half a file may do harm.
    """
    thought = reply.rfind(_THOUGHT_END)
    start = thought + len(_THOUGHT_END) if thought >= 0 else 0
    made_up = reply.find(RESULT, start)
    said = reply[:made_up] if made_up >= 0 else reply
    tagged = _next_tag(said, start) >= 0
    cut = "" if cut_at is None or made_up >= 0 else CUT.format(tokens=cut_at)
    text, calls = (
        _tagged(said, start, tools, cut) if tagged else _untagged(said, start, [t.name for t in tools])
    )
    return Found(text.strip(), _numbered(calls, seed))


def _written(call: ToolCall, tools: Sequence[ToolSpec]) -> str:
    """As tags where these say the same when they are read, else as JSON."""
    try:
        value: object = orjson.loads(call.arguments)
    except orjson.JSONDecodeError:
        return f'{OPEN}\n{{"name": {json.dumps(call.name)}, "arguments": {call.arguments}}}\n{CLOSE}'
    if isinstance(value, dict):
        tags = write_call(call.name, as_object(cast("JsonValue", value)))
        read = found(tags, tools, 0)
        said = [(one.name, one.arguments) for one in read.calls]
        if not read.text and said == [(call.name, json.dumps(value, ensure_ascii=False))]:
            return tags
    body = orjson.dumps({"name": call.name, "arguments": value}).decode().replace("<", "\\u003c")
    return f"{OPEN}\n{body}\n{CLOSE}"


def _next_tag(reply: str, start: int) -> int:
    """Where the next call between tags begins; -1 where there is none."""
    places = [place for place in (reply.find(OPEN, start), next_call(reply, start)) if place >= 0]
    return min(places, default=-1)


def _tagged(reply: str, start: int, tools: Sequence[ToolSpec], cut: str) -> tuple[str, list[_Call]]:
    """The text around calls between tags, and the calls; `cut` stands before one that broke off."""
    place = _next_tag(reply, start)
    text, calls = [reply[:place]], list[_Call]()
    while place >= 0 and len(calls) < MOST_CALLS:
        read, began = _tagged_call(reply, place, tools), place
        place = _next_tag(reply, read.end)
        if cut and place < 0 and not read.whole:
            calls.append((read.call[0], cut + reply[began:]))
            break
        calls.append(read.call)
        between = reply[read.end : place] if place >= 0 else reply[read.end :]
        text.append(between if between.strip() else "")
    return "".join(text), calls


def _tagged_call(reply: str, place: int, tools: Sequence[ToolSpec]) -> _Tagged:
    """The call whose tag is here, in either form or in both around each other."""
    opened = reply.startswith(OPEN, place)
    inner = place + len(OPEN) if opened else place
    call = read_call(reply, inner, tools)
    if call is None:
        return _call_at(reply, inner)
    behind = reply.find(CLOSE, call.end)
    closed = opened and behind >= 0 and not reply[call.end : behind].strip()
    end = behind + len(CLOSE) if closed else call.end
    return _Tagged((call.name, json.dumps(call.arguments, ensure_ascii=False)), end, call.whole)


def _call_at(reply: str, start: int) -> _Tagged:
    """The call, as JSON, that begins here."""
    brace = reply.find("{", start)
    close = reply.find(CLOSE, start)
    if brace >= 0 and (close < 0 or brace < close):
        try:
            value, end = _LENIENT.raw_decode(reply, brace)
        except (ValueError, RecursionError):
            value, end = None, start
        if value is not None:
            # The tag belongs to the call only if nothing but white space, fences or braces is before it.
            behind = reply.find(CLOSE, end)
            if behind >= 0 and not reply[end:behind].strip("` \t\r\n}"):
                end = behind + len(CLOSE)
            return _Tagged(_parts(as_object(value)), end, True)
    following = reply.find(OPEN, start)
    stop = next((place for place in (close, following) if place >= 0), len(reply))
    inner = _unfenced(reply[start:stop])
    name = _NAME.search(inner)
    end = stop + (len(CLOSE) if close >= 0 else 0)
    return _Tagged((name[1] if name else "", inner), end, close >= 0)


def _unfenced(text: str) -> str:
    fenced = blocks(text)
    return (fenced[0].body if fenced else text).strip()


def _untagged(reply: str, start: int, tools: Collection[str]) -> tuple[str, list[_Call]]:
    """Calls in fenced blocks, or a whole reply that is one: taken only where the name is a tool's."""
    said = reply[start:]
    candidates = [block.body for block in blocks(said)] or [said]
    calls = [call for candidate in candidates if (call := _bare(candidate, tools)) is not None]
    if not calls:
        return reply, []
    return (reply[:start] + prose_before_first_block(said) if blocks(said) else ""), calls


def _bare(candidate: str, tools: Collection[str]) -> _Call | None:
    try:
        value, _ = _LENIENT.raw_decode(candidate.strip())
    except (ValueError, RecursionError):
        return None
    call = as_object(value)
    if call.get("name") in tools and any(name in call for name in _ARGUMENTS):
        return _parts(call)
    return None


def _parts(call: Object) -> _Call:
    """Name and arguments of a call, under the names that models give them."""
    name = call.get("name") or call.get("tool") or call.get("function")
    none: JsonValue = {}
    arguments = next((call[key] for key in _ARGUMENTS if key in call), none)
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return as_text(name), text


def _numbered(calls: Sequence[_Call], seed: int) -> tuple[ToolCall, ...]:
    return tuple(ToolCall(f"call_{seed}_{n}", name, text) for n, (name, text) in enumerate(calls))

"""Server-sent events of the Messages API, put together to the message that they tell.

Kept as JSON: a tool's arguments stay the text that the model wrote, also where it was cut short.
"""

from collections.abc import Iterable, Iterator
from typing import Any, cast

import orjson

from scaffolds.models.wire import Object, as_count, as_object, as_text, without_nulls

ARGUMENTS = "arguments"
"""Where the text of a tool's arguments stands in a block, instead of `input`."""

_GROWING = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}


class BrokenStream(Exception):
    """The events end before the message does, or are no JSON."""


class StreamError(Exception):
    """The provider broke off and says why.

    Attributes:
        body: the error as it sent it.
    """

    def __init__(self, body: Object) -> None:
        super().__init__("the provider broke off")
        self.body = body


def lines(parts: Iterable[bytes]) -> Iterator[str]:
    """The lines of a body that comes in parts; what is behind the last line break is none."""
    rest: list[bytes] = []
    for part in parts:
        *ended, last = part.split(b"\n")
        for line in ended:
            yield b"".join([*rest, line]).decode(errors="replace")
            rest.clear()
        rest.append(last)


def assembled(lines: Iterable[str]) -> dict[str, Any]:
    """The message that a stream of lines tells.

    Raises:
        BrokenStream: it tells none to its end.
        StreamError: it ends in an error of the provider's.
    """
    message: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    for line in lines:
        if not line.startswith("data:"):
            continue
        event = _event(line[5:])
        match event.get("type"):
            case "message_start":
                message = dict(as_object(event.get("message")))
            case "content_block_start":
                blocks[as_count(event.get("index"))] = dict(as_object(event.get("content_block")))
            case "content_block_delta":
                _grow(blocks.get(as_count(event.get("index"))), as_object(event.get("delta")))
            case "message_delta":
                message |= as_object(event.get("delta"))
                # What the end does not count is null there, and stands at the beginning.
                counted = without_nulls(as_object(event.get("usage")))
                message["usage"] = {**as_object(message.get("usage")), **counted}
            case "message_stop":
                return {**message, "content": [_joined(block) for block in blocks.values()]}
            case "error":
                raise StreamError(event)
            case _:  # pings, the end of a block, and what may be added
                pass
    raise BrokenStream


def _event(data: str) -> dict[str, Any]:
    try:
        event: object = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise BrokenStream from None
    if not isinstance(event, dict):
        raise BrokenStream
    return cast("dict[str, Any]", event)


def _grow(block: dict[str, Any] | None, delta: Object) -> None:
    if block is None:
        raise BrokenStream
    kind = as_text(delta.get("type"))
    name = ARGUMENTS if kind == "input_json_delta" else _GROWING.get(kind)
    if name is not None:
        # A list of parts: a script of 100 KB comes in thousands of them.
        parts = block.setdefault(f"{name}+", [])
        parts.append(as_text(delta.get("partial_json" if name == ARGUMENTS else name)))


def _joined(block: dict[str, Any]) -> dict[str, Any]:
    """A block with its parts in one."""
    whole = {name: value for name, value in block.items() if not name.endswith("+")}
    for name, parts in block.items():
        if name.endswith("+"):
            whole[name[:-1]] = as_text(whole.get(name[:-1])) + "".join(parts)
    return whole

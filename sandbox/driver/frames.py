"""The wire format between host and driver, used by both ends.

A frame is a fixed prefix (two big-endian 32-bit lengths), a flat JSON object and a run of raw bytes.
Both ends bound every length before they allocate, so neither can be made to swell by the other.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

PREFIX = struct.Struct(">II")
MAX_HEADER = 256 * 1024
"""Bytes of JSON in one frame; the largest header in use is a script's environment."""
MAX_PAYLOAD = 16 * 1024 * 1024
"""Raw bytes in one frame; the largest in use is four full output buffers of a script."""
MAX_WORDS = 2000
"""Characters of a refusal that are passed on."""
_MAX_FIELDS = 32
_MAX_ITEMS = 4096


class FrameError(Exception):
    """Bytes that are not a frame, or a frame whose header lacks what it must hold."""


class Lengths(NamedTuple):
    """What a frame's prefix says."""

    header: int
    payload: int


class Header:
    """A frame's JSON object, read with the types it must have; every reader may raise `FrameError`."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def text(self, name: str) -> str:
        """Return a string."""
        value = self._values.get(name)
        if not isinstance(value, str):
            raise FrameError(f"field {name!r} is not a string")
        return value

    def integer(self, name: str, low: int = 0, high: int = 2**62) -> int:
        """Return an integer between `low` and `high`."""
        value = self._values.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise FrameError(f"field {name!r} is not an integer in its range")
        return value

    def number(self, name: str) -> float:
        """Return a finite number that is not negative."""
        value = self._values.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e15:
            raise FrameError(f"field {name!r} is not a number in its range")
        return float(value)

    def flag(self, name: str) -> bool:
        """Return a boolean."""
        value = self._values.get(name)
        if not isinstance(value, bool):
            raise FrameError(f"field {name!r} is not true or false")
        return value

    def texts(self, name: str) -> list[str]:
        """Return a list of strings."""
        items = self._items(name)
        texts = [item for item in items if isinstance(item, str)]
        if len(texts) != len(items):
            raise FrameError(f"field {name!r} holds something else than strings")
        return texts

    def integers(self, name: str) -> list[int]:
        """Return a list of integers that are not negative."""
        items = self._items(name)
        integers = [item for item in items if type(item) is int and 0 <= item <= 2**62]
        if len(integers) != len(items):
            raise FrameError(f"field {name!r} holds something else than sizes")
        return integers

    def _items(self, name: str) -> list[object]:
        value = self._values.get(name)
        if not isinstance(value, list):
            raise FrameError(f"field {name!r} is not a list")
        return cast("list[object]", value)


def encode(fields: Mapping[str, object], chunks: Sequence[bytes] = ()) -> bytes:
    """Build one frame; with more than one chunk the header says how long each is."""
    header = dict(fields)
    if len(chunks) > 1:
        header["chunks"] = [len(chunk) for chunk in chunks]
    _check(header)
    text = json.dumps(header, separators=(",", ":")).encode()
    payload = b"".join(chunks)
    if len(text) > MAX_HEADER or len(payload) > MAX_PAYLOAD:
        raise FrameError(f"a frame of {len(text)} + {len(payload)} bytes is over the limit")
    return b"".join((PREFIX.pack(len(text), len(payload)), text, payload))


def lengths(prefix: bytes) -> Lengths:
    """Read a frame's prefix and check it against the limits."""
    found = Lengths(*PREFIX.unpack(prefix))
    if not 0 < found.header <= MAX_HEADER or found.payload > MAX_PAYLOAD:
        raise FrameError(f"a frame announces {found.header} + {found.payload} bytes")
    return found


def decode(text: bytes) -> Header:
    """Parse a header: one JSON object whose values are scalars or lists of scalars."""
    try:
        values: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FrameError(f"a header is not JSON: {type(error).__name__}") from None
    if not isinstance(values, dict):
        raise FrameError("a header is not a JSON object")
    fields = cast("dict[str, object]", values)
    _check(fields)
    return Header(fields)


def split(header: Header, payload: bytes) -> list[bytes]:
    """Cut a payload into the chunks its header names."""
    if "chunks" not in header:
        return [payload]
    sizes = header.integers("chunks")
    if sum(sizes) != len(payload):
        raise FrameError("the chunks of a frame do not add up to its payload")
    chunks: list[bytes] = []
    start = 0
    for size in sizes:
        chunks.append(payload[start : start + size])
        start += size
    return chunks


def _check(fields: Mapping[str, object]) -> None:
    if len(fields) > _MAX_FIELDS or not all(map(_flat, fields.values())):
        raise FrameError(f"a header holds more than flat lists of at most {_MAX_ITEMS} items")


def _flat(value: object) -> bool:
    if not isinstance(value, list):
        return not isinstance(value, dict)
    items = cast("list[object]", value)
    return len(items) <= _MAX_ITEMS and not any(isinstance(item, (list, dict)) for item in items)

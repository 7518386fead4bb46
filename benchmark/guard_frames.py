"""The frames between a guard and the process that works for it: two lengths, a JSON header, and raw bytes.

Nothing is pickled. Both ends bound what they read, and the reading end of the guard keeps a deadline.
"""

import json
import os
import select
import struct
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

LENGTHS = struct.Struct(">IQ")
MAX_REPLY = 1024 * 1024
"""A verdict or a report has about a kilobyte; anything much larger is no reply."""
PIECE = 1 << 20
START_SECONDS = 120.0
"""Time to import pandas: one second warm, and some thirty on a cold disk with many runs starting at once."""


class Frame(NamedTuple):
    """A header and the bytes that come with it."""

    header: dict[str, Any]
    payload: bytes


class Broken(Exception):
    """The other end is gone or speaks nonsense."""


class Late(Exception):
    """The deadline passed."""


def pack(header: Mapping[str, object], payload: bytes = b"") -> bytes:
    """The header as bytes, with the lengths before it; the payload follows unchanged."""
    text = json.dumps(header).encode()
    return LENGTHS.pack(len(text), len(payload)) + text


def exchange(
    sending: int, receiving: int, header: Mapping[str, object], payload: bytes, *, deadline: float
) -> dict[str, Any]:
    """Sends a frame and returns the header of the reply.

    Raises:
        Broken: The other end is gone or speaks nonsense.
        Late: The deadline passed before the reply was whole.
    """
    write(sending, pack(header, payload), deadline=deadline)
    write(sending, payload, deadline=deadline)
    return read(receiving, deadline=deadline, limit=MAX_REPLY).header


def read(handle: int, *, deadline: float | None = None, limit: int | None = None) -> Frame:
    """One frame from a file descriptor; `deadline` is a time of `time.monotonic`.

    Raises:
        Broken: The stream ends, or the frame is larger than `limit` or no JSON object.
        Late: The deadline passed before the frame was whole.
    """
    text_size, payload_size = LENGTHS.unpack(_take(handle, LENGTHS.size, deadline))
    if limit is not None and text_size + payload_size > limit:
        raise Broken(f"a frame of {text_size + payload_size} bytes")
    text = _take(handle, text_size, deadline)
    payload = _take(handle, payload_size, deadline)
    try:
        header = json.loads(text)
    except ValueError as error:
        raise Broken("a header that is no JSON") from error
    if not isinstance(header, dict):
        raise Broken("a header that is no object")
    return Frame(header, payload)  # pyright: ignore[reportUnknownArgumentType]


def write(handle: int, data: bytes, *, deadline: float | None = None) -> None:
    """All bytes into a file descriptor; with a deadline, the descriptor must not block.

    Raises:
        Broken: Nobody reads the other end.
        Late: The deadline passed before all was written.
    """
    view = memoryview(data)
    while view:
        _wait(handle, select.POLLOUT, deadline)
        try:
            view = view[os.write(handle, view[:PIECE]) :]
        except BlockingIOError:
            continue
        except OSError as error:
            raise Broken("nobody reads") from error


def _take(handle: int, size: int, deadline: float | None) -> bytes:
    parts: list[bytes] = []
    while size:
        _wait(handle, select.POLLIN, deadline)
        try:
            part = os.read(handle, min(size, PIECE))
        except ConnectionResetError as error:
            raise Broken("the other end has died") from error
        if not part:
            raise Broken("the stream has ended")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _wait(handle: int, event: int, deadline: float | None) -> None:
    if deadline is None:
        return
    poll = select.poll()
    poll.register(handle, event)
    if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        raise Late

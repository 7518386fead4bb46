"""Jupyter's messages, as far as running cells needs them: their frames, and what a kernel is started with.

Nothing is signed: whoever could send a forged message has the right to read the key.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

_DELIMITER = b"<IDS|MSG>"
_SESSION = uuid.uuid4().hex


class Message(NamedTuple):
    """What matters of a message; `content` is the kernel's claim, and any key may be missing."""

    kind: str
    parent: str
    """Identifier of the request that it belongs to; empty if there is none."""
    content: Mapping[str, object]


class Ask(NamedTuple):
    """A request, and the identifier by which its answers name it."""

    name: str
    frames: list[bytes]


def connection(folder: str) -> str:
    """Return the content of a connection file: five sockets `k-NUMBER` in `folder`."""
    ports = {f"{name}_port": number for number, name in enumerate(CHANNELS, 1)}
    fields = {"transport": "ipc", "ip": f"{folder}/k", "key": "", "signature_scheme": "hmac-sha256"}
    return json.dumps({**fields, **ports})


CHANNELS = ("shell", "iopub", "stdin", "control", "hb")


def address(folder: str, channel: str) -> str:
    """Return where a channel's socket is."""
    return f"ipc://{folder}/k-{CHANNELS.index(channel) + 1}"


def execute(code: str, *, silent: bool = False) -> Ask:
    """Return a request to run a cell."""
    return _ask(
        "execute_request",
        {
            "code": code,
            "silent": silent,
            "store_history": not silent,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        },
    )


def read(parts: Sequence[bytes]) -> Message | None:
    """Read a message; None for one that is malformed."""
    try:
        start = parts.index(_DELIMITER) + 2
        header, parent, _, content = (_object(part) for part in parts[start : start + 4])
    except (ValueError, RecursionError):
        return None
    kind, name = header.get("msg_type"), parent.get("msg_id", "")
    if not isinstance(kind, str) or not isinstance(name, str):
        return None
    return Message(kind, name, content)


def _ask(kind: str, content: Mapping[str, object]) -> Ask:
    name = uuid.uuid4().hex
    header = {
        "msg_id": name,
        "msg_type": kind,
        "session": _SESSION,
        "username": "agent",
        "date": "2000-01-01T00:00:00+00:00",
        "version": "5.3",
    }
    parts = [json.dumps(part).encode() for part in (header, {}, {}, content)]
    return Ask(name, [_DELIMITER, b"", *parts])


def _object(text: bytes) -> dict[str, object]:
    value: object = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return cast("dict[str, object]", value)

"""What a notebook would show of a cell, as one text and some images."""

from __future__ import annotations

import binascii
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, cast

from sandbox.driver.capture import Record, Stream
from sandbox.driver.spill import Place

if TYPE_CHECKING:
    from sandbox.driver.jupyter import Message

_IMAGES = 16
_IMAGE_BYTES = 8 * 1024 * 1024
"""Of all images of a cell."""
_BASE64 = ("image/png", "image/jpeg")
_SVG = "image/svg+xml"
_TEXTS = ("text/plain", "text/markdown", "text/html", "text/latex", "application/json")
"""In order of preference."""


class Shown(NamedTuple):
    """The output of a cell."""

    text: Stream
    mimes: list[str]
    images: list[bytes]


class Display:
    """Takes a kernel's messages in their order."""

    def __init__(self, logs: str) -> None:
        """Begin; what is too long to be shown goes into a file in `logs`."""
        self._logs = logs
        self._begin()

    def take(self, message: Message) -> None:
        """Take a message of any kind."""
        kind, content = message["header"].get("msg_type"), message["content"]
        if kind == "stream":
            self.write(_text(content.get("text")))
        elif kind in ("execute_result", "display_data", "update_display_data"):
            self._bundle(content.get("data"))
        elif kind == "error":
            self._paragraph("\n".join(_texts(content.get("traceback"))) or _text(content.get("evalue")))
        elif kind == "execute_reply":
            for payload in _objects(content.get("payload")):  # help, by a question mark
                if payload.get("source") == "page":
                    self._bundle(payload.get("data"))

    def write(self, text: str) -> None:
        """Take text as it is."""
        if text:
            self._record.add(text.encode("utf-8", "replace"))
            self._at_start = text.endswith("\n")

    def finish(self) -> Shown:
        """Return all since the last time."""
        shown = Shown(self._record.result(), self._mimes, self._images)
        self._begin()
        return shown

    def _begin(self) -> None:
        self._record = Record(Place(self._logs, "cell"), "stdout.txt")
        self._mimes: list[str] = []
        self._images: list[bytes] = []
        self._at_start = True

    def _paragraph(self, text: str) -> None:
        self.write(("" if self._at_start else "\n") + text.rstrip("\n") + "\n")

    def _bundle(self, data: object) -> None:
        bundle: Mapping[str, object] = cast("dict[str, object]", data) if isinstance(data, dict) else {}
        shown = [self._image(mime, bundle[mime]) for mime in (*_BASE64, _SVG) if mime in bundle]
        if not shown:
            shown = [_text(bundle[mime]) for mime in _TEXTS if mime in bundle][:1]
        for text in shown:
            self._paragraph(text)

    def _image(self, mime: str, value: object) -> str:
        text = _text(value)
        try:
            data = text.encode("utf-8", "replace") if mime == _SVG else binascii.a2b_base64(text)
        except ValueError:
            return f"[{mime}, damaged]"
        words = ", ".join((mime, *_size(data), f"{len(data) / 1000:.1f} kB"))
        if len(self._images) >= _IMAGES or sum(map(len, self._images)) + len(data) > _IMAGE_BYTES:
            return f"[{words}, left out: more images than one cell may show]"
        self._mimes.append(mime)
        self._images.append(data)
        return f"[{words}]"


def _size(data: bytes) -> tuple[str, ...]:
    """Width and height of a PNG."""
    if data[:8] != b"\x89PNG\r\n\x1a\n" or len(data) < 24:
        return ()
    width, height = struct.unpack(">II", data[16:24])
    return (f"{width}x{height}",)


def _text(value: object) -> str:
    """A value of a bundle: text, or its lines."""
    return value if isinstance(value, str) else "".join(_texts(value))


def _texts(value: object) -> list[str]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [item for item in items if isinstance(item, str)]


def _objects(value: object) -> list[Mapping[str, object]]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("Mapping[str, object]", item) for item in items if isinstance(item, dict)]

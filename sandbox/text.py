"""Agent-made bytes as text that is safe to show, to a model or on a terminal.

Every pass is linear in the input, whatever the input is.
"""

import io
import re
import sys

from sandbox.results import Captured

# One escape sequence: CSI, or a string (OSC, DCS, SOS, PM, APC) that ends at BEL, ST or the line's end,
# or two characters. Each part excludes what begins the next, so nothing is scanned twice.
_ESCAPE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Marks that reorder or hide what a person reads, line separators that only some programs honour, and
# halves of characters, which cannot be encoded.
_DECEPTIVE = re.compile(
    "[\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\U000e0000-\U000e007f\ud800-\udfff]"
)


def agent_view(captured: Captured, head: int = 8192, tail: int = 8192) -> str:
    """Show a captured stream to an agent: its beginning, how much is left out, and its end.

    Args:
        captured: the stream.
        head: bytes of cleaned text to keep from the start.
        tail: bytes of cleaned text to keep from the end.
    """
    missing = captured.total - len(captured.head) - len(captured.tail)
    if missing > 0:
        first, last = _clean(captured.head), _clean(captured.tail)
    else:
        whole = _clean(captured.head + captured.tail)
        if len(whole) <= head + tail:
            return whole.decode()
        first, last = whole[: len(whole) - tail], whole[len(whole) - tail :]
        missing = 0
    missing += max(len(first) - head, 0) + max(len(last) - tail, 0)
    start = first[:head].decode(errors="ignore")
    end = last[max(len(last) - tail, 0) :].decode(errors="ignore")
    where = f"; more of it is in {printable(captured.path)}" if captured.path else ""
    return f"{start}\n[... {missing} bytes left out{where} ...]\n{end}"


def printable(text: str) -> str:
    """Return text that cannot act on a terminal or deceive its reader about the order of characters."""
    plain = _CONTROL.sub("\ufffd", _ESCAPE.sub("", text.replace("\r\n", "\n")))
    return _DECEPTIVE.sub("\ufffd", plain)


def bear_any_encoding() -> None:
    """Print `?` from now on for what the terminal's encoding lacks, where Python would end the command."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # pyright: ignore[reportUnknownMemberType] - a hole in its types


def _clean(data: bytes) -> bytes:
    text = _ESCAPE.sub("", data.decode(errors="replace"))
    if "\r" in text:
        text = "\n".join(map(_last_state, text.split("\n")))
    return _CONTROL.sub("", text).encode()


def _last_state(line: str) -> str:
    return line.rstrip("\r").rpartition("\r")[2]

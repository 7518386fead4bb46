"""Calls as tags around plain values, so that code is written as it is and nothing has to be escaped.

    <function=shell>
    <parameter=command>
    ls
    </parameter>
    </function>

OpenHands asks models without tools for this form, and open models are trained on it. Whatever is missing at
the end is taken for granted; that it was missing is said, for who knows that a reply was cut off.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scaffolds.messages import JsonValue
from scaffolds.tools import ToolSpec

_FUNCTION, _END = "<function=", "</function>"
_CLOSE = "</parameter>"
_CALL = re.compile(r"<function=([^<>\n]{1,200})>")
_ARGUMENT = re.compile(r"<parameter=([^<>\n]{1,200})>")
_SPACE = re.compile(r"\s*")
_MOST_PARAMETERS = 32
"""Of one call; what is behind them is not read."""


@dataclass(frozen=True, slots=True)
class TaggedCall:
    """A call that was read, and where it ends."""

    name: str
    arguments: dict[str, JsonValue]
    end: int
    whole: bool
    """Whether all its ends were written, and none was taken for granted."""


def next_call(text: str, start: int) -> int:
    """Where the next call in this form begins; -1 where there is none."""
    found = _CALL.search(text, start)
    return found.start() if found else -1


def read_call(text: str, start: int, tools: Sequence[ToolSpec]) -> TaggedCall | None:
    """The call that begins at `start`, white space aside; None where none does.

    Args:
        text: what a model wrote.
        start: where to look.
        tools: those that there are; a value is a string unless its tool says otherwise.
    """
    head = _CALL.match(text, _behind_space(text, start))
    if head is None:
        return None
    name, place = head[1].strip(), head.end()
    types = {n: p.type for tool in tools if tool.name == name for n, p in tool.parameters.items()}
    arguments: dict[str, JsonValue] = {}
    whole = True
    for _ in range(_MOST_PARAMETERS):
        parameter = _ARGUMENT.match(text, _behind_space(text, place))
        if parameter is None:
            break
        raw, place = _value(text, parameter.end())
        whole = whole and text.endswith(_CLOSE, 0, place)
        key = parameter[1].strip()
        arguments[key] = _typed(_without_borders(raw), types.get(key, "string"))
    end, following = text.find(_END, place), text.find(_FUNCTION, place)
    if end < 0 or 0 <= following < end:
        return TaggedCall(name, arguments, place, False)
    return TaggedCall(name, arguments, end + len(_END), whole)


def write_call(name: str, arguments: Mapping[str, JsonValue]) -> str:
    """A call in this form. Not every text can stand in it: read it back before you rely on it."""
    parts = [
        f"<parameter={key}>\n{value if isinstance(value, str) else json.dumps(value)}\n{_CLOSE}\n"
        for key, value in arguments.items()
    ]
    return f"{_FUNCTION}{name}>\n{''.join(parts)}{_END}"


def _behind_space(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place


def _value(text: str, start: int) -> tuple[str, int]:
    """The text of a value, and where what follows it begins."""
    close, following = text.find(_CLOSE, start), text.find(_FUNCTION, start)
    if close >= 0 and not 0 <= following < close:
        return text[start:close], close + len(_CLOSE)
    stops = [place for place in (text.find(_END, start), following) if place >= 0]
    stop = min(stops, default=len(text))
    return text[start:stop], stop


def _without_borders(raw: str) -> str:
    """The value without the line breaks that set it apart from its tags."""
    return raw.removeprefix("\n").removesuffix("\n")


def _typed(raw: str, kind: str) -> JsonValue:
    if kind == "string":
        return raw
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return {"true": True, "false": False}.get(raw.strip().lower(), raw)

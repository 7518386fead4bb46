"""The arguments of an action, read in four stages from what a model wrote for JSON.

1. as JSON, in a fence or without;
2. as JSON once more, with the backslashes and line breaks in its strings escaped: who writes real line breaks
   into a string escapes nothing else in it either;
3. the keys must be exactly those that the action declares;
4. what is no JSON even then is cut at the declared keys, in their order, and the text between is taken as it
   is, so that tripled quotes, and quotes that nobody escaped, survive.

JSON with wrong keys is a mismatch and never cut: the text between keys would swallow those that are too many.
Everything takes linear time.
"""

import re
from collections.abc import Mapping
from typing import cast

import orjson

from scaffolds.messages import JsonValue
from scaffolds.tools import Parameter, ToolSpec
from scaffolds.words import one_line

_OPENING = re.compile(r"\A\s*```[ \t]*(?:json)?[ \t]*\n?", re.IGNORECASE)
_CLOSING = re.compile(r"```\s*\Z")
_STRING = re.compile(r'"[^"]*"')
_ESCAPES = {code: f"\\u{code:04x}" for code in range(32)} | {10: "\\n", 13: "\\r", 9: "\\t"}
_LISTED = 10
_QUOTES = ('"""', "'''", '"')


class BadArguments(ValueError):
    """Arguments that cannot be used; the text says why, for the model."""


def read_arguments(text: str, spec: ToolSpec) -> dict[str, JsonValue]:
    """The arguments of `spec`, each of its declared type.

    Raises:
        BadArguments: they cannot be read, or are not those that are declared.
    """
    body = unfenced(text)
    found = _as_object(body) or _as_object(sanitised(body))
    if found is None:
        found = cut_at_keys(text, list(spec.parameters))
    if set(found) != set(spec.parameters):
        raise BadArguments(f"Argument mismatch: it takes {_listed(spec.parameters)}, not {_listed(found)}.")
    return {name: _typed(name, found[name], parameter) for name, parameter in spec.parameters.items()}


def unfenced(text: str) -> str:
    """The text without a fence around it."""
    return _CLOSING.sub("", _OPENING.sub("", text))


def sanitised(text: str) -> str:
    """The text with backslashes escaped, and the control characters in its strings."""
    return _STRING.sub(lambda match: match[0].translate(_ESCAPES), text.replace("\\", "\\\\"))


def cut_at_keys(text: str, keys: list[str]) -> dict[str, JsonValue]:
    """The raw text between declared keys; every key is taken as far right as the keys after it allow.

    Raises:
        BadArguments: a key is missing, or they stand in another order.
    """
    start, end = text.find("{") + 1, text.rfind("}")
    body = text[start : end if end >= start else len(text)]
    values: dict[str, JsonValue] = {}
    limit = len(body)
    for position in range(len(keys) - 1, -1, -1):
        place = _place(body, keys[position], limit, first=position == 0)
        if place is None:
            raise BadArguments(
                f"It is not valid JSON, and its keys are not {_listed(keys)} in this order. Escape quotes, "
                "backslashes and line breaks inside strings."
            )
        values[keys[position]] = _unquoted(body[place[1] : limit])
        limit = place[0]
    return {key: values[key] for key in keys}


def _as_object(text: str) -> dict[str, JsonValue] | None:
    try:
        value: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return cast("dict[str, JsonValue]", value) if isinstance(value, dict) else None


def _place(body: str, key: str, limit: int, *, first: bool) -> tuple[int, int] | None:
    """Where a key before `limit` begins, with the comma that separates it, and where its value begins."""
    name = re.escape(f'"{key}"')
    pattern = re.compile(rf"{name}\s*:" if first else rf",\s*{name}\s*:")
    matches = pattern.finditer(body, 0, limit)
    chosen = next(matches, None) if first else max(matches, key=lambda match: match.start(), default=None)
    return None if chosen is None else chosen.span()


def _unquoted(raw: str) -> str:
    value = raw.strip()
    for quote in _QUOTES:
        if len(value) >= 2 * len(quote) and value.startswith(quote) and value.endswith(quote):
            return value[len(quote) : -len(quote)]
    return value


def _typed(name: str, value: JsonValue, parameter: Parameter) -> JsonValue:
    if parameter.type == "integer":
        return _integer(name, value)
    if isinstance(value, str):
        return value
    return orjson.dumps(value).decode()


def _integer(name: str, value: JsonValue) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str | float) and re.fullmatch(r"\s*[+-]?\d{1,9}(?:\.0)?\s*", str(value)):
        return int(float(value))
    raise BadArguments(f"`{name}` must be a whole number.")


def _listed(names: Mapping[str, object] | list[str]) -> str:
    shown = [f"`{one_line(name, 60)}`" for name in list(names)[:_LISTED]]
    more = [f"{len(names) - _LISTED} more"] if len(names) > _LISTED else []
    return ", ".join([*shown, *more]) or "nothing"

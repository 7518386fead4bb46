"""Reading the JSON of providers, which may be anything, and remembering what was made of a message."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Lock
from typing import Generic, TypeVar, cast

import orjson

from scaffolds.messages import JsonValue, Message
from scaffolds.models.failures import Transient

Object = Mapping[str, JsonValue]
T = TypeVar("T")

REMEMBERED = 4096
"""Messages; some conversations of 500 turns each."""


def parse_object(body: bytes, name: str) -> Object:
    """The JSON object that a body holds.

    Raises:
        Transient: it is no JSON, half of it, or no object; a gateway's error page, often.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise Transient(f"{name}: the provider's answer is no JSON object ({len(body)} bytes)", "bad_answer")
    return cast("Object", value)


def as_object(value: JsonValue) -> Object:
    """An object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def as_objects(value: JsonValue) -> list[Object]:
    """The objects of a list; none for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def as_text(value: JsonValue) -> str:
    """A string; an empty one for anything else."""
    return value if isinstance(value, str) else ""


def as_count(value: JsonValue) -> int:
    """A number of tokens; 0 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def without_nulls(item: Object) -> dict[str, JsonValue]:
    """An object without its null fields: some providers send fields that they refuse to be sent."""
    return {name: value for name, value in item.items() if value is not None}


class TooSlow(Exception):
    """An answer that still comes has taken as long as one may."""


def in_time(parts: Iterable[bytes], seconds: float) -> Iterator[bytes]:
    """The parts of an answer as they come.

    The timeouts of the packages begin anew with every byte, so a trickle of them never ends in one.

    Raises:
        TooSlow: they still come after so many seconds.
    """
    until = time.monotonic() + seconds
    for part in parts:
        if time.monotonic() > until:
            raise TooSlow
        yield part


class Remembered(Generic[T]):
    """What a client has made of messages, so that a long conversation is not converted anew at each call.

    Goes by the identity of a message and not by its content, whose hash would cost what the conversion
    does. Safe in several threads.
    """

    def __init__(self, convert: Callable[[Message], T]) -> None:
        self._convert = convert
        self._known: OrderedDict[int, tuple[Message, T]] = OrderedDict()
        self._lock = Lock()

    def __call__(self, message: Message) -> T:
        """What `convert` makes of `message`; shared between calls, so not to be changed."""
        known = self._known.get(id(message))
        if known is None:
            # The message is kept beside what was made of it: as long as it lives, its id is nobody else's.
            known = message, self._convert(message)
            with self._lock:
                self._known[id(message)] = known
                if len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)
        return known[1]

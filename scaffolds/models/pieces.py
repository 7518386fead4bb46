"""A model's answer as the provider cut it: opaque items, texts and calls, in their order.

Providers want their reasoning back where it stood. The log holds an answer's text and calls already, so
what is kept beside them (`Completion.provider`) is the opaque items whole, and of the rest only its place,
its length, and the fields that the provider put around it. A message whose text a scaffold has changed is
sent as changed; an answer of another model is sent without what only that model can read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import orjson

from scaffolds.messages import JsonValue, Message, ToolCall
from scaffolds.models.wire import Object, as_count, as_object, as_objects

BETWEEN = "\n\n"
"""What separates the texts of one answer where they are read as one."""
CUT_OFF = ("length", "refusal")
"""Why an answer ends that is not whole."""
CUT = "[cut off at {tokens} tokens, before the call was whole] "
"""Before the arguments of a call that is not whole, so that nobody can carry it out."""
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")
_LONGEST_NAME = 64
"""OpenAI's limit; others allow more."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of an answer: an opaque item, a text, or a call."""

    opaque: Object | None = None
    text: str | None = None
    call: ToolCall | None = None
    around: Object = field(default_factory=dict[str, JsonValue])
    """The provider's own fields of a text or a call, such as its id."""


def text_of(pieces: Sequence[Piece]) -> str:
    """All texts as one."""
    return BETWEEN.join(piece.text for piece in pieces if piece.text is not None)


def calls_of(pieces: Sequence[Piece]) -> tuple[ToolCall, ...]:
    """All calls."""
    return tuple(piece.call for piece in pieces if piece.call is not None)


def as_ended(pieces: Sequence[Piece], stop: str, tokens: int) -> list[Piece]:
    """The pieces of an answer that ended for `stop` after so many tokens, fit to be used and sent back.

    The call in which an answer breaks off gets arguments that nobody can carry out: half a command or half
    a file may do harm, and the half may be valid JSON. Reasoning behind which nothing came is left out: no
    provider takes it back, and where it broke off its signature is missing.
    """
    kept = list(pieces)
    while kept and kept[-1].opaque is not None:
        kept.pop()
    call = kept[-1].call if kept else None
    if stop in CUT_OFF and call is not None and len(kept) == len(pieces):
        kept[-1] = replace(kept[-1], call=replace(call, arguments=CUT.format(tokens=tokens) + call.arguments))
    return kept


def provider_record(pieces: Sequence[Piece], origin: str) -> Mapping[str, JsonValue] | None:
    """What is kept of the pieces beside their text and calls; None where that says nothing more.

    Args:
        pieces: the answer.
        origin: whose items they are: the client and the model.
    """
    if all(piece.opaque is None and not piece.around for piece in pieces) and _ordinary(pieces):
        return None
    return {"origin": origin, "pieces": [_record(piece) for piece in pieces]}


def pieces_of(message: Message, origin: str) -> list[Piece]:
    """An assistant's message in pieces, as `origin` sent them where it is the sender."""
    provider = message.provider or {}
    if provider.get("origin") == origin:
        records = as_objects(provider.get("pieces"))
        texts = _texts(message.content, [as_count(r["text"]) for r in records if "text" in r])
        if texts is not None and sum("call" in r for r in records) == len(message.tool_calls):
            return _restored(records, texts, message.tool_calls)
    text = [Piece(text=message.content)] if message.content else []
    return [*text, *(Piece(call=call) for call in message.tool_calls)]


def name_to_send(call: ToolCall) -> str:
    """The name of a call as every provider takes it back: models make up names that none would."""
    return _NOT_IN_NAMES.sub("_", call.name)[:_LONGEST_NAME] or "_"


def arguments_to_send(call: ToolCall) -> Object:
    """The arguments of a call as the object that they should be; what is none is shown as the text it was."""
    try:
        value = orjson.loads(call.arguments or "{}")
    except orjson.JSONDecodeError:
        value = None
    return cast("Object", value) if isinstance(value, dict) else {"not_an_object": call.arguments}


def _ordinary(pieces: Sequence[Piece]) -> bool:
    """Whether the pieces are in the order that they get where nothing is known: one text, then calls."""
    return all(piece.call is not None for piece in pieces[1:])


def _record(piece: Piece) -> dict[str, JsonValue]:
    if piece.opaque is not None:
        return {"opaque": dict(piece.opaque)}
    around: dict[str, JsonValue] = {"around": dict(piece.around)} if piece.around else {}
    return {"text": len(piece.text), **around} if piece.text is not None else {"call": True, **around}


def _restored(records: Sequence[Object], texts: Sequence[str], calls: Sequence[ToolCall]) -> list[Piece]:
    next_text, next_call = iter(texts), iter(calls)
    pieces: list[Piece] = []
    for record in records:
        around = as_object(record.get("around"))
        if "opaque" in record:
            pieces.append(Piece(opaque=as_object(record["opaque"])))
        elif "text" in record:
            pieces.append(Piece(text=next(next_text), around=around))
        else:
            pieces.append(Piece(call=next(next_call), around=around))
    return pieces


def _texts(content: str, lengths: Sequence[int]) -> list[str] | None:
    """A content cut at its lengths; all of it first where it was changed, None where it has no place."""
    if not lengths:
        return None if content else []
    texts: list[str] = []
    start = 0
    for length in lengths:
        texts.append(content[start : start + length])
        start += length + len(BETWEEN)
    return texts if BETWEEN.join(texts) == content else [content, *("" for _ in lengths[1:])]

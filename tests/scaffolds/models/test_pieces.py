"""Answers in pieces: through a log and back, and as scaffolds may have changed them."""

from dataclasses import replace

import orjson
from hypothesis import example, given
from hypothesis import strategies as st

from scaffolds.messages import Completion, JsonValue, Message, ToolCall
from scaffolds.models.pieces import BETWEEN, Piece, calls_of, pieces_of, provider_record, text_of
from scaffolds.runtime.transcript import completion_record, message_record, parse_completion

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
AROUND = st.dictionaries(st.sampled_from(["id", "phase"]), TEXT, max_size=2)
PIECES = st.lists(
    st.builds(Piece, opaque=st.dictionaries(TEXT, TEXT, min_size=1, max_size=2))
    | st.builds(Piece, text=TEXT, around=AROUND)
    | st.builds(Piece, call=st.builds(ToolCall, TEXT, TEXT, TEXT), around=AROUND),
    max_size=6,
)


def completed(pieces: list[Piece], origin: str = "api:model") -> Message:
    """The answer as the next message, after a log has held it."""
    said = Completion(text_of(pieces), calls_of(pieces), provider=provider_record(pieces, origin))
    held = parse_completion(orjson.loads(orjson.dumps(completion_record(said))))
    assert held == said
    message = held.message()
    assert orjson.loads(orjson.dumps(message_record(message)))["content"] == said.text
    return message


@given(PIECES)
def test_there_and_back(pieces: list[Piece]) -> None:
    assert pieces_of(completed(pieces), "api:model") == pieces


@given(PIECES)
def test_another_model_gets_text_and_calls_alone(pieces: list[Piece]) -> None:
    message = completed(pieces)
    others = pieces_of(message, "api:another")
    assert text_of(others) == message.content
    assert calls_of(others) == message.tool_calls
    assert all(piece.opaque is None and not piece.around for piece in others)


@given(PIECES, TEXT)
@example([Piece(text="00000"), Piece(text="00000")], "0" * 12)  # no shorter and no longer
def test_a_changed_text_is_sent_as_changed(pieces: list[Piece], text: str) -> None:
    message = replace(completed(pieces), content=text)
    again = pieces_of(message, "api:model")
    assert text_of([piece for piece in again if piece.text]) == text
    assert calls_of(again) == message.tool_calls


@given(PIECES)
def test_calls_taken_away_are_not_sent(pieces: list[Piece]) -> None:
    message = replace(completed(pieces), tool_calls=())
    assert calls_of(pieces_of(message, "api:model")) == ()


@given(st.dictionaries(TEXT, st.none() | TEXT | st.lists(TEXT)))
def test_records_of_others_are_no_trouble(provider: dict[str, JsonValue]) -> None:
    message = Message("assistant", "Hi.", provider=provider)
    assert pieces_of(message, "api:model") == [Piece(text="Hi.")]


def test_what_says_nothing_more_is_not_kept() -> None:
    call = ToolCall("a", "b", "{}")
    assert provider_record([Piece(text="x"), Piece(call=call)], "o") is None
    assert provider_record([Piece(call=call), Piece(text="x")], "o") is not None
    assert text_of([Piece(text="x"), Piece(text="y")]) == f"x{BETWEEN}y"

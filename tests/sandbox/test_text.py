import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.results import Captured
from sandbox.text import agent_view, printable
from tests.sandbox.support import RELAXED


def view(data: bytes, **sizes: int) -> str:
    return agent_view(Captured(data, b"", len(data)), **sizes)


def test_plain_text_is_unchanged() -> None:
    assert view("zwölf\tx\n✓ 数\n".encode()) == "zwölf\tx\n✓ 数\n"
    assert view(b"") == ""


def test_progress_bars_show_their_last_state() -> None:
    assert view(b"a\n 1%\r 50%\r100%\nb\r\nc\r") == "a\n100%\nb\nc"
    assert view(b"\x1b[2K 1%\r\x1b[2K\x1b[32m 2%\x1b[0m") == " 2%"


def test_escapes_and_controls_are_dropped() -> None:
    assert view(
        b"\x1b[1;31mred\x1b[0m \x1b]0;title\x07x\x1b]8;;http://a\x1b\\y \x1bPq\x1b\\z\x1b(B\x00\x08\x7f!"
    ) == ("red xy z!")
    assert view(b"bad \xff utf-8, \xc2\x9b31m c1") == "bad \ufffd utf-8,  c1"
    assert view(b"an unfinished \x1b]0;title\nnext line") == "an unfinished \nnext line"


def test_the_middle_is_left_out_and_counted() -> None:
    assert (
        view(b"a" * 10 + b"b" * 90, head=10, tail=5) == "a" * 10 + "\n[... 85 bytes left out ...]\n" + "b" * 5
    )
    shown = agent_view(Captured(b"h" * 100, b"t" * 100, 1_000_000), head=10, tail=10)
    assert shown == "h" * 10 + "\n[... 999980 bytes left out ...]\n" + "t" * 10
    assert view(b"x" * 15, head=10, tail=5) == "x" * 15
    assert view(b"x" * 15, head=10, tail=0) == "x" * 10 + "\n[... 5 bytes left out ...]\n"


def test_characters_are_not_cut() -> None:
    shown = view("ü".encode() * 100, head=11, tail=11)
    assert shown.startswith("üüüüü\n[") and shown.endswith("]\nüüüüü")


@RELAXED
@given(st.binary(max_size=400), st.binary(max_size=400), st.integers(0, 10**12), st.integers(0, 99))
def test_a_view_is_always_safe_and_short(head: bytes, tail: bytes, missing: int, size: int) -> None:
    shown = agent_view(Captured(head, tail, len(head) + len(tail) + missing), size, size)
    assert not any((ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160 for c in shown)
    assert len(shown.encode()) <= 2 * size + 60


@RELAXED
@given(st.text())
def test_printable_text_can_be_encoded_and_acts_on_nothing(text: str) -> None:
    shown = printable(text)
    shown.encode()
    assert not any((ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160 for c in shown)
    assert printable(shown) == shown


def test_marks_that_deceive_are_made_visible() -> None:
    assert printable("a\u202eb\u2066c\u2028d\udc80e\U000e0041") == "a\ufffdb\ufffdc\ufffdd\ufffde\ufffd"
    assert printable("\x1b[31mred\x1b[0m\rx\x9b") == "red\ufffdx"


@pytest.mark.parametrize(
    "hostile",
    [
        b"\x1b]",
        b"\x1b[",
        b"\x1b[0;",
        b"\x1b",
        b"\r",
        b"\r\n",
        b"\x1bP\x1b",
        b"\xc2\x9d",
        b"\xff",
        b"\x1b]a\n",
    ],
)
def test_hostile_text_takes_linear_time(hostile: bytes) -> None:
    data = hostile * (300_000 // len(hostile))
    start = time.process_time()
    view(data)
    printable(data.decode(errors="replace"))
    assert time.process_time() - start < 10

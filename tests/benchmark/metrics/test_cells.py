"""Cells with a structure: what is read from them, what is refused and why, and that floods are cheap."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.cells import KINDS
from benchmark.cells.groups import MAX_TOKENS
from benchmark.checks.tokens import same_tokens
from benchmark.submission import parse
from benchmark.submission_schema import Column
from benchmark.verdict import Code, Rejected

BOXES = Column(
    kind="groups",
    params={"fields": ("label", "score", "width"), "positive": ("width",)},
)
POINTS = Column(
    kind="groups",
    blank="allowed",
    params={"fields": ("label", "x", "y"), "labels": "whole", "blanks": "single"},
)
SPANS = Column(kind="span", blank="allowed")
NUMBERS = Column(kind="integer_list", blank="allowed")
LABELS = Column(kind="class", classes=("0", "1", "7"))
RUNS = Column(kind="rle", blank="allowed", params={"empty": "-"})


def read(cells: list[str], rule: Column) -> pd.Series:
    return parse(pd.Series(cells, dtype="str"), "column", rule.kind, rule)


def refusal(cells: list[str], rule: Column) -> Rejected:
    with pytest.raises(Rejected) as caught:
        read(cells, rule)
    assert len(caught.value.message) < 500
    return caught.value


def test_groups_are_labels_and_numbers() -> None:
    one, two = read(["car 0.5 1e0  bus .25 2", "\tUnknown 1 3 "], BOXES)
    assert one.labels.tolist() == ["car", "bus"]
    assert one.values.tolist() == [[0.5, 1.0], [0.25, 2.0]]
    assert two.labels.tolist() == ["Unknown"]
    empty, whole = read(["NaN", "3.0 1 2 014 5 6"], POINTS)
    assert len(empty.labels) == 0
    assert whole.labels.tolist() == ["3", "14"]


@pytest.mark.parametrize(
    ("cell", "rule", "code", "problem"),
    [
        ("", BOXES, Code.NAN, "no value"),
        ("  ", BOXES, Code.NAN, "no value"),
        ("car 1", BOXES, Code.BAD_FORMAT, "no multiple of 3"),
        ("car 1 x", BOXES, Code.BAD_FORMAT, "finite number"),
        ("car 1 nan", BOXES, Code.BAD_FORMAT, "finite number"),
        ("car inf 1", BOXES, Code.BAD_FORMAT, "finite number"),
        ("car 1e999 1", BOXES, Code.BAD_FORMAT, "finite number"),
        ("car 1_0 1", BOXES, Code.BAD_FORMAT, "finite number"),
        ("car 1 0", BOXES, Code.BAD_FORMAT, "not above 0"),
        ("car 1 -2", BOXES, Code.BAD_FORMAT, "not above 0"),
        ("3  1 2", POINTS, Code.BAD_FORMAT, "two blanks"),
        (" 3 1 2", POINTS, Code.BAD_FORMAT, "two blanks"),
        ("3.5 1 2", POINTS, Code.BAD_FORMAT, "no whole number"),
        ("1e300 1 2", POINTS, Code.BAD_FORMAT, "no whole number"),
        ("car 1 2", POINTS, Code.BAD_FORMAT, "finite number"),
        ("12-15", SPANS, Code.BAD_FORMAT, "no answer"),
        ("1:2:3", SPANS, Code.BAD_FORMAT, "no answer"),
        ("yes", SPANS, Code.BAD_FORMAT, "no answer"),
        ("3.5", NUMBERS, Code.BAD_FORMAT, "no list of whole numbers"),
        ("1,2", NUMBERS, Code.BAD_FORMAT, "no list of whole numbers"),
    ],
)
def test_what_is_refused_and_why(cell: str, rule: Column, code: Code, problem: str) -> None:
    good = {"groups": "3 1 2", "span": "1:2", "integer_list": "1"}[rule.kind]
    rejected = refusal([good, cell, good], rule)
    assert rejected.code is code
    assert problem in rejected.message


def test_spans_and_numbers_have_one_spelling() -> None:
    spans = read(["07:009", " +1 : 2 ", "-1:-1", "YES", "NO", "", "None"], SPANS)
    assert spans.tolist() == ["7:9", "1:2", "-1:-1", "YES", "NO", "", ""]
    numbers = read(["01 +2  3", "0 00 10", "-05", "", " 7 "], NUMBERS)
    assert [cell.split() for cell in numbers] == [["1", "2", "3"], ["0", "0", "10"], ["-5"], [], ["7"]]


def test_rows_have_their_own_tokens() -> None:
    expected = pd.DataFrame({"order": ["a b c", "a", "d d e"]})
    same_tokens(pd.DataFrame({"order": ["c a b", "a", "d  e d"]}), expected, column="order")
    for cell in ("a b", "a b d", "a a b", "a b c c", ""):
        with pytest.raises(Rejected) as caught:
            same_tokens(pd.DataFrame({"order": [cell, "a", "e d d"]}), expected, column="order")
        assert caught.value.code is Code.BAD_FORMAT
        assert "1 cells" in caught.value.message


hostile = st.text(st.sampled_from("0123456789 .:-+eEnaxYESNO\t\n\x00é🙂①"), max_size=30)


@settings(max_examples=150, deadline=None)
@given(st.lists(hostile, min_size=1, max_size=4), st.sampled_from([BOXES, POINTS, SPANS, NUMBERS, RUNS]))
def test_any_text_is_read_or_refused(cells: list[str], rule: Column) -> None:
    assert rule.kind in KINDS
    try:
        values: Any = read(cells, rule)
    except Rejected as rejected:
        assert rejected.code in (Code.BAD_FORMAT, Code.NAN)
        assert rejected.message.isprintable()
        return
    assert len(values) == len(cells)


def test_a_flood_of_parts_is_refused_before_it_is_read() -> None:
    rejected = refusal(["a 1 1 " * (MAX_TOKENS // 3 + 1)], BOXES)
    assert rejected.code is Code.TOO_BIG


@pytest.mark.parametrize("start", ["", "3 1 ", "1:"])
@pytest.mark.parametrize("digit", ["9", "0", " ", "+"])
@pytest.mark.parametrize("rule", [BOXES, POINTS, SPANS, NUMBERS, RUNS, LABELS], ids=lambda rule: rule.kind)
def test_one_endless_cell_is_read_in_one_pass_and_shown_in_a_line(
    rule: Column, digit: str, start: str
) -> None:
    """A pattern that tries again from every digit would take days."""
    rejected = refusal([start + digit * 1_000_000 + "x"], rule)
    assert rejected.code is (Code.BAD_TYPE if rule is LABELS else Code.BAD_FORMAT)

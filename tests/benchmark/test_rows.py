"""Which row of a submission belongs to which row that was asked for, against a slow literal reference."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.rows import BETWEEN, as_ids, row_order
from benchmark.verdict import Code, Rejected

Row = tuple[str, ...]
asked_parts = st.sampled_from(["a", "b", "ab", "A", "é", "7x"])
found_parts = asked_parts | st.sampled_from(["", BETWEEN, f"a{BETWEEN}b", f"b{BETWEEN}", "zz"])


@st.composite
def sheets(draw: st.DrawFn) -> tuple[list[Row], list[Row]]:
    """Rows that are asked for, and those of a file: the same in another order, or with something wrong."""
    width = draw(st.integers(1, 3))
    asked = draw(st.lists(st.tuples(*[asked_parts] * width), min_size=1, max_size=12))
    others = draw(st.lists(st.tuples(*[found_parts] * width), max_size=2))
    found = draw(st.permutations(asked + others))
    lost = draw(st.integers(0, 2))
    return asked, found[lost:] or found


def columns(rows: list[Row]) -> dict[str, pd.Series]:
    return {f"id{place}": pd.Series(list(part)) for place, part in enumerate(zip(*rows, strict=True))}


def literal(asked: list[Row], found: list[Row], *, others: bool) -> list[int] | Code:
    """The places row by row, or why there are none; white space around an id, BETWEEN too, does not count."""
    found = [tuple(part.strip() for part in row) for row in found]
    if not others and any(row not in asked for row in found):
        return Code.UNKNOWN_ID
    if any(found.count(row) > asked.count(row) for row in asked):
        return Code.DUP_ID
    if any(found.count(row) < asked.count(row) for row in asked):
        return Code.MISSING_ID
    places = {row: [place for place, other in enumerate(found) if other == row] for row in asked}
    return [places[row].pop(0) for row in asked]


@pytest.mark.parametrize("others", [False, True])
@given(sheet=sheets())
def test_rows_are_matched_by_all_their_ids(others: bool, sheet: tuple[list[Row], list[Row]]) -> None:
    asked, found = sheet
    try:
        order = row_order(columns(found), as_ids(columns(asked), public=True), others=others)
    except Rejected as rejected:
        assert rejected.verdict.code == literal(asked, found, others=others)
    else:
        places = list(range(len(asked))) if order is None else order.tolist()
        assert places == literal(asked, found, others=others)

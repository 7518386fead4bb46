"""Counts of providers as one kind of sum: nothing twice, nothing left out, nothing below zero."""

from hypothesis import given
from hypothesis import strategies as st

from scaffolds.messages import Usage
from scaffolds.models.counting import counted_usage
from scaffolds.models.rates import Price

COUNTS = st.integers(0, 1000)


@given(COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, st.none() | COUNTS)
def test_no_part_is_larger_than_its_whole(
    asked: int, read: int, made: int, thought: int, written: int, total: int | None
) -> None:
    usage = counted_usage(asked, read, made, thought, written, total or 0)
    assert usage.cached + usage.written <= usage.input
    assert usage.reasoning <= usage.output
    assert usage.input >= asked
    assert usage.output >= made
    usd = Price(input=1, cached=0.1, written=1.25, output=4, reasoning=8).usd(usage)
    assert usd is not None
    assert usd >= 0


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_parts_are_counted_once_however_a_provider_counts_them(
    fresh: int, read: int, shown: int, thought: int
) -> None:
    within = counted_usage(fresh + read, read, shown + thought, thought, 0, fresh + read + shown + thought)
    beside = counted_usage(fresh + read, read, shown, thought, 0, fresh + read + shown + thought)
    assert within == beside == Usage(fresh + read, read, shown + thought, thought)

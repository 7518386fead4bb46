"""The daemon's stream, cut anywhere."""

import struct
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.backends.multiplex import Demultiplexer, Garbled

PIECES = st.lists(st.tuples(st.sampled_from((1, 2)), st.binary(max_size=300)), max_size=20)


def header(kind: int, size: int) -> bytes:
    return struct.pack(">BxxxI", kind, size)


@given(PIECES, st.lists(st.integers(1, 50), min_size=1, max_size=10))
def test_streams_come_apart_however_they_are_cut(pieces: list[tuple[int, bytes]], cuts: list[int]) -> None:
    wire = b"".join(header(kind, len(data)) + data for kind, data in pieces)
    streams = Demultiplexer()
    at = turn = 0
    while at < len(wire):
        size = cuts[turn % len(cuts)]
        streams.feed(wire[at : at + size])
        at, turn = at + size, turn + 1
    assert streams.output == b"".join(data for kind, data in pieces if kind == 1)
    assert streams.errors == b"".join(data for kind, data in pieces if kind == 2)[-2048:]


def test_a_length_that_is_only_announced_takes_no_memory() -> None:
    streams = Demultiplexer()
    tracemalloc.start()
    streams.feed(header(1, 0xFFFFFFFF) + b"x")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000 and streams.output == b"x"


def test_standard_error_is_kept_within_bounds() -> None:
    streams = Demultiplexer()
    for _ in range(100):
        streams.feed(header(2, 1000) + b"e" * 1000)
    streams.feed(header(2, 4) + b"last")
    assert len(streams.errors) <= 2048 and streams.errors.endswith(b"last")


@pytest.mark.parametrize("kind", [0, 3, 71, 255])
def test_another_stream_is_refused(kind: int) -> None:
    with pytest.raises(Garbled):
        Demultiplexer().feed(header(kind, 1) + b"x")

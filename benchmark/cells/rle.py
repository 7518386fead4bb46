"""Cells that hold a mask as runs of pixels: `start length start length ...`, pixels counted from 1.

A mask is never painted: it stays a list of runs, so a run of 10^18 pixels costs as much as a run of one.
Whether pixels are counted down the columns or along the rows is the metric's business, and so is the size of
the image, which only the answers know: runs may reach past it here.
"""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.cells.common import examples, without_missing
from benchmark.submission_schema import Column
from benchmark.text import plain
from benchmark.verdict import Code, Rejected

Runs = NDArray[np.int64]
"""One mask, of shape (runs, 2): the first pixel of each run, counted from 0, and the pixel after its last."""

MAX_DIGITS = 18
"""Digits of a number that is read: sums of two such numbers stay within 64 bits, and no image is as large."""
SPACE = (9, 13)
"""The ASCII codes from tab to carriage return, which count as blanks beside the blank itself."""


class _Tokens(NamedTuple):
    cell: NDArray[np.int64]
    """Which cell each token is in."""
    digits: NDArray[np.int64]
    """How many digits each token has."""


def parse_rle(cells: pd.Series, name: str, rule: Column) -> pd.Series:
    """The masks in a column of text, each as `Runs`; `params.empty` is a text for one without pixels.

    Raises:
        Rejected: A cell is no list of runs, or blank where the rule forbids that.
    """
    return parse_runs(without_missing(cells, name, rule), name, empty=str(rule.params.get("empty", "")))


def parse_runs(cells: pd.Series, name: str, empty: str = "") -> pd.Series:
    """The masks in a column of text, each as `Runs`; a blank and the text `empty` are a mask without pixels.

    Raises:
        Rejected: A cell has a character that is neither digit nor blank, an odd number of numbers, a number
            of more than 18 digits, a start or length below 1, or runs that are out of order or overlap.
    """
    texts = cells.str.strip()
    texts = texts.where(texts != empty, "")
    raw = np.frombuffer("\n".join(texts.str.replace("\n", " ", regex=False)).encode(), dtype=np.uint8)
    _refuse(cells, name, _foreign(raw, len(cells)), "hold something else than whole numbers and blanks")
    tokens = _tokens(raw)
    counts = np.bincount(tokens.cell, minlength=len(cells))
    _refuse(cells, name, counts % 2 == 1, "have a start without a length")
    huge = np.bincount(tokens.cell[tokens.digits > MAX_DIGITS], minlength=len(cells)) > 0
    _refuse(cells, name, huge, f"have a number of more than {MAX_DIGITS} digits")
    text = raw.tobytes().decode() if len(tokens.cell) else ""
    numbers = np.fromstring(text, dtype=np.int64, sep=" ") if text else np.empty(0, np.int64)
    return _split(cells, name, numbers.reshape(-1, 2), counts // 2)


def _foreign(raw: NDArray[np.uint8], cells: int) -> NDArray[np.bool_]:
    """Which cells have a byte that belongs to no list of whole numbers."""
    known = _is_digit(raw) | (raw == ord(" ")) | ((raw >= SPACE[0]) & (raw <= SPACE[1]))
    places = np.flatnonzero(~known)
    cell = np.searchsorted(np.flatnonzero(raw == ord("\n")), places)
    return np.bincount(cell, minlength=cells) > 0


def _is_digit(raw: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return (raw >= ord("0")) & (raw <= ord("9"))


def _tokens(raw: NDArray[np.uint8]) -> _Tokens:
    edges = np.diff(_is_digit(raw).astype(np.int8), prepend=0, append=0)
    first, after = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return _Tokens(np.searchsorted(np.flatnonzero(raw == ord("\n")), first), after - first)


def _split(cells: pd.Series, name: str, numbers: Runs, counts: NDArray[np.int64]) -> pd.Series:
    """Checks the runs and hands each cell its own."""
    cell = np.repeat(np.arange(len(cells)), counts)
    runs = np.column_stack([numbers[:, 0] - 1, numbers.sum(axis=1) - 1])
    wrong = np.any(numbers < 1, axis=1)
    _refuse(cells, name, _any(cell, wrong, len(cells)), "have a start or a length below 1")
    late = np.zeros(len(runs), dtype=np.bool_)
    late[1:] = (runs[1:, 0] < runs[:-1, 1]) & (cell[1:] == cell[:-1])
    _refuse(cells, name, _any(cell, late, len(cells)), "have runs that overlap or are not sorted")
    masks = np.empty(len(cells), dtype=object)
    masks[:] = np.split(runs, np.cumsum(counts)[:-1]) if len(cells) else []
    return pd.Series(masks, index=cells.index)


def _any(cell: NDArray[np.int64], wrong: NDArray[np.bool_], cells: int) -> NDArray[np.bool_]:
    return np.bincount(cell[wrong], minlength=cells) > 0


def _refuse(cells: pd.Series, name: str, wrong: NDArray[np.bool_], problem: str) -> None:
    if not wrong.any():
        return
    bad = cells[wrong]
    raise Rejected(
        Code.BAD_FORMAT,
        f"Column '{plain(name)}': {len(bad)} cells {problem}: {examples(bad)}; "
        "expected runs 'start length start length'.",
    )

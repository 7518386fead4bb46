"""Cells that hold a list of labelled things, boxes or points: `label score x y ... label score x y ...`.

The parameters of the column say what a thing is made of: `fields` names its parts in their order, one of them
`label`, all others numbers. `positive` lists the parts that must be above 0. `labels: whole` makes labels
whole numbers, `3.0` the same as `3`. `blanks: single` allows exactly one blank between two parts and none
around, as graders do that split at each blank; otherwise any run of blanks will do.
"""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import re
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.cells.common import examples, without_missing
from benchmark.submission_schema import Column
from benchmark.text import plain
from benchmark.verdict import Code, Rejected

LABEL = "label"
MAX_TOKENS = 10_000_000
"""Parts in one column: far more than any detector writes, and about 1 GB while they are read."""
MAX_LABEL = 10**9
"""The largest number that is a label."""
FINITE = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
"""A number as text, infinity not among them."""
MAX_LENGTH = 400
"""Characters of a number: the largest float, written out, has 309 digits before the point."""
LARGEST = 1e30
"""Coordinates are cut at this size, so that no product of three overflows; nothing real is as far away."""


class Groups(NamedTuple):
    """The things of one cell, in the order of the file."""

    labels: NDArray[np.object_]
    """The label of each, as text."""
    values: NDArray[np.float64]
    """The numbers of each, of shape (things, fields without the label), in the order of the fields."""


class _Cells(NamedTuple):
    """The cells of one column with what is needed to complain about them."""

    cells: pd.Series
    name: str
    fields: tuple[str, ...]

    def refuse(self, wrong: NDArray[np.bool_], problem: str, code: Code = Code.BAD_FORMAT) -> None:
        if not wrong.any():
            return
        bad = self.cells[wrong]
        raise Rejected(
            code,
            f"Column '{plain(self.name)}': {len(bad)} cells {problem}: {examples(bad)}; "
            f"expected groups of '{' '.join(self.fields)}'.",
        )


def parse_groups(cells: pd.Series, name: str, rule: Column) -> pd.Series:
    """The things in each cell, as `Groups`.

    Raises:
        Rejected: A cell is blank where the rule forbids it, its parts are no multiple of the fields, or a
            part that should be a finite (or positive) number is none.
    """
    fields, positive = _names(rule, "fields"), _names(rule, "positive")
    table = _Cells(without_missing(cells, name, rule), name, fields)
    if rule.blank == "rejected":
        table.refuse((cells.str.strip() == "").to_numpy(dtype=bool), "have no value", Code.NAN)
    tokens, counts = _tokens(table, single=rule.params.get("blanks") == "single")
    table.refuse(counts % len(fields) != 0, f"have a number of parts that is no multiple of {len(fields)}")
    things = counts // len(fields)
    row = np.repeat(np.arange(len(cells)), things)
    grid = np.array(tokens, dtype=object).reshape(-1, len(fields))
    labels = grid[:, fields.index(LABEL)]
    if rule.params.get("labels") == "whole":
        labels = _whole(table, labels, row)
    numbers = [field for field in fields if field != LABEL]
    values = _numbers(table, np.delete(grid, fields.index(LABEL), axis=1), row)
    small = np.any(values[:, [numbers.index(field) for field in positive]] <= 0, axis=1)
    table.refuse(_rows(row, small, len(cells)), f"have a {' or '.join(positive)} that is not above 0")
    return _per_cell(cells, labels, np.clip(values, -LARGEST, LARGEST), things)


def _names(rule: Column, key: str) -> tuple[str, ...]:
    names = rule.params.get(key, ())
    return names if isinstance(names, tuple) else (str(names),)


def _tokens(table: _Cells, *, single: bool) -> tuple[list[str], NDArray[np.int64]]:
    """The parts of all cells, and how many each cell has."""
    tokens: list[str] = []
    counts: list[int] = []
    doubled: list[bool] = []
    for text in map(str, table.cells):
        left = MAX_TOKENS - len(tokens)
        parts = text.split(" " if single and text.strip() else None, maxsplit=left)
        if len(parts) > left:
            message = f"Column '{plain(table.name)}' has more than {MAX_TOKENS} parts; no more are read."
            raise Rejected(Code.TOO_BIG, message)
        tokens += parts
        counts.append(len(parts))
        doubled.append(not all(parts))
    table.refuse(np.array(doubled, dtype=bool), "have two blanks in a row, or one around")
    return tokens, np.array(counts, dtype=np.int64)


def _whole(table: _Cells, labels: NDArray[np.object_], row: NDArray[np.int64]) -> NDArray[np.object_]:
    """Labels that are whole numbers, each number in one spelling."""
    values = _numbers(table, labels[:, None], row)[:, 0]
    wrong = (values != np.rint(values)) | (np.abs(values) > MAX_LABEL)
    table.refuse(_rows(row, wrong, len(table.cells)), "have a label that is no whole number")
    return values.astype(np.int64).astype(str).astype(object)


def _numbers(table: _Cells, parts: NDArray[np.object_], row: NDArray[np.int64]) -> NDArray[np.float64]:
    """The parts as finite floats."""
    flat = parts.reshape(-1)
    known = np.fromiter(
        (len(part) <= MAX_LENGTH and FINITE.fullmatch(part) is not None for part in flat), np.bool_, len(flat)
    )
    wrong = np.any(~known.reshape(parts.shape), axis=1)
    table.refuse(_rows(row, wrong, len(table.cells)), "have a part that is no finite number")
    values = parts.astype(np.float64)
    infinite = np.any(~np.isfinite(values), axis=1)
    table.refuse(_rows(row, infinite, len(table.cells)), "have a part that is no finite number")
    return values


def _rows(row: NDArray[np.int64], wrong: NDArray[np.bool_], cells: int) -> NDArray[np.bool_]:
    return np.bincount(row[wrong], minlength=cells) > 0


def _per_cell(
    cells: pd.Series, labels: NDArray[np.object_], values: NDArray[np.float64], counts: NDArray[np.int64]
) -> pd.Series:
    ends = np.cumsum(counts)
    groups = np.empty(len(cells), dtype=object)
    for place, (first, after) in enumerate(zip(ends - counts, ends, strict=True)):
        groups[place] = Groups(labels[first:after], values[first:after])
    return pd.Series(groups, index=cells.index)

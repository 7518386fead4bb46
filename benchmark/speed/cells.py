"""Generated cells of every kind, as many and as long as in real submissions."""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.submission_schema import Column

Random = np.random.Generator
Cells = NDArray[Any] | Sequence[str]
Maker = Callable[[Random, int, int, Column], Cells]
"""Makes the cells of a column: `(random, rows, parts of a cell, rule)`."""
LABELS = ("healthy", "rust", "scab", "blight", "mosaic", "wilt")
COLUMN = 266
"""Pixels of a column of a generated picture."""
FEW = 10
"""So few masks are of large pictures, none of which is empty."""
WORDS = 2000
"""How many different words and tokens there are."""


def joined(tokens: NDArray[Any], rows: int) -> list[str]:
    """Tokens, so many for each row, with blanks between them."""
    lists: list[list[str]] = tokens.astype(str).reshape(rows, -1).tolist()
    return [" ".join(parts) for parts in lists]


def _numbers(random: Random, rows: int, parts: int, rule: Column) -> Cells:
    low = 0.0 if rule.minimum is None else rule.minimum
    high = low + 100.0 if rule.maximum is None else rule.maximum
    return random.uniform(low, high, rows)


def _shares(random: Random, rows: int, parts: int, rule: Column) -> Cells:
    return random.random(rows)


def _integers(random: Random, rows: int, parts: int, rule: Column) -> Cells:
    low = 0 if rule.minimum is None else int(rule.minimum)
    high = 1000 if rule.maximum is None else int(rule.maximum)
    return random.integers(low, high + 1, rows)


def _booleans(random: Random, rows: int, parts: int, rule: Column) -> Cells:
    return random.integers(0, 2, rows)


def _labels(random: Random, rows: int, parts: int, rule: Column) -> Cells:
    return random.choice(np.array(rule.classes or LABELS), rows)


def _words(random: Random, rows: int, parts: int, rule: Column) -> Cells:
    numbers = random.integers(0, WORDS, rows * parts)
    return joined(np.char.add("w", numbers.astype(str)), rows)


def one_word_anew(random: Random, texts: Sequence[str]) -> list[str]:
    """Texts of equally many words, of each of which one word is another."""
    words = np.array([text.split() for text in texts], dtype=object)
    rows, parts = words.shape
    places = random.integers(0, parts, rows)
    words[np.arange(rows), places] = np.char.add("w", random.integers(0, WORDS, rows).astype(str))
    return joined(words, rows)


def _whole_numbers(random: Random, rows: int, parts: int, rule: Column) -> Cells:
    return joined(random.integers(1, 1010, rows * parts), rows)


def _runs(random: Random, rows: int, parts: int, rule: Column) -> Cells:
    """Masks like organs: a run in each of so many neighbouring columns; of many, every other is empty."""
    column = np.arange(parts) * COLUMN
    starts = random.integers(1, COLUMN * 100, (rows, 1)) + column + random.integers(0, 6, (rows, parts))
    places = np.stack([starts, random.integers(20, 60, (rows, parts))], axis=2)
    masks = joined(places, rows)
    if rule.blank == "allowed" and rows > FEW:
        masks[::2] = [""] * len(masks[::2])
    return masks


def _groups(random: Random, rows: int, parts: int, rule: Column) -> Cells:
    fields: tuple[str, ...] = tuple(rule.params["fields"])  # pyright: ignore[reportArgumentType]
    return groups(random, rows, parts, fields, whole=rule.params.get("labels") == "whole")


def groups(random: Random, rows: int, parts: int, fields: Sequence[str], *, whole: bool = False) -> list[str]:
    """Labelled things with numbers, such as boxes."""
    count = rows * parts
    columns = [
        random.integers(0, 14, count).astype(str)
        if field == "label" and whole
        else random.choice(np.array(LABELS), count)
        if field == "label"
        else _field(random, count, field)
        for field in fields
    ]
    return joined(np.stack(columns, axis=1), rows)


def _field(random: Random, count: int, field: str) -> NDArray[np.str_]:
    if field == "score":
        return random.random(count).round(4).astype(str)
    low, high = (50.0, 90.0) if field.endswith("max") else (1.0, 50.0)
    return random.uniform(low, high, count).round(3).astype(str)


def _spans(random: Random, rows: int, parts: int, rule: Column) -> Cells:
    starts = pd.Series(random.integers(0, 400, rows))
    spans = starts.astype(str) + ":" + (starts + 20).astype(str)
    return spans.where(random.random(rows) < 0.7, "").tolist()


MAKERS: Mapping[str, Maker] = {
    "number": _numbers,
    "probability": _shares,
    "integer": _integers,
    "boolean": _booleans,
    "class": _labels,
    "text": _words,
    "tokens": _words,
    "whole_numbers": _whole_numbers,
    "integer_list": _whole_numbers,
    "rle": _runs,
    "groups": _groups,
    "span": _spans,
}
"""The makers by kind."""

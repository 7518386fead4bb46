"""What all kinds of cells share: what a missing value is, and how a message shows values."""

# The stubs of pandas and pyarrow leave many types open, and functions out.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false

from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from benchmark.submission_schema import Column
from benchmark.text import plain, quoted
from benchmark.verdict import Code, Rejected

MISSING = (
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A",
    "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip
"""Cells that `pandas.read_csv` takes for no value; the graders of MLE-bench see submissions so."""
NUMBER = r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?:inf|Inf|INF)(?:inity|INITY)?)"
"""A number as text, infinity included."""


def text_array(cells: Any) -> pa.ChunkedArray:  # noqa: ANN401 - a Series, an array or a list of texts
    """Cells of text as an Arrow array, copied only where they are Python objects."""
    array = pa.array(cells, type=pa.large_string(), from_pandas=True)
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


def missing(cells: pd.Series) -> pd.Series:
    """Where cells of text hold no value."""
    return cells.isin(MISSING)


def refuse_missing(cells: pd.Series, name: str) -> None:
    """Raises `Rejected` where a cell holds no value."""
    absent = missing(cells)
    if absent.any():
        message = f"Column '{plain(name)}' has no value in {int(absent.sum())} rows."
        raise Rejected(Code.NAN, message)


def without_missing(cells: pd.Series, name: str, rule: Column) -> pd.Series:
    """The cells, those without a value as the empty text; raises `Rejected` where that is not allowed."""
    if rule.blank == "rejected":
        refuse_missing(cells, name)
        return cells
    absent = missing(cells)
    return cells.mask(absent, "") if absent.any() else cells


def refuse_columns_of_numbers(cells: pd.Series, name: str, rule: Column) -> None:
    """Raises `Rejected` where a column of text holds nothing but numbers and the rule forbids it."""
    if rule.numbers == "allowed":
        return
    numbers = _as_numbers(cells)
    if numbers is None or (rule.numbers == "whole" and bool((numbers == numbers.round()).all())):
        return
    what = "numbers" if rule.numbers == "refused" else "fractional numbers"
    raise Rejected(Code.BAD_TYPE, f"Column '{plain(name)}' holds nothing but {what}; expected text.")


def examples(values: pd.Series) -> str:
    """Up to three of the values in quotes, and how many more there are."""
    return quoted([str(value) for value in values.iloc[:3]], len(values))


def _as_numbers(cells: pd.Series) -> pd.Series | None:
    """The numbers that a column of text is made of; None where a cell is another text, or all are blank."""
    head = cells.iloc[:100]
    if not head[~missing(head)].str.strip().str.fullmatch(NUMBER).all():
        return None
    present = cells[~missing(cells)]
    if present.empty:
        return None
    stripped = pc.utf8_trim_whitespace(text_array(present))
    if not pc.all(pc.match_substring_regex(stripped, f"^{NUMBER}$")).as_py():
        return None
    return pd.Series(pc.cast(pc.utf8_ltrim(stripped, characters="+"), pa.float64()).to_numpy())

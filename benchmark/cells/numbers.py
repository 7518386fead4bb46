"""Cells that hold one number each."""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import numpy as np
import pandas as pd

from benchmark.cells.common import MISSING, NUMBER, examples, missing
from benchmark.submission_schema import Column
from benchmark.text import plain
from benchmark.verdict import Code, Rejected

LARGEST = np.finfo(np.float64).max
EXACT = 2**53
"""Whole numbers up to this size are exact as floats."""
BOOLEANS = {"True": "1", "TRUE": "1", "true": "1", "False": "0", "FALSE": "0", "false": "0"}
"""Words that `pandas.read_csv` takes for truth values."""
NO_VALUE = frozenset(text.lower() for text in (*MISSING, "nat"))


def parse_numbers(cells: pd.Series, name: str, rule: Column) -> pd.Series:
    """The cells as floats, exact to the last digit; a blank one is 0, where the rule allows it.

    Raises:
        Rejected: A cell is no number, not finite, or out of the range of the rule.
    """
    if not pd.api.types.is_numeric_dtype(cells):
        cells = cells.mask(missing(cells), "0") if rule.blank == "allowed" else _stripped(cells, name)
        cells = cells.str.strip()
        _refuse_others(cells, cells.str.fullmatch(NUMBER), name, "no number")
        # Python's own conversion: exact to the last digit, whichever pandas is installed.
        numbers = pd.Series(cells.to_numpy(dtype=object).astype(np.float64))
    else:
        numbers = cells
    _refuse_outside(cells, numbers, name, rule)
    return numbers


def parse_integers(cells: pd.Series, name: str, rule: Column) -> pd.Series:
    """The cells as whole numbers of 64 bits; `3.0` is one.

    Raises:
        Rejected: A cell is no whole number, or out of the range of the rule.
    """
    if not pd.api.types.is_numeric_dtype(cells):
        cells = _stripped(cells, name)
        _refuse_others(cells, cells.str.fullmatch(NUMBER), name, "no number")
        numbers = pd.Series(_whole(cells, name))
    else:
        numbers = cells
    _refuse_outside(cells, numbers, name, rule)
    return numbers


def parse_booleans(cells: pd.Series, name: str, rule: Column) -> pd.Series:
    """The cells as 0 or 1; `True` and `False` are accepted.

    Raises:
        Rejected: A cell is neither.
    """
    if pd.api.types.is_numeric_dtype(cells):
        return parse_integers(cells, name, rule)
    stripped = cells.str.strip()
    return parse_integers(stripped.replace(BOOLEANS), name, rule)


def _stripped(cells: pd.Series, name: str) -> pd.Series:
    stripped = cells.str.strip()
    absent = stripped.str.lower().isin(NO_VALUE)
    if absent.any():
        raise Rejected(Code.NAN, f"Column '{plain(name)}' has no value in {int(absent.sum())} rows.")
    return stripped


def _whole(cells: pd.Series, name: str) -> np.ndarray:
    """Numbers as text, as integers."""
    plain_ones = cells.str.fullmatch(r"[+-]?[0-9]{1,18}(?:\.0*)?").to_numpy(dtype=bool)
    numbers = np.zeros(len(cells), dtype=np.int64)
    digits = cells[plain_ones].str.replace(r"\..*$", "", regex=True)
    numbers[plain_ones] = digits.to_numpy(dtype=object).astype(np.int64)
    # What is left is 1e3, 0.5, inf, or too long for 18 digits.
    floats = cells[~plain_ones].to_numpy(dtype=object).astype(np.float64)
    whole = np.isfinite(floats) & (np.abs(floats) <= EXACT)
    whole &= np.floor(np.where(whole, floats, 0)) == floats
    _refuse_others(cells[~plain_ones], pd.Series(whole), name, "no whole number")
    numbers[~plain_ones] = floats.astype(np.int64)
    return numbers


def _refuse_others(cells: pd.Series, fit: pd.Series, name: str, what: str) -> None:
    wrong = cells[~fit.to_numpy(dtype=bool)]
    if len(wrong):
        raise Rejected(
            Code.BAD_TYPE,
            f"Column '{plain(name)}' has {len(wrong)} values that are {what}: {examples(wrong)}.",
        )


def _refuse_outside(cells: pd.Series, numbers: pd.Series, name: str, rule: Column) -> None:
    """Raises `Rejected` where a number is not finite or out of range."""
    values = numbers.to_numpy()
    least, greatest = rule.bounds
    low = -np.inf if least is None else least
    high = np.inf if greatest is None else greatest
    # NaN is in no range, and needs no look of its own.
    if len(values) and max(low, -LARGEST) <= values.min() and values.max() <= min(high, LARGEST):
        return
    inside = np.isfinite(values) & (values >= low) & (values <= high)
    outside = cells[~inside]
    if len(outside):
        expected = f"a number from {low:g} to {high:g}" if rule.bounds != (None, None) else "a finite number"
        raise Rejected(
            Code.OUT_OF_RANGE,
            f"Column '{plain(name)}' has {len(outside)} values out of range: {examples(outside)}; "
            f"expected {expected}.",
        )

"""Cells that hold the label of a class."""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import re
from typing import NoReturn

import pandas as pd

from benchmark.cells.common import NUMBER, examples, missing, refuse_columns_of_numbers
from benchmark.submission_schema import Column
from benchmark.text import plain, quoted
from benchmark.verdict import Code, Rejected

INTEGER = re.compile(r"0|-?[1-9][0-9]*")
WHOLE = r"([+-]?)0*([1-9][0-9]*|0)(?:\.0*)?"


def canonical_labels(values: pd.Series, labels: tuple[str, ...]) -> pd.Series:
    """Labels without blanks around; where all known labels are whole numbers, `7.0` and `07` become `7`."""
    stripped = values.str.strip()
    if not all(INTEGER.fullmatch(label) for label in labels):
        return stripped
    parts = stripped.str.extract(f"^{WHOLE}$")
    whole = parts[0].replace({"+": ""}).fillna("") + parts[1].fillna("")
    return stripped.where(parts[1].isna(), whole.replace({"-0": "0"}))


def parse_labels(cells: pd.Series, name: str, rule: Column) -> pd.Series:
    """The labels in one spelling, as Python strings; a blank cell is the empty label, where that is allowed.

    Where the rule lists classes, a cell is one of them; where it lists none, any text is a label.

    Raises:
        Rejected: A cell is blank or no class, or all are numbers, and the rule forbids that.
    """
    refuse_columns_of_numbers(cells, name, rule)
    # Labels are few: rules look at each distinct one once.
    codes, distinct = pd.factorize(cells)
    spelled = pd.Series(distinct, dtype="str")
    labels = canonical_labels(spelled, rule.classes) if rule.classes else spelled
    blank = missing(spelled.str.strip()) & ~labels.isin(rule.classes)
    if blank.any() and rule.blank == "rejected":
        count = int(blank.to_numpy()[codes].sum())
        raise Rejected(Code.NAN, f"Column '{plain(name)}' has no value in {count} rows.")
    labels = labels.mask(blank, "")
    if rule.classes:
        wrong = ~(labels.isin(rule.classes) | blank).to_numpy()
        if wrong.any():
            _refuse(cells[wrong[codes]], name, rule)
    return pd.Series(labels.to_numpy(dtype=object)[codes])


def _refuse(wrong: pd.Series, name: str, rule: Column) -> NoReturn:
    # A text where the classes are numbers is another mistake than a number that is no class.
    numeric = all(INTEGER.fullmatch(label) for label in rule.classes)
    typed = not numeric or wrong.str.strip().str.fullmatch(NUMBER).all()
    expected = f"expected one of {quoted(list(rule.classes))}"
    raise Rejected(
        Code.OUT_OF_RANGE if typed else Code.BAD_TYPE,
        f"Column '{plain(name)}' has {len(wrong)} values that are no class: {examples(wrong)}; {expected}.",
    )

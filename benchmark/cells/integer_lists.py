"""Cells that hold a sequence of whole numbers with blanks between them."""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import pandas as pd

from benchmark.cells.common import examples, without_missing
from benchmark.submission_schema import Column
from benchmark.text import plain
from benchmark.verdict import Code, Rejected

INTEGERS = r"(?:[+-]?[0-9]+(?:\s+[+-]?[0-9]+)*)?"
LEADING = r"(?<![0-9+-])\+?(-?)0+(?=[0-9])|\+"
"""What one spelling of a number has beyond another: a plus, and zeros before other digits."""


def parse_integer_lists(cells: pd.Series, name: str, rule: Column) -> pd.Series:
    """The sequences as text, each number in one spelling; the empty text for an empty sequence.

    Raises:
        Rejected: A cell holds something else than whole numbers, or is blank where the rule forbids that.
    """
    texts = without_missing(cells, name, rule).str.strip()
    wrong = cells[~texts.str.fullmatch(INTEGERS)]
    if len(wrong):
        raise Rejected(
            Code.BAD_FORMAT,
            f"Column '{plain(name)}' has {len(wrong)} cells that are no list of whole numbers: "
            f"{examples(wrong)}.",
        )
    return texts.str.replace(LEADING, r"\1", regex=True)

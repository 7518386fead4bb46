"""Cells that are lists of ids, tags or whole numbers, with blanks between them."""

# The stubs of pandas and pyarrow leave many types open, and functions out.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportAttributeAccessIssue=false

import pandas as pd
import pyarrow.compute as pc

from benchmark.cells.common import (
    examples,
    refuse_columns_of_numbers,
    refuse_missing,
    text_array,
    without_missing,
)
from benchmark.submission_schema import Column
from benchmark.text import plain
from benchmark.verdict import Code, Rejected

WHOLE_NUMBERS = r"[+-]?[0-9]{1,18}(?:\s+[+-]?[0-9]{1,18})*"


def parse_tokens(cells: pd.Series, name: str, rule: Column) -> pd.Series:
    """The lists as text without blanks around; a cell without a value is the empty list, where allowed.

    Raises:
        Rejected: A cell is blank, or each is a single number, and the rule forbids that.
    """
    refuse_columns_of_numbers(cells, name, rule)
    return without_missing(cells, name, rule).str.strip()


def parse_whole_numbers(cells: pd.Series, name: str, rule: Column) -> pd.Series:
    """Lists of one or more whole numbers, as text without blanks around.

    Raises:
        Rejected: A cell is blank or holds anything else.
    """
    refuse_missing(cells, name)
    stripped = cells.str.strip()
    # Arrow knows fewer kinds of white space than Python, which decides about what is left.
    sure = pc.match_substring_regex(text_array(stripped), f"^(?:{WHOLE_NUMBERS})$").to_numpy()
    rest = stripped[~sure]
    wrong = cells[~sure][~rest.str.fullmatch(WHOLE_NUMBERS).to_numpy(dtype=bool)]
    if len(wrong):
        message = (
            f"Column '{plain(name)}' has {len(wrong)} values that are no whole numbers: {examples(wrong)}."
        )
        raise Rejected(Code.BAD_TYPE, message)
    return stripped

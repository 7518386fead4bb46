"""Cells that are lists of ids, tags or the like, with blanks between them."""

import pandas as pd

from benchmark.cells.common import refuse_columns_of_numbers, without_missing
from benchmark.submission_schema import Column


def parse_tokens(cells: pd.Series, name: str, rule: Column) -> pd.Series:
    """The lists as text without blanks around; a cell without a value is the empty list, where allowed.

    Raises:
        Rejected: A cell is blank, or each is a single number, and the rule forbids that.
    """
    refuse_columns_of_numbers(cells, name, rule)
    return without_missing(cells, name, rule).str.strip()

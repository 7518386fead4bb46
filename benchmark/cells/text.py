"""Cells of free text."""

import pandas as pd

from benchmark.cells.common import refuse_columns_of_numbers, without_missing
from benchmark.submission_schema import Column


def parse_text(cells: pd.Series, name: str, rule: Column) -> pd.Series:
    """The texts as they are; a cell without a value is the empty text, where the rule allows it.

    Raises:
        Rejected: A cell is blank, or all are numbers, and the rule forbids that.
    """
    refuse_columns_of_numbers(cells, name, rule)
    return without_missing(cells, name, rule)

"""Rules on the values of a whole column."""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import pandas as pd

from benchmark.text import quoted
from benchmark.verdict import Code, Rejected


def columns_vary(table: pd.DataFrame, expected: pd.DataFrame) -> None:
    """No predicted column has the same value in all rows: a correlation with it has no value.

    Raises:
        Rejected: A column is constant.
    """
    flat = [str(name) for name in table.columns if table[name].nunique() < 2]
    if flat:
        raise Rejected(
            Code.OUT_OF_RANGE,
            f"Column {quoted(flat)} has the same value in all rows, so nothing can be scored.",
        )

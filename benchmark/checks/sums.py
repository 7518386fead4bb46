"""Rules on sums over the columns of a row."""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import numpy as np
import pandas as pd

from benchmark.verdict import Code, Rejected


def rows_sum_to_one(
    table: pd.DataFrame, expected: pd.DataFrame, *, tolerance: float = 0.0, digits: int | None = None
) -> None:
    """Each row of numbers sums to 1.

    Args:
        table: The predicted columns.
        expected: Not looked at.
        tolerance: How far a sum may be off.
        digits: Instead, after how many decimals the sum is rounded before it is compared.

    Raises:
        Rejected: A row has another sum.
    """
    sums = table.to_numpy(dtype=float).sum(axis=1)
    right = np.abs(sums - 1) <= tolerance if digits is None else np.round(sums, digits) == 1
    wrong = sums[~right]
    if len(wrong):
        shown = ", ".join(f"{value:.6g}" for value in wrong[:3])
        raise Rejected(
            Code.OUT_OF_RANGE,
            f"{len(wrong)} rows do not sum to 1 over the predicted columns; sums are {shown}.",
        )

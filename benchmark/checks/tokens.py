"""Rules on the tokens that a row is made of."""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import numpy as np
import pandas as pd

from benchmark.text import plain
from benchmark.verdict import Code, Rejected


def same_tokens(table: pd.DataFrame, expected: pd.DataFrame, *, column: str) -> None:
    """Each row has the tokens of the expected row, each as often, in any order.

    Raises:
        Rejected: A row has others.
    """
    ours, theirs = table[column].str.split(), expected[column].str.split()
    counts, asked = (np.array([len(tokens) for tokens in side]) for side in (ours, theirs))
    _refuse(np.flatnonzero(counts != asked), column, "have another number of tokens than the row should")
    row = np.repeat(np.arange(len(asked)), asked)
    codes = pd.factorize(pd.concat([theirs.explode(), ours.explode()]).to_numpy(dtype=object))[0]
    wanted, given = codes[: len(row)], codes[len(row) :]
    wrong = wanted[np.lexsort((wanted, row))] != given[np.lexsort((given, row))]
    _refuse(np.unique(row[wrong]), column, "lack a token of the row, or have one twice or a foreign one")


def _refuse(rows: np.ndarray, column: str, problem: str) -> None:
    if len(rows):
        raise Rejected(
            Code.BAD_FORMAT,
            f"Column '{plain(column)}': {len(rows)} cells {problem}; "
            "expected the row's own tokens in some order.",
        )

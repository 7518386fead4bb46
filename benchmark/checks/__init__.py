"""Rules on several cells of a submission at once, by name.

A check is a function `check(table, expected, **params) -> None` in a module of this package:

- `table` is a `pandas.DataFrame`: the predicted columns as `benchmark.cells` has read them, in the order of
  the rows that were asked for.
- `expected` is a DataFrame of the same rows in the same order. For the contract it is the sample submission,
  for the grader the answers, under the submission's column names, cells as text. A check may use only what
  both hold alike (which tokens a row is made of), or the two would disagree.
- `params` come from the facts.
- It raises `benchmark.verdict.Rejected`, with a message as `benchmark.cells` describes it.

A check names under `uses` the columns of `expected` that it wants; for none, `expected` has no columns. This
module imports nothing, so that facts can be read without pandas.
"""

from collections.abc import Mapping
from typing import NamedTuple


class CheckEntry(NamedTuple):
    """Where a check's function is, and whether it looks at what is expected."""

    function: str
    """As `module:function`."""
    uses_expected: bool = False
    """Whether it looks at the cells of the sample or the answers."""


CHECKS: Mapping[str, CheckEntry] = {
    "rows_sum_to_one": CheckEntry("benchmark.checks.sums:rows_sum_to_one"),
    "columns_vary": CheckEntry("benchmark.checks.variety:columns_vary"),
    "same_tokens": CheckEntry("benchmark.checks.tokens:same_tokens", uses_expected=True),
}
"""All checks by name."""

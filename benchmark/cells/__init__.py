"""What cells of a submission may hold, by kind.

A kind is a function `parse(cells, name, rule) -> values` in a small module of this package:

- `cells` is a `pandas.Series` of text, the cells of one column as they stand in the file. For a kind with a
  `typed` entry it may also be a Series of that type, where the fast reader has converted all cells already;
  such a function checks values alone then.
- `name` is the name of the column, for messages; clean it with `benchmark.text.plain`.
- `rule` is the `benchmark.submission_schema.Column` of the facts: ranges, whether a cell may be blank,
  `params`.
- It returns a Series of the same length and order: what the metric gets. It may be the text itself.
- It raises `benchmark.verdict.Rejected` where the grader could not score the cells. Messages hold counts,
  the rule, and up to three values from the file by way of `benchmark.text.quoted`, nothing else.
- It is a pure function and vectorised: a Python loop over millions of rows is too slow. It never sees
  answers; but the true values are read by it as well, so that both sides have the same form.

This module imports nothing, so that facts can be read without pandas.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple


class Kind(NamedTuple):
    """Where a kind's function is, and what type the fast reader may convert its cells to."""

    function: str
    """As `module:function`."""
    typed: Literal["float64", "int64"] | None = None
    """The type, where each cell is one number."""


KINDS: Mapping[str, Kind] = {
    "number": Kind("benchmark.cells.numbers:parse_numbers", "float64"),
    "probability": Kind("benchmark.cells.numbers:parse_numbers", "float64"),
    "integer": Kind("benchmark.cells.numbers:parse_integers", "int64"),
    "boolean": Kind("benchmark.cells.numbers:parse_booleans", "int64"),
    "class": Kind("benchmark.cells.labels:parse_labels"),
    "text": Kind("benchmark.cells.text:parse_text"),
    "tokens": Kind("benchmark.cells.tokens:parse_tokens"),
    "whole_numbers": Kind("benchmark.cells.tokens:parse_whole_numbers"),
    "rle": Kind("benchmark.cells.rle:parse_rle"),
    "groups": Kind("benchmark.cells.groups:parse_groups"),
    "integer_list": Kind("benchmark.cells.integer_lists:parse_integer_lists"),
    "span": Kind("benchmark.cells.spans:parse_spans"),
}
"""All kinds by name."""

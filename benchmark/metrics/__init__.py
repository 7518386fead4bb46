"""Metrics by their standard names.

Each is a function in a small module of this package and returns a float, not rounded, or NaN where the metric
has no value for a well-formed submission; `competition.yaml` states under `undefined` what is scored then. There
are two shapes:

- an `array` metric is `metric(truth, predicted, **params)`: the predicted columns of the answers and of the
  submission as numpy arrays, row by row in the same order; one-dimensional for one column, two for more (labels
  and texts as Python strings in an object array, everything else numbers);
- a `table` metric is `metric(answers, submission, **params)` with two DataFrames whose rows are in the same
  order. `submission` has the id columns as text and the predicted columns as their kinds read them. `answers` has
  the id columns as text and the columns that the facts list under `answers.columns`, as `pandas.read_csv` reads
  them with only empty cells as missing. Where `answers.repeated` is set, `answers` is as it lies in the file,
  and `submission` has one row for each id, in the order of first appearance. Where `answers.suffixes` is set, the
  rows of `answers` are repeated once for each suffix.

`params` are those of the facts. A metric may raise `benchmark.verdict.Rejected` only for what the contract also
rejects. It documents its formula, its edges and its source, and has no row loops.

This module imports nothing heavy, so that facts can be read without pandas and scikit-learn.
"""

import importlib
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from benchmark.errors import BenchmarkError


class Entry(NamedTuple):
    """Where a metric's function is, and what it takes."""

    function: str
    """As `module:function`."""
    shape: Literal["array", "table"] = "array"
    """What it takes."""
    needs: tuple[str, ...] = ()
    """Its slow imports, for callers that want them done beforehand."""


METRICS: Mapping[str, Entry] = {
    "accuracy": Entry("benchmark.metrics.simple:accuracy"),
    "rmse": Entry("benchmark.metrics.simple:rmse"),
    "roc_auc": Entry("benchmark.metrics.simple:roc_auc", needs=("sklearn.metrics",)),
}
"""All metrics by name."""


class UnknownMetric(BenchmarkError):
    """No metric has this name."""

    code = "unknown_metric"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"no metric is called {name!r}; there are: {', '.join(sorted(METRICS))}")


def score(name: str, first: Any, second: Any, **params: Any) -> float:  # noqa: ANN401 - arrays or tables
    """The score by a metric, of the truth or the answers and of the prediction, as its shape says.

    Raises:
        UnknownMetric: No metric has the name.
    """
    if name not in METRICS:
        raise UnknownMetric(name)
    module, _, function = METRICS[name].function.partition(":")
    return float(getattr(importlib.import_module(module), function)(first, second, **params))

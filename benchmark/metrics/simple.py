"""Metrics by their standard names.

A metric takes the true and the predicted values row by row (one-dimensional for one predicted column, two for
more; labels are text, everything else floats) and returns a finite float. `METRICS` is the table of them.
"""

# scikit-learn ships no types; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.competition import Metric, Parameter
from benchmark.errors import BenchmarkError

Values = NDArray[Any]
MetricFunction = Callable[..., float]


class UnknownMetric(BenchmarkError):
    """No metric has this name."""

    code = "unknown_metric"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"no metric is called {name!r}; there are: {', '.join(sorted(METRICS))}")


def accuracy(truth: Values, predicted: Values) -> float:
    """The share of rows whose label is right, from 0 to 1.

    Formula: mean of [truth = predicted]. Labels are compared as canonical text. Same as scikit-learn's
    `accuracy_score`.
    """
    return float(np.mean(truth == predicted))


def roc_auc(truth: Values, predicted: Values) -> float:
    """The area under the ROC curve: how often a positive row is ranked above a negative one.

    Formula: P(score+ > score-) + P(score+ = score-) / 2 over all pairs; only the order of scores matters.
    Undefined where the truth holds one class; no competition here has such answers. Source: scikit-learn's
    `roc_auc_score`.
    """
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(truth, predicted))


def rmse(truth: Values, predicted: Values) -> float:
    """The root of the mean squared error, 0 at best, without an upper end.

    Formula: sqrt(mean((truth - predicted)^2)). Where the squares would overflow, the errors are scaled by the
    largest of them first, so that every finite prediction has a finite score.
    """
    errors = np.abs(truth - predicted)
    largest = float(np.max(errors))
    # Squares of errors up to 1e150 stay below the largest float, 1.8e308, with room for their sum.
    if largest < 1e150:
        return float(np.sqrt(np.mean(errors**2)))
    return largest * float(np.sqrt(np.mean((errors / largest) ** 2)))


METRICS: Mapping[str, MetricFunction] = {"accuracy": accuracy, "rmse": rmse, "roc_auc": roc_auc}

NEEDS: Mapping[str, tuple[str, ...]] = {"roc_auc": ("sklearn.metrics",)}
"""The slow imports of a metric, for callers that want them done beforehand."""


def score(metric: Metric, truth: Values, predicted: Values) -> float:
    """The score of a prediction by the metric that a competition names.

    Raises:
        UnknownMetric: No metric has the name.
    """
    if metric.name not in METRICS:
        raise UnknownMetric(metric.name)
    params: Mapping[str, Parameter] = metric.params
    return METRICS[metric.name](truth, predicted, **params)

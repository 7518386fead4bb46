"""Metrics by their standard names.

Each is a function in a small module of this package and returns a float, not rounded, or NaN where the
metric has no value for a well-formed submission; `competition.yaml` states under `undefined` what is scored
then. There are three shapes:

- an `array` metric is `metric(truth, predicted, **params)`: the predicted columns of the answers and of the
  submission as numpy arrays, row by row in the same order; one-dimensional for one column, two for more
  (labels and lists as Python strings in an object array, everything else numbers);
- a `text` metric is the same for a single column of text, and gets it as pandas keeps it, as a Series: Python
  strings are only made by who needs them, for they cost more than most metrics;
- a `table` metric is `metric(answers, submission, **params)` with two DataFrames whose rows are in the same
  order. `submission` has the id columns as text and the predicted columns as their kinds read them.
  `answers` has the id columns as text and the columns that the facts list under `answers.columns`, as
  `pandas.read_csv` reads them with only empty cells as missing. Where `answers.repeated` is set, `answers`
  is as it lies in the file, and `submission` has one row for each id, in the order of first appearance.
  Where `answers.suffixes` is set, the rows of `answers` are repeated once for each suffix.

`params` are those of the facts. A metric may raise `benchmark.verdict.Rejected` only for what the contract
also rejects. It documents its formula, its edges and its source, and has no row loops.

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
    shape: Literal["array", "text", "table"] = "array"
    """What it takes."""
    needs: tuple[str, ...] = ()
    """Its slow imports, for callers that want them done beforehand."""


METRICS: Mapping[str, Entry] = {
    "accuracy": Entry("benchmark.metrics.classification:accuracy"),
    "dice_hausdorff": Entry("benchmark.metrics.volumes:dice_hausdorff", "table", ("scipy.spatial",)),
    "f1_macro": Entry("benchmark.metrics.classification:f1_macro"),
    "f1_micro_multilabel": Entry("benchmark.metrics.sets:f1_micro_multilabel", "text"),
    "f1_micro_qa": Entry("benchmark.metrics.spans:f1_micro_qa", "table"),
    "f1_point_in_box": Entry("benchmark.metrics.points:f1_point_in_box", "table"),
    "global_dice": Entry("benchmark.metrics.masks:global_dice", "table"),
    "group_log_mae": Entry("benchmark.metrics.distances:group_log_mae", "table"),
    "jigsaw_bias_auc": Entry("benchmark.metrics.ranking:jigsaw_bias_auc", "table"),
    "kendall_tau_pooled": Entry("benchmark.metrics.sequences:kendall_tau_pooled", "table"),
    "kl_divergence": Entry("benchmark.metrics.probabilistic:kl_divergence"),
    "laplace_log_likelihood": Entry("benchmark.metrics.probabilistic:laplace_log_likelihood", "table"),
    "log_loss": Entry("benchmark.metrics.classification:log_loss"),
    "lwlrap": Entry("benchmark.metrics.ranking:lwlrap"),
    "mae_int": Entry("benchmark.metrics.regression:mae_int"),
    "mae_where": Entry("benchmark.metrics.regression:mae_where", "table"),
    "map_3d_iou": Entry("benchmark.metrics.boxes_3d:map_3d_iou", "table", ("shapely",)),
    "map_at_k": Entry("benchmark.metrics.sets:map_at_k", "text"),
    "map_coco_iou40": Entry("benchmark.metrics.coco:map_coco_iou40", "table"),
    "map_voc_iou50_pairs": Entry(
        "benchmark.metrics.boxes_2d:map_voc_iou50_pairs", "table", ("sklearn.metrics",)
    ),
    "matthews_corrcoef": Entry("benchmark.metrics.classification:matthews_corrcoef"),
    "mean_angular_error": Entry("benchmark.metrics.distances:mean_angular_error"),
    "mean_columnwise_rmse_where": Entry("benchmark.metrics.regression:mean_columnwise_rmse_where", "table"),
    "mean_columnwise_rmsle": Entry("benchmark.metrics.regression:mean_columnwise_rmsle"),
    "mean_columnwise_roc_auc": Entry("benchmark.metrics.auc:mean_columnwise_roc_auc"),
    "mean_columnwise_spearman": Entry(
        "benchmark.metrics.ranking:mean_columnwise_spearman", needs=("scipy.stats",)
    ),
    "mean_dice": Entry("benchmark.metrics.masks:mean_dice", "table"),
    "mean_levenshtein": Entry("benchmark.metrics.strings:mean_levenshtein", "text", ("rapidfuzz.process",)),
    "mean_p50_p95_distance": Entry("benchmark.metrics.distances:mean_p50_p95_distance", "table"),
    "mean_pixel_fbeta": Entry("benchmark.metrics.masks:mean_pixel_fbeta", "table"),
    "mean_precision_iou_thresholds": Entry("benchmark.metrics.masks:mean_precision_iou_thresholds", "table"),
    "multiclass_log_loss": Entry("benchmark.metrics.classification:multiclass_log_loss"),
    "normalized_levenshtein": Entry(
        "benchmark.metrics.sequences:normalized_levenshtein", "table", ("rapidfuzz.distance",)
    ),
    "pearson_r": Entry("benchmark.metrics.regression:pearson_r"),
    "probabilistic_f1": Entry("benchmark.metrics.probabilistic:probabilistic_f1"),
    "quadratic_weighted_kappa": Entry(
        "benchmark.metrics.classification:quadratic_weighted_kappa", needs=("sklearn.metrics",)
    ),
    "rmse": Entry("benchmark.metrics.regression:rmse"),
    "roc_auc": Entry("benchmark.metrics.auc:roc_auc"),
    "top1_error": Entry("benchmark.metrics.sets:top1_error", "text"),
    "weighted_multilabel_log_loss": Entry(
        "benchmark.metrics.probabilistic:weighted_multilabel_log_loss", "table"
    ),
    "weighted_roc_auc": Entry("benchmark.metrics.ranking:weighted_roc_auc", needs=("sklearn.metrics",)),
    "word_jaccard_mean": Entry("benchmark.metrics.strings:word_jaccard_mean", "text"),
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

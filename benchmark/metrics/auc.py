"""The area under the ROC curve, of one column or as the mean of several."""

# scikit-learn ships no types; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import numpy as np

from benchmark.metrics.arrays import HUGE, Values


@HUGE
def roc_auc(truth: Values, predicted: Values) -> float:
    """The area under the ROC curve: how often a positive row is ranked above a negative one.

    Formula: P(score+ > score-) + P(score+ = score-) / 2 over all pairs; only the order of scores matters.
    Undefined (NaN) where the truth holds one class; no competition here has such answers. Source:
    scikit-learn's `roc_auc_score`.
    """
    from sklearn.metrics import roc_auc_score

    if len(np.unique(truth)) < 2:
        return float("nan")
    return float(roc_auc_score(truth, predicted))


def mean_columnwise_roc_auc(truth: Values, predicted: Values, *, unscored: float | None = None) -> float:
    """The plain mean of the area under the ROC curve of each column.

    Args:
        truth: Zeros and ones; rows by columns.
        predicted: Scores of the same shape.
        unscored: The true value that marks a row as not scored, in all its columns.

    Source: the metric of Kaggle's competitions with several labels a row; each column is `roc_auc`.
    """
    if unscored is not None:
        scored = ~(truth == unscored).any(axis=1)
        truth, predicted = truth[scored], predicted[scored]
    columns = zip(truth.T, predicted.T, strict=True)
    return float(np.mean([roc_auc(true, scores) for true, scores in columns]))

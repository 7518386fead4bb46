"""The area under the ROC curve, of one column or as the mean of several."""

import numpy as np

from benchmark.metrics.arrays import Values


def roc_auc(truth: Values, predicted: Values) -> float:
    """The area under the ROC curve: how often a positive row is ranked above a negative one.

    Formula: P(score+ > score-) + P(score+ = score-) / 2 over all pairs; only the order of scores matters.
    Positive is a truth above 0. Undefined (NaN) where all rows are positive or none is; no competition here
    has such answers. Same as scikit-learn's `roc_auc_score`, which sorts rows instead of scores and takes
    four times as long.
    """
    positive = truth > 0
    high, low = np.sort(predicted[positive]), np.sort(predicted[~positive])
    pairs = len(high) * len(low)
    if not pairs:
        return float("nan")
    # A negative score below a positive one counts twice, an equal one once.
    wins = sum(int(np.searchsorted(low, high, side).sum()) for side in ("left", "right"))
    return wins / (2 * pairs)


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

"""Metrics of how well scores rank rows, labels or both."""

# pandas', scipy's and scikit-learn's stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.metrics.arrays import HUGE
from benchmark.metrics.auc import roc_auc

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@HUGE
def weighted_roc_auc(
    truth: NDArray[Any], predicted: Floats, *, cut: float = 0.4, low_weight: float = 2.0
) -> float:
    """The area beside the ROC curve, the part below a true positive rate counted more, from 0 to 1.

    Formula: the integral of (1 - FPR) over TPR from 0 to 1, weighted `low_weight` below the TPR `cut` and 1
    above, over the sum of the weights. The curve is linear between its vertices. Positive is a truth above 0.
    Source: the metric of the Kaggle competition ALASKA2, with TPR 0.4 and weight 2.
    """
    from sklearn.metrics import roc_curve

    fpr, tpr, _ = roc_curve(truth > 0, predicted)
    low, high = _slice(fpr, tpr, 0.0, cut), _slice(fpr, tpr, cut, 1.0)
    return (low_weight * low + high) / (low_weight * cut + 1 - cut)


def _slice(fpr: Floats, tpr: Floats, low: float, high: float) -> float:
    """The area between the curve and FPR 1 within a band of TPR."""
    first, last = np.clip(tpr[:-1], low, high), np.clip(tpr[1:], low, high)
    rise = np.diff(tpr)
    slope = np.divide(np.diff(fpr), rise, out=np.zeros_like(rise), where=rise > 0)
    middle = fpr[:-1] + slope * ((first + last) / 2 - tpr[:-1])
    return float(np.sum((last - first) * (1 - middle)))


def lwlrap(truth: NDArray[Any], predicted: Floats) -> float:
    """Label-weighted label-ranking average precision, from 0 to 1.

    For each true label of a row: the share of true labels among the labels with a score as high or higher.
    The mean over all true labels of all rows; a row without any does not count. Undefined (NaN) without a
    true label. The same as scikit-learn's `label_ranking_average_precision_score` with rows weighted by their
    true labels.
    Source: the metric of the Kaggle competition Freesound Audio Tagging 2019.
    """
    labels = truth > 0
    row, label = np.nonzero(labels)
    if not len(row):
        return float("nan")
    above = predicted[row] >= predicted[row, label][:, None]
    return float(np.mean(np.sum(above & labels[row], axis=1) / np.sum(above, axis=1)))


def mean_columnwise_spearman(truth: Floats, predicted: Floats) -> float:
    """The mean over columns of Spearman's rank correlation, from -1 to 1.

    Formula: Pearson's correlation of the ranks, tied values having their mean rank. Undefined (NaN) where a
    column, true or predicted, has one value only. Source: the metric of the Kaggle competition Google QUEST.
    """
    from scipy.stats import rankdata

    ranks, others = (_centred(rankdata(values, axis=0)) for values in (truth, predicted))
    spread = np.sqrt(np.sum(ranks**2, axis=0) * np.sum(others**2, axis=0))
    shared = np.sum(ranks * others, axis=0)
    return float(np.mean(np.divide(shared, spread, out=np.full_like(spread, np.nan), where=spread > 0)))


def _centred(values: Floats) -> Floats:
    return values - values.mean(axis=0)


def jigsaw_bias_auc(
    answers: pd.DataFrame,
    submission: pd.DataFrame,
    *,
    truth: str,
    predicted: str,
    identities: Sequence[str],
    cut_predictions: bool = False,
    power: float = -5.0,
) -> float:
    """ROC AUC over all rows and over the mentions of identities, from 0 to 1.

    Formula: a quarter each of the AUC of all rows, and of the power means (exponent -5) over identities of
    three AUCs: of the rows that mention the identity; of the toxic rows without and the other rows with it;
    of the toxic rows with and the other rows without it. A row is toxic, and mentions an identity, where the
    value is 0.5 or more; an empty value is 0. Undefined (NaN) where one of these groups is all toxic or all
    not.
    Source: the metric of the Kaggle competition Jigsaw Unintended Bias.

    MLE-bench cuts predictions at 0.5 as well before it measures any AUC, as with `cut_predictions`; only the
    side of 0.5 counts then. Kaggle's metric ranks the predictions as they are.
    """
    toxic = _half(answers[truth])
    scores = submission[predicted].to_numpy(dtype=np.float64)
    if cut_predictions:
        scores = (scores >= 0.5).astype(np.float64)
    groups: list[list[float]] = [[], [], []]
    for identity in identities:
        named = _half(answers[identity])
        for values, rows in zip(groups, (named, toxic ^ named, toxic == named), strict=True):
            values.append(roc_auc(toxic[rows], scores[rows]))
    with np.errstate(divide="ignore"):  # an AUC of 0 makes the power mean 0
        means = np.mean(np.array(groups) ** power, axis=1) ** (1 / power)
    return float(0.25 * roc_auc(toxic, scores) + 0.25 * means.sum())


def _half(values: pd.Series) -> Flags:
    return values.fillna(0).to_numpy(dtype=np.float64) >= 0.5

"""Metrics of probabilities and of predictions that come with a confidence."""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EPSILON = 1e-15
"""How far probabilities are kept from 0 and 1 before a logarithm; scikit-learn's old limit, which Kaggle
uses."""


def kl_divergence(truth: Floats, predicted: Floats) -> float:
    """The mean over rows of the Kullback-Leibler divergence from prediction to truth, 0 at best.

    Formula: mean of sum(t ln(t / p)) over the columns with t > 0; t are the true votes over their row's sum,
    p the predictions kept within 1e-15 of 0 and 1, not scaled again. Source: the metric of the Kaggle
    competition HMS Harmful Brain Activity.
    """
    shares = truth / truth.sum(axis=1, keepdims=True)
    kept = np.clip(predicted, EPSILON, 1 - EPSILON)
    logs = np.log(np.where(shares > 0, shares, 1)) - np.log(kept)
    return float(np.mean(np.sum(shares * logs, axis=1)))


def probabilistic_f1(truth: NDArray[Any], predicted: Floats) -> float:
    """F1 with probabilities in place of counts, from 0 to 1.

    Formula: with p cut to 0 to 1, precision is sum(p of positives) / sum(p), recall sum(p of positives) over
    the number of positives, and the score 2 PR / (P + R); 0 where that has no value. Source: the metric of
    the Kaggle competition RSNA Breast Cancer Detection.
    """
    kept = np.clip(predicted, 0, 1)
    total = float(kept.sum()) + float(np.sum(truth > 0))
    return 2 * float(kept[truth > 0].sum()) / total if total else 0.0


POSITIVE_WEIGHT, HEAVY_WEIGHT = 2.0, 7.0
"""How often a fracture counts, and the row on the whole patient."""


def weighted_multilabel_log_loss(
    answers: pd.DataFrame,
    submission: pd.DataFrame,
    *,
    truth: str,
    predicted: str,
    study: str,
    kind: str,
    heavy: str,
) -> float:
    """The mean over studies of their weighted log loss, 0 at best.

    In each study the loss is sum(w l) / sum(w) over its rows, with l = -ln(p) for a positive and -ln(1 - p)
    for another, p kept within 1e-15 of 0 and 1; w is 1, times 2 for a positive, times 7 for the rows whose
    column `kind` is `heavy`. Source: the metric of the Kaggle competition RSNA 2022 Cervical Spine Fracture
    Detection: 14 and 7 for the patient, 2 and 1 for each vertebra.
    """
    positive = answers[truth].to_numpy(dtype=np.float64) > 0
    kept = np.clip(submission[predicted].to_numpy(dtype=np.float64), EPSILON, 1 - EPSILON)
    losses = -np.log(np.where(positive, kept, 1 - kept))
    weights = np.where(positive, POSITIVE_WEIGHT, 1.0) * np.where(answers[kind] == heavy, HEAVY_WEIGHT, 1.0)
    studies = pd.factorize(answers[study])[0]
    return float(np.mean(np.bincount(studies, weights * losses) / np.bincount(studies, weights)))


LEAST_DEVIATION, LARGEST_ERROR = 70.0, 1000.0
"""Millilitres: what a lung measurement is uncertain by, and the error that counts at most."""


def laplace_log_likelihood(
    answers: pd.DataFrame,
    submission: pd.DataFrame,
    *,
    truth: str,
    predicted: str,
    confidence: str,
    group: str,
    time: str,
    last: int = 3,
) -> float:
    """The mean Laplace log likelihood of the last measurements of each group, -4.59507 at best.

    Formula: mean of -sqrt(2) d / s - ln(sqrt(2) s), with s the confidence but at least 70 and d the absolute
    error but at most 1000, over the `last` 3 rows by `time` of each `group` that have a true value. A missing
    confidence is 0. Source: the metric of the Kaggle competition OSIC Pulmonary Fibrosis Progression.
    """
    measured = np.flatnonzero(answers[truth].notna())
    late = answers.iloc[measured].reset_index(drop=True).sort_values(time, kind="stable")
    rows = measured[late.groupby(group, sort=False).tail(last).index]
    errors = (
        answers[truth].to_numpy(dtype=np.float64)[rows] - submission[predicted].to_numpy(np.float64)[rows]
    )
    given = submission[confidence].fillna(0).to_numpy(dtype=np.float64)[rows]
    # Half the largest float, so that the root of 2 does not take it beyond.
    scale = np.sqrt(2) * np.clip(given, LEAST_DEVIATION, np.finfo(np.float64).max / 2)
    return float(np.mean(-2 * np.minimum(np.abs(errors), LARGEST_ERROR) / scale - np.log(scale)))

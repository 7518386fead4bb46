"""Metrics of class labels and of the probabilities of classes."""

# scikit-learn ships no types; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.metrics.arrays import Values

EPSILON = float(np.finfo(np.float64).eps)
"""The least probability that log losses count, as scikit-learn has it for 64-bit floats."""


def accuracy(truth: Values, predicted: Values) -> float:
    """The share of rows whose label is right, from 0 to 1.

    Formula: mean of [truth = predicted]. Labels are compared as canonical text or as whole numbers. Same as
    scikit-learn's `accuracy_score`.
    """
    return float(np.mean(truth == predicted))


def f1_macro(truth: Values, predicted: Values) -> float:
    """The plain mean of the F1 scores of all classes in the truth or the prediction, from 0 to 1.

    Formula: F1 of a class is 2 tp / (true rows + predicted rows), so that a class which is predicted and
    never true counts 0. Same as scikit-learn's `f1_score(average="macro", zero_division=0)`.
    """
    codes, classes = pd.factorize(np.concatenate([truth, predicted]))
    true, guess = codes[: len(truth)], codes[len(truth) :]
    sizes = np.bincount(codes, minlength=len(classes))
    right = np.bincount(true[true == guess], minlength=len(classes))
    return float(np.mean(2 * right / sizes))


def quadratic_weighted_kappa(truth: Values, predicted: Values) -> float:
    """Cohen's kappa with squared weights, 1 at best, 0 for chance.

    Formula: 1 - sum(w O) / sum(w E), with O the counts of pairs, E those expected from the margins, and
    w = (i - j)^2 where i and j are places in the sorted list of all labels seen on either side: a label that
    nobody uses leaves no gap. Undefined (NaN) where both sides hold one label only. Same as scikit-learn's
    `cohen_kappa_score(weights="quadratic")`.
    """
    from sklearn.metrics import cohen_kappa_score

    if len(np.unique(np.concatenate([truth, predicted]))) < 2:
        return float("nan")
    return float(cohen_kappa_score(truth, predicted, weights="quadratic"))


def matthews_corrcoef(truth: Values, predicted: Values) -> float:
    """The correlation of two binary columns, from -1 to 1; 0 where one of them is constant.

    Formula: (tp tn - fp fn) / sqrt((tp + fp) (tp + fn) (tn + fp) (tn + fn)). Same as scikit-learn's function
    of this name.
    """
    true, guess = truth.astype(bool), predicted.astype(bool)
    both, trues, guesses, rows = (
        float(np.count_nonzero(side)) for side in (true & guess, true, guess, np.ones_like(true))
    )
    spread = trues * (rows - trues) * guesses * (rows - guesses)
    return (both * rows - trues * guesses) / spread**0.5 if spread else 0.0


def log_loss(truth: Values, predicted: Values) -> float:
    """The mean negative logarithm of the probability that was given to what is true, 0 at best.

    Formula: mean of -ln(p) where the truth is 1, of -ln(1 - p) where it is 0, with p kept between EPSILON and
    1 - EPSILON. Same as scikit-learn's `log_loss` from version 1.5 on.
    """
    likely = np.clip(predicted, EPSILON, 1 - EPSILON)
    return float(np.mean(-np.log(np.where(truth > 0, likely, 1 - likely))))


def multiclass_log_loss(truth: Values, predicted: Values) -> float:
    """The mean negative logarithm of the probability of the true class, 0 at best.

    Formula: mean of -ln(p of the class whose true value is 1), with p kept between EPSILON and 1 - EPSILON
    and rows not scaled to a sum of 1. Same as scikit-learn's `log_loss` from version 1.5 on.
    """
    likely: NDArray[np.float64] = predicted[np.arange(len(truth)), np.argmax(truth, axis=1)]
    return float(np.mean(-np.log(np.clip(likely, EPSILON, 1 - EPSILON))))

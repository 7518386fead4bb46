"""Metrics of sets of tokens, written in a cell with blanks between them."""

# The stubs of pandas leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.metrics.arrays import Values

Integers = NDArray[np.int64]


class Overlap(NamedTuple):
    """The sizes of two sets in each row, and of what they share."""

    both: NDArray[np.float64]
    true: NDArray[np.float64]
    guess: NDArray[np.float64]


class Tokens(NamedTuple):
    """The tokens of all cells, one after the other."""

    row: Integers
    """The row that a token is in."""
    token: pd.Series
    """The token."""


def tokens_of(cells: Values, *, lower: bool = False) -> Tokens:
    """The tokens of cells, which white space separates."""
    texts = pd.Series(cells, dtype=object)
    lists = (texts.str.lower() if lower else texts).str.split()
    counts = lists.str.len().to_numpy(dtype=np.int64)
    flat = lists[counts > 0].explode().reset_index(drop=True)
    return Tokens(np.repeat(np.arange(len(texts)), counts), flat)


def overlap(truth: Values, predicted: Values, *, lower: bool = False, known_only: bool = False) -> Overlap:
    """How many distinct tokens each row has on both sides, in the truth and in the prediction.

    Args:
        truth: Cells of tokens.
        predicted: Cells of tokens.
        lower: Whether case does not matter.
        known_only: Whether predicted tokens that no row of the truth has are left out.
    """
    true, guess = tokens_of(truth, lower=lower), tokens_of(predicted, lower=lower)
    codes, _ = pd.factorize(pd.concat([true.token, guess.token], ignore_index=True))
    split = len(true.row)
    size = int(codes.max(initial=-1)) + 1
    known = int(codes[:split].max(initial=-1)) + 1
    first = np.unique(true.row * size + codes[:split])
    second = np.unique(guess.row * size + codes[split:])
    if known_only:
        # Codes are given in order of first appearance: those of the truth come first.
        second = second[second % size < known] if size else second
    shared = np.intersect1d(first, second, assume_unique=True)
    both, left, right = (
        np.bincount(keys // max(size, 1), minlength=len(truth)).astype(np.float64)
        for keys in (shared, first, second)
    )
    return Overlap(both, left, right)


def f1_micro_multilabel(truth: Values, predicted: Values) -> float:
    """The F1 score over all pairs of a row and a label, from 0 to 1.

    Formula: 2 tp / (true pairs + predicted pairs); each label counts once a row, and 0 stands where there is no
    pair at all. Predicted labels that no row of the truth has are left out, not counted as wrong: so does
    MLE-bench, whose label binarizer knows the labels of the answers only.
    """
    both, true, guess = (part.sum() for part in overlap(truth, predicted, known_only=True))
    return float(2 * both / (true + guess)) if true + guess else 0.0


def map_at_k(truth: Values, predicted: Values, *, k: int) -> float:
    """The mean average precision of ordered lists at k places, from 0 to 1.

    Formula: for each row the sum over places i <= k that hold a true token for the first time of
    (hits up to i) / i, divided by min(number of true tokens, k); mean over rows. Repeats take up places. Source:
    Kaggle's MAP@k; with one true token it is 1 / (place of the first hit).
    """
    true, guess = tokens_of(truth), tokens_of(predicted)
    place = guess.row.size and np.arange(len(guess.row)) - np.searchsorted(guess.row, guess.row) + 1
    codes, _ = pd.factorize(pd.concat([true.token, guess.token], ignore_index=True))
    size = int(codes.max(initial=-1)) + 1
    keys = pd.Series(guess.row * size + codes[len(true.row) :])
    wanted = np.unique(true.row * size + codes[: len(true.row)])
    hit = (keys.isin(wanted) & ~keys.duplicated()).to_numpy() & (np.asarray(place) <= k)
    rows, places = guess.row[hit], np.asarray(place)[hit] if hit.size else np.zeros(0)
    so_far = np.arange(len(rows)) - np.searchsorted(rows, rows) + 1
    gains = np.bincount(rows, weights=so_far / places, minlength=len(truth))
    most = np.minimum(np.bincount(wanted // max(size, 1), minlength=len(truth)), k)
    return float(np.mean(np.divide(gains, most, out=np.zeros(len(gains)), where=most > 0)))


def top1_error(truth: Values, predicted: Values) -> float:
    """The share of rows whose first label is wrong, from 0 to 1.

    Formula: 1 - mean of [first predicted whole number = truth]. Source: the metric of Kaggle's iNaturalist 2019.
    """
    first = pd.Series(predicted, dtype=object).str.split(n=1).str[0]
    return 1.0 - float(np.mean(first.astype(np.int64).to_numpy() == truth.astype(np.int64)))

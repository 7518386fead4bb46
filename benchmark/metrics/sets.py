"""Metrics of sets of tokens, written in a cell with blanks between them."""

# The stubs of pandas and pyarrow leave many types open, and functions out.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false

from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from benchmark.metrics.arrays import Values

Integers = NDArray[np.int64]


class Overlap(NamedTuple):
    """The sizes of two sets in each row, and of what they share."""

    both: NDArray[np.float64]
    true: NDArray[np.float64]
    guess: NDArray[np.float64]


class Tokens(NamedTuple):
    """The tokens of all cells of two columns, one after the other, each token as a number."""

    true_row: Integers
    """The row that a token of the truth is in."""
    true: Integers
    """The token; tokens are numbered as they first appear, those of the truth first."""
    guess_row: Integers
    """The row that a token of the prediction is in."""
    guess: Integers
    """The token."""
    size: int
    """How many different tokens there are, at least 1."""


def tokens_of(truth: Values, predicted: Values, *, lower: bool = False) -> Tokens:
    """The tokens of cells, which white space separates."""
    true_row, true = _split(truth, lower=lower)
    guess_row, guess = _split(predicted, lower=lower)
    both = pa.chunked_array([true, guess], type=pa.large_string())
    codes = (
        pc.dictionary_encode(both).unify_dictionaries().combine_chunks().indices.to_numpy().astype(np.int64)
    )
    split = len(true)
    return Tokens(true_row, codes[:split], guess_row, codes[split:], int(codes.max(initial=0)) + 1)


def _split(cells: Values, *, lower: bool) -> tuple[Integers, pa.Array]:
    """The tokens of all cells, and the row of each."""
    texts = [text.lower() for text in cells] if lower else cells
    lists = pc.utf8_split_whitespace(pa.array(texts, type=pa.large_string()))
    tokens = pc.list_flatten(lists)
    rows = pc.list_parent_indices(lists).to_numpy().astype(np.int64)
    # White space around a cell makes empty tokens.
    there = pc.not_equal(tokens, "")
    return rows[there.to_numpy(zero_copy_only=False)], tokens.filter(there)


def _distinct(keys: Integers) -> Integers:
    """The different keys, sorted; keys come row by row, which a stable sort makes use of."""
    ordered = np.sort(keys, kind="stable")
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered


def overlap(truth: Values, predicted: Values, *, lower: bool = False, known_only: bool = False) -> Overlap:
    """How many distinct tokens each row has on both sides, in the truth and in the prediction.

    Args:
        truth: Cells of tokens.
        predicted: Cells of tokens.
        lower: Whether case does not matter.
        known_only: Whether predicted tokens that no row of the truth has are left out.
    """
    tokens = tokens_of(truth, predicted, lower=lower)
    size, known = tokens.size, int(tokens.true.max(initial=-1)) + 1
    first = _distinct(tokens.true_row * size + tokens.true)
    second = _distinct(tokens.guess_row * size + tokens.guess)
    if known_only:
        # Tokens of the truth have the first numbers.
        second = second[second % size < known]
    merged = np.sort(np.concatenate([first, second]), kind="stable")
    shared = merged[1:][merged[1:] == merged[:-1]]
    both, left, right = (
        np.bincount(keys // size, minlength=len(truth)).astype(np.float64) for keys in (shared, first, second)
    )
    return Overlap(both, left, right)


def f1_micro_multilabel(truth: Values, predicted: Values) -> float:
    """The F1 score over all pairs of a row and a label, from 0 to 1.

    Formula: 2 tp / (true pairs + predicted pairs); each label counts once a row, and 0 stands where there is
    no pair at all. Predicted labels that no row of the truth has are left out, not counted as wrong: so does
    MLE-bench, whose label binarizer knows the labels of the answers only.
    """
    both, true, guess = (part.sum() for part in overlap(truth, predicted, known_only=True))
    return float(2 * both / (true + guess)) if true + guess else 0.0


def map_at_k(truth: Values, predicted: Values, *, k: int) -> float:
    """The mean average precision of ordered lists at k places, from 0 to 1.

    Formula: for each row the sum over places i <= k that hold a true token for the first time of
    (hits up to i) / i, divided by min(number of true tokens, k); mean over rows. Repeats take up places.
    Source: Kaggle's MAP@k; with one true token it is 1 / (place of the first hit).
    """
    tokens = tokens_of(truth, predicted)
    row = tokens.guess_row
    place = np.arange(len(row)) - np.searchsorted(row, row) + 1
    near = place <= k
    keys = pd.Series((row * tokens.size + tokens.guess)[near])
    wanted = _distinct(tokens.true_row * tokens.size + tokens.true)
    hit = (keys.isin(wanted) & ~keys.duplicated()).to_numpy()
    rows, places = row[near][hit], place[near][hit]
    so_far = np.arange(len(rows)) - np.searchsorted(rows, rows) + 1
    gains = np.bincount(rows, weights=so_far / places, minlength=len(truth))
    most = np.minimum(np.bincount(wanted // tokens.size, minlength=len(truth)), k)
    return float(np.mean(np.divide(gains, most, out=np.zeros(len(gains)), where=most > 0)))


def top1_error(truth: Values, predicted: Values) -> float:
    """The share of rows whose first label is wrong, from 0 to 1.

    Formula: 1 - mean of [first predicted whole number = truth]. Source: the metric of Kaggle's iNaturalist
    2019.
    """
    first = pd.Series(predicted, dtype=object).str.split(n=1).str[0]
    return 1.0 - float(np.mean(first.astype(np.int64).to_numpy() == truth.astype(np.int64)))

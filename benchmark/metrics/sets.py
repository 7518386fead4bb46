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

from benchmark.cells.common import text_array
from benchmark.metrics.arrays import Texts

Integers = NDArray[np.int64]


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

    def true_keys(self) -> Integers:
        """The different pairs of a row and a token of the truth, a number for each, sorted."""
        return _distinct(self.true_row * self.size + self.true)

    def guess_keys(self, *, known_only: bool = False) -> Integers:
        """The same of the prediction; with `known_only` without tokens that no row of the truth has."""
        keys = self.guess_row * self.size + self.guess
        # Tokens of the truth have the first numbers.
        return _distinct(keys[self.guess <= self.true.max(initial=-1)] if known_only else keys)


def tokens_of(truth: Texts, predicted: Texts, *, lower: bool = False) -> Tokens:
    """The tokens of cells, which white space separates; with `lower` in small letters."""
    true_row, true = _split(truth, lower=lower)
    guess_row, guess = _split(predicted, lower=lower)
    both = pa.chunked_array([*true.chunks, *guess.chunks], type=pa.large_string())
    codes = (
        pc.dictionary_encode(both).unify_dictionaries().combine_chunks().indices.to_numpy().astype(np.int64)
    )
    split = len(true)
    return Tokens(true_row, codes[:split], guess_row, codes[split:], int(codes.max(initial=0)) + 1)


def _split(cells: Texts, *, lower: bool) -> tuple[Integers, pa.ChunkedArray]:
    """The tokens of all cells, and the row of each."""
    texts = text_array([text.lower() for text in cells] if lower else cells)
    lists = pc.ascii_split_whitespace(texts) if _is_printable(texts) else pc.utf8_split_whitespace(texts)
    tokens = pc.list_flatten(lists)
    rows = np.repeat(np.arange(len(cells)), pc.list_value_length(lists).to_numpy())
    # Blank cells, and white space around others, make empty tokens.
    there = pc.not_equal(tokens, "")
    return (rows, tokens) if pc.all(there).as_py() else (rows[there.to_numpy()], tokens.filter(there))


def _is_printable(texts: pa.ChunkedArray) -> bool:
    """Whether texts are printable ASCII alone, so that a blank is all the white space there is."""
    buffers = (chunk.buffers()[2] for chunk in texts.chunks if len(chunk))
    raw = (np.frombuffer(buffer, np.uint8) for buffer in buffers if buffer is not None and buffer.size)
    return all(some.min() >= ord(" ") and some.max() <= ord("~") for some in raw)


def _distinct(keys: Integers) -> Integers:
    """The different keys, sorted; keys come row by row, which a stable sort makes use of."""
    ordered = np.sort(keys, kind="stable")
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered


def shared(first: Integers, second: Integers) -> Integers:
    """The keys that two sorted arrays of different keys have in common."""
    merged = np.sort(np.concatenate([first, second]), kind="stable")
    return merged[1:][merged[1:] == merged[:-1]]


def f1_micro_multilabel(truth: Texts, predicted: Texts) -> float:
    """The F1 score over all pairs of a row and a label, from 0 to 1.

    Formula: 2 tp / (true pairs + predicted pairs); each label counts once a row, and 0 stands where there is
    no pair at all. Predicted labels that no row of the truth has are left out, not counted as wrong: so does
    MLE-bench, whose label binarizer knows the labels of the answers only.
    """
    tokens = tokens_of(truth, predicted)
    true, guess = tokens.true_keys(), tokens.guess_keys(known_only=True)
    pairs = len(true) + len(guess)
    return 2 * len(shared(true, guess)) / pairs if pairs else 0.0


def map_at_k(truth: Texts, predicted: Texts, *, k: int) -> float:
    """The mean average precision of ordered lists at k places, from 0 to 1.

    Formula: for each row the sum over places i <= k that hold a true token for the first time of
    (hits up to i) / i, divided by min(number of true tokens, k); mean over rows. Repeats take up places.
    Source: Kaggle's MAP@k; with one true token it is 1 / (place of the first hit).
    """
    tokens = tokens_of(truth, predicted)
    wanted = tokens.true_keys()
    place = _counted(tokens.guess_row)
    near = place <= k
    keys, place = (tokens.guess_row * tokens.size + tokens.guess)[near], place[near]
    hit = _are_in(keys, wanted)
    keys, place = keys[hit], place[hit]
    first = ~pd.Series(keys).duplicated().to_numpy()
    row, place = keys[first] // tokens.size, place[first]
    gains = np.bincount(row, weights=_counted(row) / place, minlength=len(truth))
    most = np.minimum(np.bincount(wanted // tokens.size, minlength=len(truth)), k)
    return float(np.mean(np.divide(gains, most, out=np.zeros(len(gains)), where=most > 0)))


def _counted(row: Integers) -> Integers:
    """The place of each thing in its row, from 1, where things come row by row."""
    counts = np.bincount(row)
    return np.arange(1, len(row) + 1) - np.repeat(np.cumsum(counts) - counts, counts)


def _are_in(keys: Integers, wanted: Integers) -> NDArray[np.bool_]:
    """Which keys are among others, which are sorted."""
    if not len(wanted):
        return np.zeros(len(keys), dtype=np.bool_)
    return wanted[np.minimum(np.searchsorted(wanted, keys), len(wanted) - 1)] == keys


def top1_error(truth: Texts, predicted: Texts) -> float:
    """The share of rows whose first label is wrong, from 0 to 1.

    Formula: 1 - mean of [first predicted whole number = truth]. Source: the metric of Kaggle's iNaturalist
    2019.
    """
    return 1.0 - float(np.mean(_first_number(truth) == _first_number(predicted)))


def _first_number(cells: Texts) -> Integers:
    lists = pc.utf8_split_whitespace(text_array(cells), max_splits=1)
    return pc.list_element(lists, 0).to_numpy().astype(np.int64)

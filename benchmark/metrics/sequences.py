"""Metrics of sequences of tokens: how well they are ordered, how far they are from the true ones."""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def kendall_tau_pooled(
    answers: pd.DataFrame, submission: pd.DataFrame, *, truth: str, predicted: str
) -> float:
    """Kendall's tau of the order of tokens, all rows together, from -1 to 1.

    Formula: 1 - 4 S / N; S is the number of pairs of tokens that stand the other way round than in the true
    order, N the sum of n (n - 1) over rows of n tokens. So longer rows weigh more. Undefined (NaN) where no
    row has two tokens. Both columns are text of tokens between blanks, the same in both. Source: the metric
    of the Kaggle competition Google AI4Code.
    """
    true, guess = answers[truth].str.split(), submission[predicted].str.split()
    counts = np.array([len(tokens) for tokens in true], dtype=np.int64)
    pairs = int(np.sum(counts * (counts - 1)))
    if not pairs:
        return float("nan")
    row = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    tokens = pd.factorize(pd.concat([true.explode(), guess.explode()]))[0]
    ranks = np.empty(len(row), dtype=np.int64)
    ranks[np.lexsort((tokens[len(row) :], row))] = place[np.lexsort((tokens[: len(row)], row))]
    return 1 - 4 * inversions(row, place, ranks) / pairs


def inversions(row: Integers, place: Integers, rank: Integers) -> int:
    """How many pairs within a row are ranked against their places; `row` and `place` are sorted.

    Two places of a pair differ first in some bit, from the left: for each bit, the pairs whose earlier place
    has a 0 there and the later one a 1, and which agree before, are counted by sorting them by rank.
    """
    total = 0
    for bit in range(int(place.max(initial=0)).bit_length()):
        block = row * (int(place.max()) + 1) + (place >> (bit + 1))
        order = np.lexsort((rank, block))
        later = (place[order] >> bit) & 1
        earlier_seen = np.cumsum(1 - later)
        last = np.searchsorted(block[order], block[order], side="right") - 1
        total += int(np.sum((earlier_seen[last] - earlier_seen)[later == 1]))
    return total


def normalized_levenshtein(
    answers: pd.DataFrame, submission: pd.DataFrame, *, truth: str, predicted: str
) -> float:
    """The edit distances of all rows over the length of all true sequences, 0 at best; it can exceed 1.

    Formula: the sum of Levenshtein distances (one for each insertion, deletion or substitution of a token)
    over the number of true tokens. Undefined (NaN) without a true token. Both columns are text of tokens
    between blanks.
    Source: the metric of the Kaggle competition Multi-modal Gesture Recognition.
    """
    from rapidfuzz.distance import Levenshtein

    true = answers[truth].fillna("").astype(str).str.split()
    length = sum(len(tokens) for tokens in true)
    edits = [
        Levenshtein.distance(ours, theirs)
        for ours, theirs in zip(true, submission[predicted].str.split(), strict=True)
    ]
    return sum(edits) / length if length else float("nan")

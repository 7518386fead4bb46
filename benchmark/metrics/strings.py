"""Metrics of texts."""

# The stubs of pandas leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import numpy as np

from benchmark.metrics.arrays import Texts
from benchmark.metrics.sets import shared, tokens_of


def mean_levenshtein(truth: Texts, predicted: Texts) -> float:
    """The mean edit distance between texts, in characters; 0 at best.

    Formula: mean over rows of the least number of inserted, deleted and replaced code points. The distance is
    rapidfuzz's.
    """
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cpdist

    # Python's strings take as long to make as a distance takes: equal texts, at distance 0, need none.
    differ = np.asarray(predicted != truth)
    strings, others = (np.asarray(texts[differ], dtype=object) for texts in (predicted, truth))
    distances = cpdist(strings, others, scorer=Levenshtein.distance, dtype=np.int64)
    return float(np.sum(distances) / len(truth))


def word_jaccard_mean(truth: Texts, predicted: Texts) -> float:
    """The mean over rows of the share of common words, from 0 to 1.

    Formula: |A & B| / |A | B| of the sets of lower-case words between white space; 0 where both are empty.
    Source: the metric that Kaggle's Tweet Sentiment Extraction published.
    """
    tokens = tokens_of(truth, predicted, lower=True)
    true, guess = tokens.true_keys(), tokens.guess_keys()
    both, left, right = (
        np.bincount(keys // tokens.size, minlength=len(truth)) for keys in (shared(true, guess), true, guess)
    )
    either = left + right - both
    return float(np.mean(np.divide(both, either, out=np.zeros(len(both)), where=either > 0)))

"""Metrics of texts."""

# The stubs of pandas leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import numpy as np

from benchmark.metrics.arrays import Values
from benchmark.metrics.sets import overlap


def mean_levenshtein(truth: Values, predicted: Values) -> float:
    """The mean edit distance between texts, in characters; 0 at best.

    Formula: mean over rows of the least number of inserted, deleted and replaced code points. The distance is
    rapidfuzz's.
    """
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cpdist

    return float(np.mean(cpdist(list(predicted), list(truth), scorer=Levenshtein.distance, dtype=np.int64)))


def word_jaccard_mean(truth: Values, predicted: Values) -> float:
    """The mean over rows of the share of common words, from 0 to 1.

    Formula: |A & B| / |A | B| of the sets of lower-case words between white space; 0 where both are empty.
    Source: the metric that Kaggle's Tweet Sentiment Extraction published.
    """
    both, true, guess = overlap(truth, predicted, lower=True)
    either = true + guess - both
    return float(np.mean(np.divide(both, either, out=np.zeros(len(both)), where=either > 0)))

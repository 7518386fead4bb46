"""Average precision of labelled boxes in images."""

# pandas' and scikit-learn's stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.cells.groups import parse_groups
from benchmark.metrics.pairing import Floats, Things, candidates, flatten, keys, labels_of, take_best
from benchmark.submission_schema import Column

SCORED_BOX = Column(kind="groups", params={"fields": ("label", "score", "x_min", "y_min", "x_max", "y_max")})
"""The form of the true boxes of `map_voc_iou50_pairs`."""


class Matches(NamedTuple):
    """Which prediction belongs to which true box."""

    predicted: NDArray[np.bool_]
    """For each prediction, whether it took a true box."""
    truth: NDArray[np.bool_]
    """For each true box, whether it was taken."""


def intersection_over_union(boxes: Floats, others: Floats) -> Floats:
    """The IoU of pairs of boxes given by corners (x_min, y_min, x_max, y_max); 0 where a box has no area."""
    low = np.maximum(boxes[:, :2], others[:, :2])
    high = np.minimum(boxes[:, 2:], others[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    union = _area(boxes) + _area(others) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def _area(boxes: Floats) -> Floats:
    return np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)


def map_voc_iou50_pairs(
    answers: pd.DataFrame, submission: pd.DataFrame, *, truth: str, predicted: str, threshold: float = 0.5
) -> float:
    """The mean over classes of the average precision of boxes, from 0 to 1.

    The classes are those of the true boxes, with equal weight; other predictions are ignored. In each row and
    class, predictions take, by falling score (ties in the order of the cell), the free true box of the
    highest IoU, if that is above `threshold`. This makes pairs (is it there, score): a match (1, score), a
    prediction without a match (0, score), a true box without a match (1, 0), and a row where the class has
    neither (0, 0). The average precision of a class is scikit-learn's `average_precision_score` of its pairs:
    stepwise, without interpolation. Source: MLE-bench's reading of the metric of the Kaggle competition
    SIIM-FISABIO-RSNA COVID-19; that true negatives enter as (0, 0) is its own invention.
    """
    cells = list(parse_groups(answers[truth], truth, SCORED_BOX))
    classes = labels_of(cells)
    true, guess = flatten(cells, classes), flatten(list(submission[predicted]), classes)
    matches = _match(true, guess, len(classes), threshold)
    precisions = [
        _average_precision(true, guess, matches, number, len(cells)) for number in range(len(classes))
    ]
    return float(np.mean(precisions))


def _match(true: Things, guess: Things, classes: int, threshold: float) -> Matches:
    """Matches predictions, best first, with the best free true box of their row and class."""
    order = np.argsort(-guess.values[:, 0], kind="stable")
    taken = np.zeros(len(true.row), dtype=np.bool_)
    hits = np.zeros(len(guess.row), dtype=np.bool_)
    for place, box in candidates(keys(guess, classes)[order], keys(true, classes)):
        overlap = intersection_over_union(guess.values[order[place], 1:], true.values[box, 1:])
        near = overlap > threshold
        hits[order[take_best(place[near], box[near], overlap[near], taken).left]] = True
    return Matches(hits, taken)


def _average_precision(true: Things, guess: Things, matches: Matches, number: int, rows: int) -> float:
    from sklearn.metrics import average_precision_score

    mine, theirs = guess.label == number, true.label == number
    missed = int(np.sum(theirs & ~matches.truth))
    nothing = rows - len(np.union1d(guess.row[mine], true.row[theirs]))
    present = np.concatenate([matches.predicted[mine], np.ones(missed), np.zeros(nothing)])
    scores = np.concatenate([guess.values[mine, 0], np.zeros(missed + nothing)])
    return float(average_precision_score(present, scores))

"""Average precision of boxes in images, as COCO's reference program pycocotools measures it."""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.metrics.boxes_2d import intersection_over_union
from benchmark.metrics.pairing import Floats, Things, candidates, flatten, keys, take_best

MAX_DETECTIONS = 100
"""Boxes of one image and class that count, best first; COCO's own limit."""
RECALLS = np.linspace(0.0, 1.0, 101)
"""The recalls at which precision is read off."""


def map_coco_iou40(
    answers: pd.DataFrame,
    submission: pd.DataFrame,
    *,
    id_column: str,
    label: str,
    predicted: str,
    threshold: float = 0.4,
    corners_as_sizes: bool = False,
    first_is_void: bool = False,
) -> float:
    """The mean over classes of COCO's average precision of boxes at one IoU threshold, from 0 to 1.

    `answers` has one true box a row (columns `label`, x_min, y_min, x_max, y_max), `submission` one image a
    row. In each image and class the 100 best predictions by score (ties in the order of the file) count. Each
    takes the free true box with the highest IoU, if that is at least `threshold`; of equal ones the last.
    Over all images, predictions are sorted by score (ties in the order of image ids); precision is made to
    fall with recall, and its values at recalls 0, 0.01 to 1 are averaged. The mean is over the classes of the
    answers.
    Source: pycocotools, which the metric of the Kaggle competition VinBigData Chest X-ray follows with IoU >
    0.4.

    MLE-bench differs twice. With `corners_as_sizes` the corner (x_max, y_max) is taken for a width and
    height, as there, so that boxes are larger than they are and overlap more. With `first_is_void` a
    prediction that takes the first true box of the answers counts as wrong: that box is numbered 0 there,
    which to pycocotools means no match; so a perfect submission has less than 1.
    """
    images = {name: row for row, name in enumerate(submission[id_column])}
    classes = sorted({str(value) for value in answers[label]})
    numbers = {name: number for number, name in enumerate(classes)}
    true = Things(
        np.array(answers[id_column].map(images), dtype=np.int64),
        np.array(answers[label].astype(str).map(numbers), dtype=np.int64),
        answers[["x_min", "y_min", "x_max", "y_max"]].to_numpy(dtype=np.float64),
    )
    guess = _ranked(flatten(list(submission[predicted]), classes), len(classes))
    hits = _match(true, guess, len(classes), threshold, corners_as_sizes, first_is_void)
    counts = np.bincount(true.label, minlength=len(classes))
    precisions = [
        _average_precision(hits[guess.label == number], guess.values[guess.label == number, 0], count)
        for number, count in enumerate(counts)
    ]
    return float(np.mean(precisions))


def _ranked(guess: Things, classes: int) -> Things:
    """The predictions of known classes that count, by image, class and falling score."""
    known = np.flatnonzero(guess.label >= 0)
    order = known[np.lexsort((-guess.values[known, 0], guess.label[known], guess.row[known]))]
    key = keys(guess.take(order), classes)
    rank = np.arange(len(key)) - np.searchsorted(key, key, side="left")
    return guess.take(order[rank < MAX_DETECTIONS])


def _match(
    true: Things, guess: Things, classes: int, threshold: float, corners_as_sizes: bool, first_is_void: bool
) -> NDArray[np.bool_]:
    """For each prediction whether it took a true box."""
    hits = np.zeros(len(guess.row), dtype=np.bool_)
    taken = np.zeros(len(true.row), dtype=np.bool_)
    true_boxes, boxes = true.values, guess.values[:, 1:]
    if corners_as_sizes:
        true_boxes, boxes = _grown(true_boxes), _grown(boxes)
    for place, box in candidates(keys(guess, classes), keys(true, classes)):
        overlap = intersection_over_union(boxes[place], true_boxes[box])
        near = overlap >= threshold
        pairs = take_best(place[near], box[near], overlap[near], taken, last=True)
        hits[pairs.left[(pairs.right > 0) | (not first_is_void)]] = True
    return hits


def _grown(boxes: Floats) -> Floats:
    """Corners whose second one is taken for a size."""
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)


def _average_precision(hits: NDArray[np.bool_], scores: Floats, count: int) -> float:
    """The mean of the precisions at the 101 recalls, for `count` true boxes."""
    hits = hits[np.argsort(-scores, kind="stable")]
    found = np.cumsum(hits)
    precision = found / np.arange(1, len(hits) + 1)
    falling = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    return float(np.mean(falling[np.searchsorted(found / count, RECALLS, side="left")]))

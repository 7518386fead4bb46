"""Scores of masks that are lists of runs. Everything is interval arithmetic: no pixel is ever painted.

The order in which pixels are counted, down the columns or along the rows, does not matter here: truth and
prediction count alike. Runs that reach past the end of an image are cut there, as a slice of pixels would be.
"""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.cells.rle import Runs, parse_runs

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Areas(NamedTuple):
    """Pixels of masks, one value a row."""

    truth: Floats
    """Pixels of the true mask."""
    predicted: Floats
    """Pixels of the predicted mask."""
    overlap: Floats
    """Pixels of both."""


class _Line(NamedTuple):
    """The runs of all rows, one image after the other on one line of pixels."""

    row: Integers
    first: Integers
    after: Integers


def areas(truth: Sequence[Runs], predicted: Sequence[Runs], pixels: Integers) -> Areas:
    """The areas of pairs of masks and of their overlaps, in images of so many `pixels` each."""
    true, guess = _line(truth, pixels), _line(predicted, pixels)
    shared = _covered(true, guess.after) - _covered(true, guess.first)
    rows = len(pixels)
    return Areas(
        truth=_sums(true.row, true.after - true.first, rows),
        predicted=_sums(guess.row, guess.after - guess.first, rows),
        overlap=_sums(guess.row, shared, rows),
    )


def _sums(row: Integers, values: Integers, rows: int) -> Floats:
    return np.bincount(row, values, rows).astype(np.float64)


def _line(masks: Sequence[Runs], pixels: Integers) -> _Line:
    offsets = np.cumsum(pixels) - pixels
    row = np.repeat(np.arange(len(masks)), [len(mask) for mask in masks])
    runs = np.minimum(np.concatenate([np.empty((0, 2), np.int64), *masks]), pixels[row][:, None])
    runs = runs + offsets[row][:, None]
    return _Line(row, runs[:, 0], runs[:, 1])


def _covered(line: _Line, places: Integers) -> Integers:
    """How many pixels before each place a sorted line of runs covers."""
    if not len(line.first):
        return np.zeros_like(places)
    lengths = line.after - line.first
    before = np.cumsum(lengths) - lengths
    run = np.searchsorted(line.first, places, side="right") - 1
    inside = np.minimum(places - line.first[run], lengths[run])
    return np.where(run < 0, 0, before[run] + inside)


def table_areas(
    answers: pd.DataFrame,
    submission: pd.DataFrame,
    *,
    truth: str,
    predicted: str,
    height: str | int,
    width: str | int,
) -> Areas:
    """The areas of the masks in two tables; a size is a number, or the column of the answers with it."""
    pixels = size(answers, height) * size(answers, width)
    true = parse_runs(answers[truth].fillna(""), truth, empty="-")
    return areas(list(true), list(submission[predicted]), pixels)


def size(answers: pd.DataFrame, side: str | int) -> Integers:
    """One side of each image, in pixels."""
    if isinstance(side, int):
        return np.full(len(answers), side, dtype=np.int64)
    return np.array(answers[side], dtype=np.int64)


def global_dice(
    answers: pd.DataFrame,
    submission: pd.DataFrame,
    *,
    truth: str,
    predicted: str,
    height: str | int,
    width: str | int,
) -> float:
    """Dice over the pixels of all images together, from 0 to 1.

    Formula: 2 |P & T| / (|P| + |T|), sums over all rows. Undefined (NaN) where no mask has a pixel. Source:
    the metric of the Kaggle competition Identify Contrails.
    """
    area = table_areas(answers, submission, truth=truth, predicted=predicted, height=height, width=width)
    total = float(area.truth.sum() + area.predicted.sum())
    return 2 * float(area.overlap.sum()) / total if total else float("nan")


def mean_dice(
    answers: pd.DataFrame,
    submission: pd.DataFrame,
    *,
    truth: str,
    predicted: str,
    height: str | int,
    width: str | int,
) -> float:
    """The mean over images of Dice, from 0 to 1.

    Formula: mean of 2 |P & T| / (|P| + |T|); an image where both masks are empty counts 1. Source: the metric
    of the Kaggle competition HuBMAP, Hacking the Kidney.
    """
    area = table_areas(answers, submission, truth=truth, predicted=predicted, height=height, width=width)
    return float(np.mean(dice(area, both_empty=1.0)))


def dice(area: Areas, both_empty: float) -> Floats:
    """Dice of each row; `both_empty` where neither mask has a pixel."""
    total = area.truth + area.predicted
    return np.where(total > 0, 2 * area.overlap / np.where(total > 0, total, 1), both_empty)


def mean_pixel_fbeta(
    answers: pd.DataFrame,
    submission: pd.DataFrame,
    *,
    truth: str,
    predicted: str,
    height: str | int,
    width: str | int,
    beta: float,
) -> float:
    """The mean over images of the F-beta score of pixels, from 0 to 1.

    Formula: (1 + b^2) |P & T| / (b^2 |T| + |P|), which is F-beta of precision and recall; 0 where neither
    mask has a pixel. Source: the metric of the Kaggle competition Vesuvius Ink Detection, with beta 0.5.
    """
    area = table_areas(answers, submission, truth=truth, predicted=predicted, height=height, width=width)
    weight = beta**2
    total = weight * area.truth + area.predicted
    return float(np.mean((1 + weight) * area.overlap / np.where(total > 0, total, 1)))


IOU_THRESHOLDS = np.arange(0.5, 1.0, 0.05)
"""The thresholds of the salt and of the 3D detection metric: 0.50, 0.55 to 0.95."""


def mean_precision_iou_thresholds(
    answers: pd.DataFrame,
    submission: pd.DataFrame,
    *,
    truth: str,
    predicted: str,
    height: str | int,
    width: str | int,
    blank_is_all: bool = False,
) -> float:
    """The share of IoU thresholds that an image's mask passes, averaged over images, from 0 to 1.

    Formula: mean over images of the share of t in 0.50, 0.55 to 0.95 with IoU > t. Both masks empty count 1,
    only the true one empty 0. Source: the metric of the Kaggle competition TGS Salt Identification.

    With `blank_is_all` a prediction without pixels for an image with salt is read as a mask of all pixels: so
    does MLE-bench, where the histogram behind the IoU has no width for a blank mask and puts every pixel into
    its upper bin.
    """
    area = table_areas(answers, submission, truth=truth, predicted=predicted, height=height, width=width)
    union = area.truth + area.predicted - area.overlap
    iou = area.overlap / np.where(union > 0, union, 1)
    if blank_is_all:
        pixels = size(answers, height) * size(answers, width)
        iou = np.where(area.predicted == 0, area.truth / pixels, iou)
    passed = np.mean(iou[:, None] > IOU_THRESHOLDS, axis=1)
    both_empty = (area.truth == 0) & (area.predicted == 0)
    return float(np.mean(np.where(area.truth == 0, both_empty, passed)))

"""Dice and three-dimensional Hausdorff distance of organ masks that come slice by slice."""

# pandas' and scipy's stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.cells.rle import Runs, parse_runs
from benchmark.metrics.masks import Floats, Integers, areas, dice, size

BLOCKS = (12, 5, 2)
"""Voxels along each side of the blocks by which far points are found: about a gut's width, then less."""
TOO_MUCH = 10
"""A prediction of more than so many times the true voxels counts as far as can be; the competition's rule."""


def dice_hausdorff(
    answers: pd.DataFrame,
    submission: pd.DataFrame,
    *,
    truth: str,
    predicted: str,
    height: str,
    width: str,
    slice_id: str,
    per_class: str = "",
) -> float:
    """0.4 Dice + 0.6 (1 - Hausdorff) of masks down the columns of slices, from 0 to 1.

    Dice is the mean over rows (a slice and a class) of 2 |P & T| / (|P| + |T|), rows with both masks empty
    left out. Hausdorff is the mean over scans of the distance between the voxels of truth and prediction:
    every axis is divided by its length and the distance by sqrt(3); one of the two empty, or a prediction of
    more than 10 times the true voxels, counts 1; scans with both empty are left out. A part with nothing left
    is undefined (NaN), and the score with it. A scan is what comes before `_slice_` in the column `slice_id`.

    MLE-bench joins the classes of a slice before it measures the distance, so that an organ taken for another
    costs nothing there; that is the default here. `per_class` names the column of the classes to keep apart,
    as the Kaggle competition UW-Madison GI Tract did, which is the source of the metric.
    """
    sides = np.column_stack([size(answers, width), size(answers, height)])
    true = list(parse_runs(answers[truth].fillna(""), truth))
    guess = list(submission[predicted])
    overlaps = dice(areas(true, guess, np.prod(sides, axis=1)), both_empty=np.nan)
    slices = answers[slice_id].reset_index(drop=True)
    keys = [slices.str.rsplit("_slice_", n=1).str[0].to_numpy()]
    keys += [answers[per_class].to_numpy()] if per_class else []
    distances: list[float] = []
    for rows in slices.groupby(keys).indices.values():
        depth = pd.factorize(slices.iloc[rows], sort=True)[0]
        shape = (int(depth.max()) + 1, int(sides[rows[0], 0]), int(sides[rows[0], 1]))
        ours, theirs = (_voxels([masks[row] for row in rows], depth, shape) for masks in (true, guess))
        distances.append(hausdorff(ours, theirs, shape))
    return 0.4 * _mean(overlaps) + 0.6 * (1 - _mean(np.array(distances)))


def _mean(values: Floats) -> float:
    """The mean of what is defined."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _voxels(masks: Sequence[Runs], slices: Integers, shape: tuple[int, int, int]) -> Integers:
    """The places of the voxels that any of these masks of one volume covers, each once and sorted."""
    pixels = shape[1] * shape[2]
    place = np.repeat(slices, [len(mask) for mask in masks])[:, None] * pixels
    runs = np.minimum(np.concatenate([np.empty((0, 2), np.int64), *masks]), pixels) + place
    runs = runs[np.argsort(runs[:, 0])]
    # What lies before the end of an earlier run is covered already.
    ends = np.maximum.accumulate(runs[:, 1])
    first = np.maximum(runs[:, 0], np.concatenate([[0], ends[:-1]])) if len(runs) else runs[:, 0]
    lengths = np.maximum(runs[:, 1] - first, 0)
    skipped = first - (np.cumsum(lengths) - lengths)
    return np.arange(lengths.sum()) + np.repeat(skipped, lengths)


def hausdorff(truth: Integers, predicted: Integers, shape: tuple[int, int, int]) -> float:
    """The distance between two sorted sets of voxels of one volume, 0 to 1; NaN where both are empty."""
    if not len(truth) or not len(predicted):
        return 1.0 if len(truth) or len(predicted) else float("nan")
    if len(predicted) > TOO_MUCH * len(truth):
        return 1.0
    far = _farthest(predicted, truth, shape, at_least=0.0)
    return _farthest(truth, predicted, shape, at_least=far) / np.sqrt(3)


def _farthest(voxels: Integers, others: Integers, shape: tuple[int, int, int], at_least: float) -> float:
    """The largest distance from a voxel to the nearest of the others, or `at_least` where none is as far.

    A distance changes from voxel to voxel by no more than they are apart. So one voxel is measured in each
    block, and blocks that lie nearer than the farthest by more than their diameter are left out, with ever
    smaller blocks.
    """
    from scipy.spatial import KDTree

    sides = np.array(shape, dtype=np.float64)
    taken = np.zeros(np.prod(shape), dtype=np.bool_)
    taken[others] = True
    points = _points(voxels[~taken[voxels]], shape)
    tree = KDTree(_points(_surface(others, shape), shape) / sides, balanced_tree=False, compact_nodes=False)
    for side in BLOCKS:
        if not len(points):
            return at_least
        block = np.ravel_multi_index(tuple((points // side).T), [length // side + 1 for length in shape])
        sample, member = np.unique(block, return_index=True, return_inverse=True)[1:]
        measured = tree.query(points[sample] / sides)[0]
        reach = float(np.linalg.norm((side - 1) / sides))
        at_least = max(at_least, float(measured.max()))
        points = points[(measured + reach > at_least)[member]]
    return max([at_least, *tree.query(points / sides)[0]])


def _points(places: Integers, shape: tuple[int, int, int]) -> NDArray[np.int64]:
    return np.column_stack(np.unravel_index(places, shape))


def _surface(voxels: Integers, shape: tuple[int, int, int]) -> Integers:
    """The voxels with a neighbour outside: from outside, the nearest voxel is always one of them."""
    inside = np.zeros([side + 2 for side in shape], dtype=np.bool_)
    points = _points(voxels, shape) + 1
    flat, strides = inside.reshape(-1), (inside.shape[1] * inside.shape[2], inside.shape[2], 1)
    places = points @ np.array(strides)
    flat[places] = True
    hidden = np.ones(len(places), dtype=np.bool_)
    for stride in strides:
        hidden &= flat[places - stride] & flat[places + stride]
    return voxels[~hidden]

"""Dice and Hausdorff distance of organs, against distances that are measured voxel by voxel."""

# scikit-learn, scipy and shapely ship few types; what the tests compare is plain numbers.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmark.cells.rle import parse_rle
from benchmark.metrics import score
from benchmark.metrics.volumes import TOO_MUCH, hausdorff
from benchmark.submission_schema import Column

Volume = NDArray[np.bool_]


def literal(truth: Volume, predicted: Volume) -> float:
    if not truth.any() and not predicted.any():
        return float("nan")
    if not truth.any() or not predicted.any() or predicted.sum() > TOO_MUCH * truth.sum():
        return 1.0
    ours, theirs = (np.argwhere(side) / np.array(truth.shape) for side in (truth, predicted))
    apart = np.linalg.norm(ours[:, None] - theirs[None], axis=2)
    return float(max(apart.min(axis=0).max(), apart.min(axis=1).max()) / np.sqrt(3))


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(1, 4), st.integers(1, 20), st.integers(1, 20)),
    st.sampled_from([0.0, 0.01, 0.1, 0.6, 1.0]),
    st.sampled_from([0.0, 0.01, 0.1, 0.6, 1.0]),
    st.integers(0, 2**32 - 1),
)
def test_the_distance_is_that_of_all_pairs_of_voxels(
    shape: tuple[int, int, int], dense: float, denser: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    truth, predicted = (rng.random(shape) < share for share in (dense, denser))
    found = hausdorff(np.flatnonzero(truth), np.flatnonzero(predicted), shape)
    assert found == pytest.approx(literal(truth, predicted), nan_ok=True)


def runs(pixels: Volume) -> str:
    """A slice as runs down the columns."""
    line = np.concatenate([[0], pixels.T.ravel().astype(int), [0]])
    places = np.flatnonzero(np.diff(line))
    return " ".join(
        f"{start + 1} {end - start}" for start, end in zip(places[::2], places[1::2], strict=True)
    )


@pytest.mark.parametrize("per_class", ["", "class"])
def test_the_score_of_scans_with_classes(per_class: str) -> None:
    rng = np.random.default_rng(3)
    truth, predicted = (
        rng.random((2, 3, 3, 6, 7)) < 0.4 for _ in range(2)
    )  # scan, class, slice, row, column
    truth[0, 1] = predicted[0, 1] = False
    names = ["large", "small", "stomach"]
    rows = [
        (
            f"case1_day{scan}_slice_000{place}",
            names[kind],
            truth[scan, kind, place],
            predicted[scan, kind, place],
        )
        for scan, place, kind in itertools.product(range(2), range(3), range(3))
    ]
    answers = pd.DataFrame({"id": [row[0] for row in rows], "class": [row[1] for row in rows]})
    answers = answers.assign(mask=[runs(row[2]) for row in rows], height=6, width=7)
    cells = parse_rle(pd.Series([runs(row[3]) for row in rows]), "mask", Column(kind="rle", blank="allowed"))
    dice = [
        2 * (ours & theirs).sum() / (ours.sum() + theirs.sum())
        for _, _, ours, theirs in rows
        if ours.any() or theirs.any()
    ]
    if per_class:
        pairs = zip(truth.reshape(6, 3, 6, 7), predicted.reshape(6, 3, 6, 7), strict=True)
    else:
        pairs = zip(np.any(truth, axis=1), np.any(predicted, axis=1), strict=True)
    far = np.nanmean([literal(ours, theirs) for ours, theirs in pairs])
    order = rng.permutation(len(rows))
    found = score(
        "dice_hausdorff",
        answers.iloc[order].reset_index(drop=True),
        pd.DataFrame({"mask": cells.iloc[order].reset_index(drop=True)}),
        truth="mask",
        predicted="mask",
        height="height",
        width="width",
        slice_id="id",
        per_class=per_class,
    )
    assert found == pytest.approx(0.4 * np.mean(dice) + 0.6 * (1 - far))

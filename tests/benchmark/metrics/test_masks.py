"""Scores of masks, against images that are painted pixel by pixel."""

# scikit-learn, scipy and shapely ship few types; what the tests compare is plain numbers.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmark.cells.rle import parse_rle
from benchmark.metrics import score
from benchmark.metrics.masks import IOU_THRESHOLDS
from benchmark.submission_schema import Column
from benchmark.verdict import Code, Rejected

HEIGHT, WIDTH = 5, 4
Pixels = NDArray[np.bool_]
quick = settings(max_examples=50, deadline=None)
SIDES = {"height": "height", "width": "width"}
BLANK = Column(kind="rle", blank="allowed", params={"empty": "-"})


@st.composite
def masks(draw: st.DrawFn) -> str:
    """Runs that keep the rules and may reach past the image."""
    steps = draw(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), max_size=5))
    place, runs = 0, list[str]()
    for gap, length in steps:
        runs.append(f"{place + gap} {length}")
        place += gap + length - 1
    return " ".join(runs)


def paint(runs: str) -> Pixels:
    numbers = [int(number) for number in runs.split()]
    pixels = np.zeros(HEIGHT * WIDTH, dtype=bool)
    for start, length in zip(numbers[::2], numbers[1::2], strict=True):
        pixels[start - 1 : start - 1 + length] = True
    return pixels


def scored(metric: str, truth: list[str], predicted: list[str], **params: object) -> float:
    answers = pd.DataFrame({"mask": truth, "height": HEIGHT, "width": WIDTH})
    submission = pd.DataFrame({"mask": parse_rle(pd.Series(predicted), "mask", BLANK)})
    return score(metric, answers, submission, truth="mask", predicted="mask", **{**SIDES, **params})


pairs = st.lists(st.tuples(masks(), masks()), min_size=1, max_size=6)


@quick
@given(pairs)
def test_dice_and_f_beta_are_those_of_painted_pixels(rows: list[tuple[str, str]]) -> None:
    truth, predicted = [list(side) for side in zip(*rows, strict=True)]
    painted = [(paint(ours), paint(theirs)) for ours, theirs in rows]
    shared = [int((ours & theirs).sum()) for ours, theirs in painted]
    sizes = [(int(ours.sum()), int(theirs.sum())) for ours, theirs in painted]
    dice = [2 * both / (t + p) if t + p else 1.0 for both, (t, p) in zip(shared, sizes, strict=True)]
    assert scored("mean_dice", truth, predicted) == pytest.approx(np.mean(dice))
    total = sum(t + p for t, p in sizes)
    pooled = scored("global_dice", truth, predicted)
    assert pooled == pytest.approx(2 * sum(shared) / total) if total else np.isnan(pooled)
    fbeta: list[float] = []
    for both, (t, p) in zip(shared, sizes, strict=True):
        precision, recall = both / max(p, 1), both / max(t, 1)
        fbeta.append(1.25 * precision * recall / (0.25 * precision + recall) if both else 0.0)
    assert scored("mean_pixel_fbeta", truth, predicted, beta=0.5) == pytest.approx(np.mean(fbeta))


@quick
@given(pairs, st.booleans())
def test_the_thresholds_of_salt(rows: list[tuple[str, str]], blank_is_all: bool) -> None:
    truth, predicted = [list(side) for side in zip(*rows, strict=True)]
    points: list[float] = []
    for ours, theirs in ((paint(ours), paint(theirs)) for ours, theirs in rows):
        if not ours.any():
            points.append(float(not theirs.any()))
            continue
        if blank_is_all and not theirs.any():
            theirs = np.ones_like(theirs)
        points.append(float(np.mean((ours & theirs).sum() / (ours | theirs).sum() > IOU_THRESHOLDS)))
    found = scored("mean_precision_iou_thresholds", truth, predicted, blank_is_all=blank_is_all)
    assert found == pytest.approx(np.mean(points))


@quick
@given(pairs, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter_and_the_truth_is_best(
    rows: list[tuple[str, str]], rng: random.Random
) -> None:
    mixed = list(rows)
    rng.shuffle(mixed)
    for metric, params in (("mean_dice", {}), ("global_dice", {}), ("mean_pixel_fbeta", {"beta": 0.5})):
        truth, predicted = [list(side) for side in zip(*rows, strict=True)]
        found = scored(metric, truth, predicted, **params)
        others, guesses = [list(side) for side in zip(*mixed, strict=True)]
        assert scored(metric, others, guesses, **params) == pytest.approx(found, nan_ok=True)
        best = scored(metric, truth, truth, **params)
        assert np.isnan(best) or found <= best + 1e-12


def test_a_run_of_endless_length_costs_nothing() -> None:
    assert scored("mean_dice", ["1 20"], ["1 999999999999999999"]) == 1.0
    assert scored("mean_dice", ["1 20"], ["21 999999999999999999"]) == 0.0


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("1 2 3", "without a length"),
        ("12", "without a length"),
        ("0 4", "below 1"),
        ("4 0", "below 1"),
        ("5 3 1 2", "not sorted"),
        ("1 5 5 2", "overlap"),
        ("1 -2", "something else"),
        ("1.0 2", "something else"),
        ("a b", "something else"),
        ("１ ２", "something else"),
        ("1 2\x00", "something else"),
        ("1 " + "9" * 19, "more than 18 digits"),
    ],
)
def test_what_is_no_list_of_runs_is_refused_with_a_reason(cell: str, problem: str) -> None:
    with pytest.raises(Rejected, match=problem) as caught:
        parse_rle(pd.Series(["1 2", "", cell, "3 4"]), "mask", BLANK)
    assert caught.value.code is Code.BAD_FORMAT
    assert "1 cells" in caught.value.message


def test_blanks_and_neighbours_are_fine() -> None:
    cells = pd.Series(["", "-", "nan", "  1   2\t3 4 ", "1 2\n3 1", "007 02"])
    found = parse_rle(cells, "mask", BLANK)
    assert [runs.tolist() for runs in found] == [[], [], [], [[0, 2], [2, 6]], [[0, 2], [2, 3]], [[6, 8]]]
    with pytest.raises(Rejected) as caught:
        parse_rle(cells, "mask", Column(kind="rle"))
    assert caught.value.code is Code.NAN

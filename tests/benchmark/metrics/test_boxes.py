"""Average precision of boxes and F1 of points, against loops that follow the rules one box at a time."""

# scikit-learn, scipy and shapely ship few types; what the tests compare is plain numbers.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from benchmark.cells.groups import parse_groups
from benchmark.metrics import score
from benchmark.metrics.boxes_3d import volume_iou
from benchmark.submission_schema import Column

quick = settings(max_examples=40, deadline=None)
BOX = Column(kind="groups", blank="allowed", params={"fields": ("label", "score", "x0", "y0", "x1", "y1")})
POINT = Column(kind="groups", blank="allowed", params={"fields": ("label", "x", "y"), "blanks": "single"})
SPACE_FIELDS = ("score", "x", "y", "z", "width", "length", "height", "yaw", "label")
SPACE = Column(kind="groups", blank="allowed", params={"fields": SPACE_FIELDS})


class Box(NamedTuple):
    label: str
    score: float
    corners: tuple[float, ...]


@st.composite
def images(draw: st.DrawFn, empty: bool = True) -> list[list[Box]]:
    """Boxes of few labels, scores and places, so that ties and overlaps are common."""

    def make(label: str, points: float, x: int, y: int, w: int, h: int) -> Box:
        return Box(label, points, (x, y, x + w + 1, y + h + 1))

    side = st.integers(0, 4)
    box = st.builds(
        make,
        st.sampled_from("012"),
        st.sampled_from([0.1, 0.5, 0.9]),
        side,
        side,
        side,
        side,
    )
    return draw(st.lists(st.lists(box, min_size=0 if empty else 1, max_size=5), min_size=3, max_size=3))


def text(boxes: Sequence[Box]) -> str:
    return " ".join(" ".join(map(str, (box.label, box.score, *box.corners))) for box in boxes)


def cells(rows: Sequence[Sequence[Box]]) -> pd.DataFrame:
    texts = pd.Series([text(row) for row in rows])
    return pd.DataFrame({"image": ["a", "b", "c"], "boxes": parse_groups(texts, "boxes", BOX)})


def iou(box: Sequence[float], other: Sequence[float]) -> float:
    ours, theirs = (shapely.box(side[0], side[1], side[2], side[3]) for side in (box, other))
    return ours.intersection(theirs).area / ours.union(theirs).area


def literal_pairs(truth: Sequence[Sequence[Box]], predicted: Sequence[Sequence[Box]]) -> float:
    points: list[float] = []
    for label in sorted({box.label for row in truth for box in row}):
        pairs: list[tuple[int, float]] = []
        for ours, theirs in zip(truth, predicted, strict=True):
            free = [box.corners for box in ours if box.label == label]
            mine = sorted((box for box in theirs if box.label == label), key=lambda box: -box.score)
            if not free and not mine:
                pairs.append((0, 0.0))
            for guess in mine:
                overlaps = [iou(guess.corners, box) for box in free]
                hit = bool(overlaps) and max(overlaps) > 0.5
                pairs.append((int(hit), guess.score))
                if hit:
                    del free[int(np.argmax(overlaps))]
            pairs += [(1, 0.0)] * len(free)
        points.append(float(average_precision_score(*zip(*pairs, strict=True))))
    return float(np.mean(points))


@quick
@given(images(empty=False), images())
def test_pairs_of_boxes_at_half_overlap(truth: list[list[Box]], predicted: list[list[Box]]) -> None:
    answers = pd.DataFrame({"boxes": [text(row) for row in truth]})
    names = {"truth": "boxes", "predicted": "boxes"}
    found = score("map_voc_iou50_pairs", answers, cells(predicted), **names)
    assert found == pytest.approx(literal_pairs(truth, predicted))
    turned = score(
        "map_voc_iou50_pairs", answers[::-1].reset_index(drop=True), cells(predicted[::-1]), **names
    )
    assert turned == pytest.approx(found)
    best = score("map_voc_iou50_pairs", answers, cells(truth), **names)
    assert found <= best + 1e-9


def literal_coco(
    truth: Sequence[Sequence[Box]], predicted: Sequence[Sequence[Box]], grown: bool, void: bool
) -> float:
    """One class after the other; boxes are numbered from 0 over all images."""

    def area(box: Box) -> tuple[float, ...]:
        x, y, x1, y1 = box.corners
        return (x, y, x + x1, y + y1) if grown else box.corners

    numbered = [(row, box) for row, boxes in enumerate(truth) for box in boxes]
    points: list[float] = []
    for label in sorted({box.label for _, box in numbered}):
        found: list[tuple[float, bool]] = []
        for row, boxes in enumerate(predicted):
            free = [(n, box) for n, (r, box) in enumerate(numbered) if r == row and box.label == label]
            mine = sorted((box for box in boxes if box.label == label), key=lambda box: -box.score)
            for guess in mine[:100]:
                best, match = 0.4, -1
                for place, (_, box) in enumerate(free):
                    if iou(area(guess), area(box)) >= best:
                        best, match = iou(area(guess), area(box)), place
                found.append((guess.score, match >= 0 and not (void and free[match][0] == 0)))
                if match >= 0:
                    del free[match]
        found.sort(key=lambda pair: -pair[0])
        count = sum(box.label == label for _, box in numbered)
        hits = np.cumsum([hit for _, hit in found])
        precision = [hits[k] / (k + 1) for k in range(len(found))]
        at = [
            max((precision[k] for k in range(len(found)) if hits[k] / count >= recall), default=0.0)
            for recall in np.linspace(0, 1, 101)
        ]
        points.append(float(np.mean(at)))
    return float(np.mean(points))


@quick
@given(images(empty=False), images(), st.booleans(), st.booleans())
def test_coco_of_one_threshold(
    truth: list[list[Box]], predicted: list[list[Box]], grown: bool, void: bool
) -> None:
    rows = [("abc"[row], int(box.label), *box.corners) for row, boxes in enumerate(truth) for box in boxes]
    answers = pd.DataFrame(rows, columns=["image", "class", "x_min", "y_min", "x_max", "y_max"])
    params = {"id_column": "image", "label": "class", "predicted": "boxes"}
    quirks = {"corners_as_sizes": grown, "first_is_void": void}
    found = score("map_coco_iou40", answers, cells(predicted), **params, **quirks)
    assert found == pytest.approx(literal_coco(truth, predicted, grown, void))
    assert score("map_coco_iou40", answers, cells(truth), **params, corners_as_sizes=grown) == 1.0


@quick
@given(images(), images())
def test_points_in_boxes(truth: list[list[Box]], predicted: list[list[Box]]) -> None:
    true = [
        " ".join(f"{b.label} {b.corners[0]} {b.corners[1]} {b.corners[2]} {b.corners[3]}" for b in row)
        for row in truth
    ]
    points = [" ".join(f"{b.label} {b.corners[0]} {b.corners[1]}" for b in row) for row in predicted]
    hits = misses = wrong = 0
    for boxes, guesses in zip(truth, predicted, strict=True):
        free = [(b.label, b.corners[0], b.corners[1]) for b in guesses]
        for label, _, (x, y, w, h) in boxes:
            inside = [p for p in free if p[0] == label and x < p[1] < x + w and y < p[2] < y + h]
            if inside:
                free.remove(inside[0])
            hits, misses = hits + bool(inside), misses + (not inside)
        wrong += len(free)
    found = score(
        "f1_point_in_box",
        pd.DataFrame({"labels": true}),
        pd.DataFrame({"labels": parse_groups(pd.Series(points), "labels", POINT)}),
        truth="labels",
        predicted="labels",
    )
    assert found == pytest.approx(hits / (hits + (misses + wrong) / 2) if hits else 0.0)


def polygon(box: Sequence[float]) -> shapely.Polygon:
    x, y, _, width, length, _, yaw = box
    along = np.array([np.cos(yaw), np.sin(yaw)]) * length / 2
    across = np.array([-np.sin(yaw), np.cos(yaw)]) * width / 2
    centre = np.array([x, y])
    signs = ((1, 1), (1, -1), (-1, -1), (-1, 1))
    return shapely.Polygon([centre + a * along + b * across for a, b in signs])


def literal_volume(box: Sequence[float], other: Sequence[float]) -> float:
    high = min(box[2] + box[5] / 2, other[2] + other[5] / 2)
    low = max(box[2] - box[5] / 2, other[2] - other[5] / 2)
    shared = polygon(box).intersection(polygon(other)).area * max(high - low, 0)
    return float(shared / (np.prod(box[3:6]) + np.prod(other[3:6]) - shared))


def hangs_on_rounding(overlaps: Mapping[tuple[float, ...], float], limit: float) -> bool:
    """Whether overlaps are as large as the limit or each other but for the last bits, as 1.5/2.5 and 0.6."""
    best, *others = sorted(overlaps.values(), reverse=True)
    return any(abs(best - other) < 1e-9 for other in (limit, *others) if other)


def literal_space(truth: Sequence[Sequence[Box]], predicted: Sequence[Sequence[Box]]) -> float:
    samples: list[float] = []
    for boxes, guesses in zip(truth, predicted, strict=True):
        for limit in np.arange(0.5, 1.0, 0.05):
            classes: list[float] = []
            for label in sorted({box.label for box in boxes}):
                ours = [box.corners for box in boxes if box.label == label]
                theirs = sorted((box for box in guesses if box.label == label), key=lambda box: -box.score)
                used, right = set[int](), list[bool]()
                for guess in theirs:
                    overlaps = [literal_volume(guess.corners, box) for box in ours]
                    assume(not hangs_on_rounding(dict(zip(ours, overlaps, strict=True)), limit))
                    best = int(np.argmax(overlaps))
                    right.append(overlaps[best] > limit and best not in used)
                    used |= {best} if right[-1] else set()
                hits = np.cumsum(right)
                precision = [hits[k] / (k + 1) for k in range(len(right))]
                classes.append(sum(max(precision[k:]) for k in range(len(right)) if right[k]) / len(ours))
            samples.append(float(np.mean(classes)))
    return float(np.mean(samples))


@st.composite
def spaces(draw: st.DrawFn, empty: bool = True) -> list[list[Box]]:
    near = st.floats(-0.4, 0.4).map(lambda value: round(value, 2))
    size = st.sampled_from([2.0, 2.2, 3.0])
    box = st.builds(
        Box,
        st.sampled_from(["car", "bus"]),
        st.sampled_from([0.1, 0.5, 0.9]),
        st.tuples(near, near, near, size, size, size, st.sampled_from([0.0, 0.1, 1.5])),
    )
    return draw(st.lists(st.lists(box, min_size=0 if empty else 1, max_size=4), min_size=2, max_size=2))


@quick
@given(spaces(empty=False), spaces())
def test_boxes_in_space(truth: list[list[Box]], predicted: list[list[Box]]) -> None:
    def texts(rows: list[list[Box]]) -> pd.Series:
        return pd.Series(
            [" ".join(f"{b.score} {' '.join(map(str, b.corners))} {b.label}" for b in r) for r in rows]
        )

    answers = pd.DataFrame({"boxes": texts(truth)})
    names = {"truth": "boxes", "predicted": "boxes"}
    guesses = pd.DataFrame({"boxes": parse_groups(texts(predicted), "boxes", SPACE)})
    assert score("map_3d_iou", answers, guesses, **names) == pytest.approx(literal_space(truth, predicted))


def test_the_overlap_in_space_is_exact_from_one_half_on() -> None:
    rng = np.random.default_rng(0)
    boxes, others = (
        np.column_stack(
            [rng.normal(0, 0.5, (2000, 3)), rng.uniform(2, 4, (2000, 3)), rng.uniform(-4, 4, 2000)]
        )
        for _ in range(2)
    )
    found = volume_iou(boxes, others)
    exact = np.array([literal_volume(*pair) for pair in zip(boxes, others, strict=True)])
    assert (exact > 0.5).sum() > 20
    assert found[exact > 0.5] == pytest.approx(exact[exact > 0.5])
    assert (found[exact <= 0.5] <= 0.5).all()


def test_coordinates_beyond_all_measure_are_scored() -> None:
    huge = "0 1e308 -1e308 -1e308 1e308 1e308"
    answers = pd.DataFrame({"boxes": ["0 1 0 0 1 1"]})
    guesses = pd.DataFrame({"boxes": parse_groups(pd.Series([huge]), "boxes", BOX)})
    assert score("map_voc_iou50_pairs", answers, guesses, truth="boxes", predicted="boxes") <= 1
    box = "1 0 0 0 2 2 2 0 car"
    wide = "1e308 1e308 -1e308 1e308 1e308 1e308 1e308 1e308 car"
    guesses = pd.DataFrame({"boxes": parse_groups(pd.Series([wide]), "boxes", SPACE)})
    found = score("map_3d_iou", pd.DataFrame({"boxes": [box]}), guesses, truth="boxes", predicted="boxes")
    assert found == 0.0

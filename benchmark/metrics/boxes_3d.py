"""Average precision of labelled, turned boxes in space."""

# pandas' and shapely's stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.cells.groups import parse_groups
from benchmark.metrics.masks import IOU_THRESHOLDS
from benchmark.metrics.pairing import Floats, Integers, Things, candidates, flatten, keys, labels_of
from benchmark.submission_schema import Column

TRUE_BOX = Column(
    kind="groups",
    blank="allowed",
    params={"fields": ("score", "x", "y", "z", "width", "length", "height", "yaw", "label")},
)
"""The form of the true boxes."""
CORNERS = np.array([[0.5, 0.5], [-0.5, 0.5], [-0.5, -0.5], [0.5, -0.5]])
"""The corners of a box seen from above, as shares of its length and width."""


def map_3d_iou(answers: pd.DataFrame, submission: pd.DataFrame, *, truth: str, predicted: str) -> float:
    """Average precision of boxes in space, averaged over classes, IoU thresholds and samples, from 0 to 1.

    In each sample and class, predictions by falling score (ties in the order of the cell) choose the true box
    of the highest IoU; that is right where the IoU is above the threshold and no earlier prediction was right
    with this box; there is no second choice. The average precision is the area under precision made to fall
    with recall. It is averaged over the classes of the sample's true boxes, then over thresholds 0.50, 0.55
    to 0.95, then over samples; predictions of other classes are ignored, and samples without true boxes left
    out (undefined in MLE-bench). Source: the metric of the Kaggle competition Lyft 3D Object Detection.

    A box is centre x, y, z, width, length, height and yaw: the length lies along (cos yaw, sin yaw). The IoU
    is that of volumes: the area both cover from above times the height both share, over the joint volume.
    """
    cells = list(parse_groups(answers[truth].fillna(""), truth, TRUE_BOX))
    classes = labels_of(cells)
    true, guess = flatten(cells, classes), flatten(list(submission[predicted]), classes)
    guess = _ranked(guess)
    box, overlap = _best(true, guess, len(classes))
    groups, counts = np.unique(keys(true, len(classes)), return_counts=True)
    group = np.searchsorted(groups, keys(guess, len(classes)))
    mine = np.isin(keys(guess, len(classes)), groups)
    precisions = np.mean(
        [
            _average_precisions(_right(box, overlap, limit)[mine], group[mine], counts)
            for limit in IOU_THRESHOLDS
        ],
        axis=0,
    )
    return float(pd.Series(precisions).groupby(groups // len(classes)).mean().mean())


def _ranked(guess: Things) -> Things:
    order = np.lexsort((-guess.values[:, 0], guess.label, guess.row))
    return guess.take(order)


def _best(true: Things, guess: Things, classes: int) -> tuple[Integers, Floats]:
    """For each prediction the true box of the highest IoU, and that IoU; 0 where none is above one half."""
    best, overlap = np.zeros(len(guess.row), dtype=np.int64), np.zeros(len(guess.row))
    for place, box in candidates(keys(guess, classes), keys(true, classes)):
        near = _near(guess.values, true.values, place, box)
        place, box = place[near], box[near]
        shared = volume_iou(guess.values[place, 1:], true.values[box, 1:])
        order = np.lexsort((box, -shared, place))
        first = order[np.diff(place[order], prepend=-1) != 0]
        best[place[first]], overlap[place[first]] = box[first], shared[first]
    return best, overlap


def _near(boxes: Floats, others: Floats, place: Integers, other: Integers) -> NDArray[np.bool_]:
    """Which pairs may meet, seen from above: a cheap look at all pairs before the exact one."""
    reach = np.hypot(boxes[:, 4], boxes[:, 5]) / 2
    other_reach = np.hypot(others[:, 4], others[:, 5]) / 2
    apart = np.hypot(boxes[place, 1] - others[other, 1], boxes[place, 2] - others[other, 2])
    return apart <= reach[place] + other_reach[other]


def volume_iou(boxes: Floats, others: Floats) -> Floats:
    """The IoU of pairs of boxes in space; pairs that cannot reach one half, the least threshold, have 0."""
    import shapely

    low = np.maximum(boxes[:, 2] - boxes[:, 5] / 2, others[:, 2] - others[:, 5] / 2)
    high = np.minimum(boxes[:, 2] + boxes[:, 5] / 2, others[:, 2] + others[:, 5] / 2)
    height = np.clip(high - low, 0, None)
    volumes = np.prod(boxes[:, 3:6], axis=1) + np.prod(others[:, 3:6], axis=1)
    ground, other_ground = _ground(boxes), _ground(others)
    # The shared area is at most that of either box, and of the upright rectangle around both.
    sides = np.minimum(ground.max(axis=1), other_ground.max(axis=1)) - np.maximum(
        ground.min(axis=1), other_ground.min(axis=1)
    )
    area = np.minimum(np.prod(boxes[:, 3:5], axis=1), np.prod(others[:, 3:5], axis=1))
    area = np.minimum(area, np.prod(np.clip(sides, 0, None), axis=1))
    near = 3 * area * height >= volumes  # an IoU of one half means that a third of the volumes is shared
    shared = np.zeros(len(boxes))
    shared[near] = height[near] * shapely.area(
        shapely.intersection(shapely.polygons(ground[near]), shapely.polygons(other_ground[near]))
    )
    return np.clip(shared / (volumes - shared), 0, 1)


def _ground(boxes: Floats) -> Floats:
    """The four corners of each box seen from above, of shape (boxes, 4, 2)."""
    along, across = CORNERS[:, 0] * boxes[:, 4:5], CORNERS[:, 1] * boxes[:, 3:4]
    cosine, sine = np.cos(boxes[:, 6:7]), np.sin(boxes[:, 6:7])
    x = boxes[:, 0:1] + along * cosine - across * sine
    y = boxes[:, 1:2] + along * sine + across * cosine
    return np.stack([x, y], axis=2)


def _right(box: Integers, overlap: Floats, limit: float) -> NDArray[np.bool_]:
    """Which predictions, in the order of their rank, are right at a threshold."""
    near = np.flatnonzero(overlap > limit)
    right = np.zeros(len(box), dtype=np.bool_)
    right[near[np.unique(box[near], return_index=True)[1]]] = True
    return right


def _average_precisions(right: NDArray[np.bool_], group: Integers, counts: Integers) -> Floats:
    """The average precision of each group of predictions, which stand together and by rank."""
    rank = np.arange(len(group)) - np.searchsorted(group, group, side="left") + 1
    before = np.concatenate([[0], np.cumsum(right)])
    found = before[1:] - before[np.searchsorted(group, group, side="left")]
    # The greatest precision from here on within the group: groups are lifted apart by 2, which no precision
    # reaches, so that an earlier group never inherits from a later one.
    lift = 2.0 * (len(counts) - group)
    falling = np.maximum.accumulate((found / rank + lift)[::-1])[::-1] - lift
    return np.bincount(group[right], falling[right], len(counts)) / counts

"""F1 of labelled points that should lie in labelled boxes."""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.cells.groups import parse_groups
from benchmark.metrics.pairing import Floats, candidates, flatten, keys, labels_of, take_best
from benchmark.submission_schema import Column

TRUE_BOX = Column(kind="groups", blank="allowed", params={"fields": ("label", "x", "y", "width", "height")})
"""The form of the true labels."""


def f1_point_in_box(answers: pd.DataFrame, submission: pd.DataFrame, *, truth: str, predicted: str) -> float:
    """F1 of points over all pages together, from 0 to 1.

    Each true box, in the order of the answers, takes the first point of its page and label that lies strictly
    inside it and is not taken yet: a true positive. Boxes left over are false negatives, points left over
    false positives. Formula: 2 PR / (P + R), 0 where nothing matches. Source: the metric of the Kaggle
    competition Kuzushiji Recognition; its limit of 1200 points a page is not applied, as in MLE-bench.
    """
    cells = list(parse_groups(answers[truth].fillna(""), truth, TRUE_BOX))
    classes = labels_of(cells)
    boxes = flatten(cells, classes)
    points = flatten(list(submission[predicted]), classes)
    hits = 0
    taken = np.zeros(len(points.row), dtype=np.bool_)
    for box, point in candidates(keys(boxes, len(classes)), keys(points, len(classes))):
        inside = _inside(boxes.values[box], points.values[point])
        first_free = np.zeros(int(inside.sum()))
        hits += len(take_best(box[inside], point[inside], first_free, taken).left)
    return 2 * hits / max(len(boxes.row) + len(points.row), 1)


def _inside(boxes: Floats, points: Floats) -> NDArray[np.bool_]:
    corner, size = boxes[:, :2], boxes[:, 2:]
    return np.all((points > corner) & (points < corner + size), axis=1)

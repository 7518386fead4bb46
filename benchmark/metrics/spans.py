"""The metric of answers that are spans of tokens, yes or no, or nothing."""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

LONG, SHORT = "_long", "_short"
"""What rows of the two kinds of answers append to the id of their example."""


def f1_micro_qa(
    answers: pd.DataFrame,
    submission: pd.DataFrame,
    *,
    id_column: str,
    predicted: str,
    annotations: str = "annotations",
    as_accuracy: bool = False,
) -> float:
    """F1 of long and short answers to questions, all rows together, from 0 to 1.

    Of each example only the first of its `annotations` counts. Right for a long answer is its span,
    `start:end`; for a short one each of its short spans, and its yes or no. A right answer is a true
    positive, another one a false positive, a blank where there is an answer a false negative. Formula: 2 TP /
    (2 TP + FP + FN); undefined (NaN) where all is blank and right. Source: the metric of the Kaggle
    competition TensorFlow 2.0 Question Answering.

    MLE-bench takes the micro average of F1 over the two classes "answered" and "blank", which is the share of
    rows that are right, blanks included: so with `as_accuracy`.
    """
    first = [notes[0] for notes in answers[annotations]]
    long = submission[id_column].str.endswith(LONG)
    valid = [_long(note) if wide else _short(note) for note, wide in zip(first, long, strict=True)]
    given = list(submission[predicted])
    right = np.array([text in texts for text, texts in zip(given, valid, strict=True)], dtype=bool)
    blank = np.array([not text for text in given], dtype=bool)
    nothing = np.array([not texts for texts in valid], dtype=bool)
    if as_accuracy:
        return float(np.mean(np.where(blank, nothing, right)))
    hits = 2 * int(right.sum())
    total = hits + int(np.sum(~blank & ~right)) + int(np.sum(blank & ~nothing))
    return hits / total if total else float("nan")


def _long(note: Mapping[str, Any]) -> Sequence[str]:
    span = note["long_answer"]
    return () if span["start_token"] == -1 else (_span(span),)


def _short(note: Mapping[str, Any]) -> Sequence[str]:
    spans = [_span(span) for span in note["short_answers"]]
    return spans if note["yes_no_answer"] == "NONE" else [*spans, note["yes_no_answer"]]


def _span(span: Mapping[str, int]) -> str:
    return f"{span['start_token']}:{span['end_token']}"

"""Metrics against their definitions, and reports from the submission to the medal."""

import math
import random
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.contract import check
from benchmark.errors import BadData
from benchmark.grade import Report, grade
from benchmark.metrics import UnknownMetric, score
from benchmark.verdict import Code
from tests.benchmark.conftest import Practice, ids_of

UPSTREAM_FIELDS = {
    "competition_id",
    "score",
    "gold_threshold",
    "silver_threshold",
    "bronze_threshold",
    "median_threshold",
    "any_medal",
    "gold_medal",
    "silver_medal",
    "bronze_medal",
    "above_median",
    "submission_exists",
    "valid_submission",
    "is_lower_better",
    "created_at",
    "submission_path",
}
numbers = st.floats(-1e9, 1e9)
pairs = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=50)
labelled = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0, 0.1, 0.3, 0.5, 0.9, 1])), min_size=2, max_size=40
)


def shuffled(data: bytes, seed: int = 1) -> bytes:
    header, *rows = data.splitlines(keepends=True)
    random.Random(seed).shuffle(rows)
    return header + b"".join(rows)


@given(pairs)
def test_rmse(rows: list[tuple[float, float]]) -> None:
    truth, predicted = (np.array(values) for values in zip(*rows, strict=True))
    literal = math.sqrt(sum((a - b) ** 2 for a, b in rows) / len(rows))
    assert score("rmse", truth, predicted) == pytest.approx(literal, rel=1e-12)


def test_rmse_has_no_overflow() -> None:
    assert score("rmse", np.array([0.0, 0.0]), np.array([1e300, 0.0])) == pytest.approx(1e300 / math.sqrt(2))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1))
def test_accuracy(rows: list[tuple[str, str]]) -> None:
    truth, predicted = (np.array(values, dtype=object) for values in zip(*rows, strict=True))
    assert score("accuracy", truth, predicted) == sum(a == b for a, b in rows) / len(rows)


@given(labelled.filter(lambda rows: len({positive for positive, _ in rows}) == 2))
def test_roc_auc(rows: list[tuple[bool, float]]) -> None:
    high = [value for positive, value in rows if positive]
    low = [value for positive, value in rows if not positive]
    wins = sum((a > b) + (a == b) / 2 for a, b in product(high, low))
    truth, predicted = (np.array(values, dtype=float) for values in zip(*rows, strict=True))
    assert score("roc_auc", truth, predicted) == pytest.approx(wins / (len(high) * len(low)))


def test_an_unknown_metric_names_the_known() -> None:
    with pytest.raises(UnknownMetric, match=r"'auc'.*accuracy, .*, roc_auc"):
        score("auc", np.zeros(1), np.zeros(1))


def test_the_perfect_submission_is_best(practice: Practice) -> None:
    report = grade(practice.perfect, practice.competition, practice.folders.private)
    assert report.score == (1.0 if practice.competition.maximize else 0.0)
    assert report.gold_medal
    assert report.any_medal
    assert not (report.silver_medal or report.bronze_medal)
    assert report.above_median


def test_the_sample_scores_and_wins_nothing(practice: Practice) -> None:
    report = grade(practice.sample, practice.competition, practice.folders.private, submission_path="x.csv")
    assert report.score is not None
    assert report.valid_submission
    assert report.submission_exists
    assert not report.any_medal
    assert not report.above_median
    assert report.is_lower_better is not practice.competition.maximize
    assert report.submission_path == "x.csv"
    assert report.score == round(report.score, 5)


def test_the_fields_are_upstreams(practice: Practice) -> None:
    report = grade(practice.sample, practice.competition, practice.folders.private)
    assert set(Report.model_fields) == UPSTREAM_FIELDS | {"data_version", "verdict"}
    assert Report.model_validate_json(report.model_dump_json()) == report


def test_row_order_does_not_matter(practice: Practice) -> None:
    flipped = practice.perfect.replace(b",1\n", b",0\n", 40)
    first, second = (
        grade(data, practice.competition, practice.folders.private).score
        for data in (flipped, shuffled(flipped))
    )
    assert first == second


def test_invalid_and_missing_submissions(practice: Practice) -> None:
    invalid = grade(b"nonsense", practice.competition, practice.folders.private)
    assert (invalid.score, invalid.valid_submission, invalid.submission_exists) == (None, False, True)
    assert invalid.verdict == check(b"nonsense", practice.contract)
    missing = grade(None, practice.competition, practice.folders.private)
    assert (missing.score, missing.valid_submission, missing.submission_exists) == (None, False, False)
    assert not missing.any_medal


def test_spoilt_answers_are_no_fault_of_the_submission(diabetes: Practice, tmp_path: Path) -> None:
    with pytest.raises(BadData, match="missing"):
        grade(diabetes.sample, diabetes.competition, tmp_path)
    (tmp_path / "answers.csv").write_text("id,other\n1,2\n")
    with pytest.raises(BadData, match="other"):
        grade(diabetes.sample, diabetes.competition, tmp_path)
    (tmp_path / "answers.csv").write_text("id,target\n")
    with pytest.raises(BadData, match="0 ids"):
        grade(diabetes.sample, diabetes.competition, tmp_path)


def test_huge_predictions_have_a_finite_score(diabetes: Practice) -> None:
    lines = [
        f"{name},{1.7e308 if place % 2 else -1.7e308}" for place, name in enumerate(ids_of(diabetes.contract))
    ]
    report = grade("\n".join(["id,target", *lines]).encode(), diabetes.competition, diabetes.folders.private)
    assert report.verdict.code is Code.OK
    assert report.score is not None
    assert math.isfinite(report.score)

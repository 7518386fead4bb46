"""Metrics of probabilities, confidences and distances, against formulas row by row."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.metrics import score

quick = settings(max_examples=40, deadline=None)
seeds = st.integers(0, 2**32 - 1)


@quick
@given(seeds)
def test_divergence_of_votes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    votes = rng.integers(0, 4, (8, 3)) + np.array([[1, 0, 0]])
    guess = rng.choice([0.0, 0.2, 0.5, 1.0], (8, 3))
    rows: list[float] = []
    for counts, shares in zip(votes.tolist(), guess.tolist(), strict=True):
        true = [count / sum(counts) for count in counts]
        kept = [min(max(share, 1e-15), 1 - 1e-15) for share in shares]
        rows.append(sum(t * math.log(t / p) for t, p in zip(true, kept, strict=True) if t))
    assert score("kl_divergence", votes, guess) == pytest.approx(np.mean(rows))
    assert score("kl_divergence", votes, votes / votes.sum(axis=1, keepdims=True)) == pytest.approx(
        0, abs=1e-12
    )


@quick
@given(seeds)
def test_f1_of_probabilities(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, guess = rng.integers(0, 2, 9), rng.choice([-1.0, 0.0, 0.3, 1.0, 7.0], 9)
    kept = np.clip(guess, 0, 1)
    right, given_, there = kept[truth == 1].sum(), kept.sum(), truth.sum()
    precision, recall = right / given_ if given_ else 0, right / there if there else 0
    expected = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    assert score("probabilistic_f1", truth, guess) == pytest.approx(expected)
    assert score("probabilistic_f1", np.zeros(2), np.zeros(2)) == 0.0


def test_weights_of_patient_and_vertebrae() -> None:
    rows = [
        ("s1", "patient_overall", 1, 0.8),
        ("s1", "C1", 0, 0.1),
        ("s1", "C2", 1, 0.0),
        ("s2", "C1", 0, 0.5),
    ]
    table = pd.DataFrame(rows, columns=["study", "kind", "truth", "guess"])
    first = 14 * -math.log(0.8) + 1 * -math.log(0.9) + 2 * -math.log(1e-15)
    expected = (first / 17 + math.log(2)) / 2
    names = {
        "truth": "truth",
        "predicted": "guess",
        "study": "study",
        "kind": "kind",
        "heavy": "patient_overall",
    }
    mixed = table.iloc[[3, 1, 0, 2]].reset_index(drop=True)
    assert score("weighted_multilabel_log_loss", table, table[["guess"]], **names) == pytest.approx(expected)
    assert score("weighted_multilabel_log_loss", mixed, mixed[["guess"]], **names) == pytest.approx(expected)


def test_the_likelihood_of_the_last_three_measurements() -> None:
    weeks = [(1, 5.0), (9, 3000.0), (2, np.nan), (7, 2500.0), (3, 2900.0), (-2, 100.0)]
    rows = [(patient, week, volume) for patient in "ab" for week, volume in weeks]
    answers = pd.DataFrame(rows, columns=["patient", "week", "volume"])
    guess = pd.DataFrame({"volume": [1.0, 2800.0, 9.0, 5e9, 2950.0, -7.0] * 2})
    guess["confidence"] = [9e9, 300.0, 5.0, np.nan, 10.0, 1.0] * 2

    def likelihood(error: float, confidence: float) -> float:
        return -math.sqrt(2) * error / confidence - math.log(math.sqrt(2) * confidence)

    expected = np.mean([likelihood(200, 300), likelihood(1000, 70), likelihood(50, 70)])
    names = {"truth": "volume", "predicted": "volume", "confidence": "confidence"}
    found = score("laplace_log_likelihood", answers, guess, **names, group="patient", time="week")
    assert found == pytest.approx(expected)
    best = pd.DataFrame({"volume": answers["volume"].fillna(0), "confidence": 70.0})
    top = score("laplace_log_likelihood", answers, best, **names, group="patient", time="week")
    assert top == pytest.approx(-4.59507, abs=5e-6)


@quick
@given(seeds)
def test_angles_between_directions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, guess = (rng.uniform(-7, 7, (5, 2)) for _ in range(2))
    angles: list[float] = []
    for (a, z), (b, y) in zip(truth.tolist(), guess.tolist(), strict=True):
        # Zeniths beyond their range turn the azimuth round, as the vectors do.
        product = math.sin(z) * math.sin(y) * math.cos(a - b) + math.cos(z) * math.cos(y)
        angles.append(math.acos(min(1, max(-1, product))))
    assert score("mean_angular_error", truth, guess) == pytest.approx(np.mean(angles))


def test_the_error_by_type_has_a_floor() -> None:
    answers = pd.DataFrame({"type": list("abab"), "value": [1.0, 2.0, 3.0, 4.0]})
    guess = pd.DataFrame({"value": [1.0, 2.5, 3.0, 2.5]})
    names = {"truth": "value", "predicted": "value", "group": "type", "floor": 1e-9}
    assert score("group_log_mae", answers, guess, **names) == pytest.approx(math.log(1e-9) / 2)
    assert score("group_log_mae", answers, answers, **names) == pytest.approx(-20.72327, abs=5e-6)
    far = pd.DataFrame({"value": [1.7e308, -1.7e308, 1.7e308, -1.7e308]})
    assert math.isfinite(score("group_log_mae", answers, far, **names))
    assert math.isfinite(score("group_log_mae", answers.assign(value=-far["value"]), far, **names))


@quick
@given(seeds)
def test_percentiles_of_metres(seed: int) -> None:
    rng = np.random.default_rng(seed)
    trips = np.repeat(["x", "y"], [4, 7])
    answers = pd.DataFrame(
        {"trip": trips, "lat": rng.uniform(-80, 80, 11), "lon": rng.uniform(-180, 180, 11)}
    )
    guess = answers.assign(lat=answers["lat"] + rng.normal(0, 0.01, 11), lon=answers["lon"] + 0.02)
    metres: dict[str, list[float]] = {"x": [], "y": []}
    for trip, lat, lon, other, away in zip(
        trips, answers["lat"], answers["lon"], guess["lat"], guess["lon"], strict=True
    ):
        a, b = math.radians(lat), math.radians(other)
        cosine = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(math.radians(away - lon))
        metres[trip].append(6_371_000 * math.acos(min(1, cosine)))
    expected = np.mean([np.mean(np.percentile(values, [50, 95])) for values in metres.values()])
    names = {"latitude": "lat", "longitude": "lon", "group": "trip"}
    assert score("mean_p50_p95_distance", answers, guess, **names) == pytest.approx(expected, rel=1e-4)
    assert score("mean_p50_p95_distance", answers, answers, **names) == 0.0

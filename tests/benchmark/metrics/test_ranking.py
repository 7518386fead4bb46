"""Metrics of rank, against scikit-learn, scipy and the rules spelt out."""

# scikit-learn, scipy and shapely ship few types; what the tests compare is plain numbers.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.metrics import label_ranking_average_precision_score, roc_auc_score

from benchmark.metrics import score
from benchmark.metrics.ranking import jigsaw_bias_auc

quick = settings(max_examples=40, deadline=None)
seeds = st.integers(0, 2**32 - 1)
Floats = NDArray[np.float64]


def scores(rng: np.random.Generator, rows: int, *columns: int) -> Floats:
    """Scores with many ties."""
    return rng.integers(0, 6, (rows, *columns)) / 5


def labels(rng: np.random.Generator, rows: int) -> NDArray[np.int64]:
    """At least one of each class."""
    return np.concatenate([[0, 1], rng.integers(0, 2, rows - 2)])


def literal_weighted_auc(truth: NDArray[np.int64], predicted: Floats) -> float:
    """The area beside the curve, in strips of TPR that are too thin for both bands to meet in one."""
    vertices = [(0.0, 0.0)]
    for limit in sorted(set(predicted.tolist()), reverse=True):
        chosen = predicted >= limit
        vertices.append((chosen[truth == 1].mean(), chosen[truth == 0].mean()))
    total = 0.0
    for (t0, f0), (t1, f1) in itertools.pairwise(vertices):
        cuts = [t0, *([0.4] if t0 < 0.4 < t1 else []), t1]
        for low, high in itertools.pairwise(cuts):
            if high > low:
                middle = f0 + (f1 - f0) * ((low + high) / 2 - t0) / (t1 - t0)
                total += (high - low) * (1 - middle) * (2 if high <= 0.4 else 1)
    return total / 1.4


@quick
@given(st.integers(2, 40), seeds)
def test_the_weighted_area_beside_the_roc_curve(rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, predicted = labels(rng, rows), scores(rng, rows)
    found = score("weighted_roc_auc", truth, predicted)
    assert found == pytest.approx(literal_weighted_auc(truth, predicted))
    assert score("weighted_roc_auc", truth, predicted, low_weight=1.0) == pytest.approx(
        roc_auc_score(truth, predicted)
    )
    order = rng.permutation(rows)
    assert score("weighted_roc_auc", truth[order], predicted[order]) == pytest.approx(found)
    assert found <= score("weighted_roc_auc", truth, truth.astype(float)) == 1.0


@quick
@given(st.integers(1, 8), seeds)
def test_lwlrap_is_that_of_scikit_learn_with_weights(rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, predicted = rng.integers(0, 2, (rows, 5)), scores(rng, rows, 5)
    if not truth.any():
        assert np.isnan(score("lwlrap", truth, predicted))
        return
    expected = label_ranking_average_precision_score(truth, predicted, sample_weight=truth.sum(axis=1))
    found = score("lwlrap", truth, predicted)
    assert found == pytest.approx(expected)
    assert found <= score("lwlrap", truth, truth.astype(float)) == 1.0


@quick
@given(st.integers(3, 20), seeds)
def test_spearman_is_that_of_scipy(rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, predicted = scores(rng, rows, 3), scores(rng, rows, 3)
    columns = list(zip(truth.T, predicted.T, strict=True))
    found = score("mean_columnwise_spearman", truth, predicted)
    if any(len(set(side.tolist())) == 1 for pair in columns for side in pair):
        assert np.isnan(found)
        return
    expected = [float(spearmanr(*pair).statistic) for pair in columns]  # pyright: ignore[reportAttributeAccessIssue]
    assert found == pytest.approx(np.mean(expected))
    assert score("mean_columnwise_spearman", truth, -truth) == pytest.approx(-1)


@settings(max_examples=10, deadline=None)
@given(st.booleans(), seeds)
def test_the_bias_of_toxicity(cut: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = [0.0, 0.2, 0.5, 0.9]
    table = pd.DataFrame(rng.choice(values, (60, 3)), columns=["toxicity", "one", "two"])
    table.loc[rng.integers(0, 60, 5), "one"] = np.nan
    guess = scores(rng, 60)
    found = jigsaw_bias_auc(
        table,
        pd.DataFrame({"prediction": guess}),
        truth="toxicity",
        predicted="prediction",
        identities=("one", "two"),
        cut_predictions=cut,
    )
    points = (guess >= 0.5).astype(float) if cut else guess
    toxic = [value >= 0.5 for value in table["toxicity"]]
    parts: list[list[float]] = [[], [], []]
    for name in ("one", "two"):
        named = [value >= 0.5 for value in table[name]]
        kinds = list(zip(toxic, named, strict=True))
        wanted = [[n for _, n in kinds], [t != n for t, n in kinds], [t == n for t, n in kinds]]
        for part, rows in zip(parts, wanted, strict=True):
            part.append(float(roc_auc_score(np.array(toxic)[rows], points[rows])))
    means = [np.mean([auc**-5 for auc in part]) ** -0.2 for part in parts]
    assert found == pytest.approx((roc_auc_score(toxic, points) + sum(means)) / 4)


def test_a_group_of_one_class_has_no_value() -> None:
    table = pd.DataFrame({"toxicity": [1.0, 0.0, 1.0], "one": [1.0, 0.0, 0.0]})
    guesses = pd.DataFrame({"prediction": [0.9, 0.1, 0.8]})
    found = jigsaw_bias_auc(table, guesses, truth="toxicity", predicted="prediction", identities=("one",))
    assert np.isnan(found)

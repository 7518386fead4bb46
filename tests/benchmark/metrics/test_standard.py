"""The metrics that are one formula: against scikit-learn and scipy, or a slow literal reference."""

# scikit-learn and scipy ship no types; what is compared are floats.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportArgumentType=false

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr
from sklearn import metrics as sk

from benchmark.metrics import METRICS, score

labels = st.sampled_from([0, 1, 2, 3, 7])
label_pairs = st.lists(st.tuples(labels, labels), min_size=1, max_size=40)
flags = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40)
numbers = st.floats(-1e6, 1e6)
number_pairs = st.lists(st.tuples(numbers, numbers), min_size=2, max_size=40)
shares = st.floats(0, 1)
words = st.lists(st.sampled_from(["a", "B", "b", "cc", "d"]), max_size=6)
more_words = st.lists(st.sampled_from(["a", "B", "b", "cc", "ä", "d"]), max_size=6)
word_pairs = st.one_of(
    [st.lists(st.tuples(some, some), min_size=1, max_size=12) for some in (words, more_words)]
)
"""Half of them in ASCII, which is split by another function."""
blanks = st.sampled_from([" ", "  ", "\t", "\u2003"])


def arrays(pairs: Sequence[tuple[object, object]]) -> tuple[np.ndarray, np.ndarray]:
    first, second = zip(*pairs, strict=True)
    return np.array(first), np.array(second)


def cells(pairs: Sequence[tuple[list[str], list[str]]], blank: str = " ") -> tuple[pd.Series, pd.Series]:
    first, second = ([blank.join(row[side]) for row in pairs] for side in (0, 1))
    return pd.Series(first, dtype="str"), pd.Series(second, dtype="str")


@given(label_pairs)
def test_labels(pairs: list[tuple[int, int]]) -> None:
    truth, guess = arrays(pairs)
    assert score("accuracy", truth, guess) == pytest.approx(sk.accuracy_score(truth, guess))
    f1 = sk.f1_score(truth, guess, average="macro", zero_division=0)
    assert score("f1_macro", truth, guess) == pytest.approx(f1)
    if len(set(truth) | set(guess)) > 1:
        kappa = sk.cohen_kappa_score(truth, guess, weights="quadratic")
        assert score("quadratic_weighted_kappa", truth, guess) == pytest.approx(kappa)
    else:
        assert math.isnan(score("quadratic_weighted_kappa", truth, guess))


def test_labels_may_be_text() -> None:
    truth, guess = np.array(["x", "y", "y"], dtype=object), np.array(["x", "x", "z"], dtype=object)
    assert score("f1_macro", truth, guess) == pytest.approx(sk.f1_score(truth, guess, average="macro"))


@given(flags)
def test_matthews_corrcoef(pairs: list[tuple[bool, bool]]) -> None:
    truth, guess = arrays(pairs)
    expected = sk.matthews_corrcoef(truth, guess) if len(set(truth) | set(guess)) > 1 else 0.0
    assert score("matthews_corrcoef", truth, guess) == pytest.approx(expected)


@given(st.lists(st.tuples(st.integers(0, 1), shares), min_size=1, max_size=40))
def test_log_loss(pairs: list[tuple[int, float]]) -> None:
    truth, guess = arrays(pairs)
    assert score("log_loss", truth, guess) == pytest.approx(sk.log_loss(truth, guess, labels=[0, 1]))


@given(st.lists(st.tuples(st.integers(0, 2), st.tuples(shares, shares, shares)), min_size=1, max_size=30))
def test_multiclass_log_loss(rows: list[tuple[int, tuple[float, float, float]]]) -> None:
    # As sums are checked elsewhere, whatever is given is scored without being scaled.
    truth, guess = np.eye(3)[[row[0] for row in rows]], np.array([row[1] for row in rows])
    eps = np.finfo(float).eps
    literal = -sum(math.log(min(max(row[place], eps), 1 - eps)) for place, row in rows) / len(rows)
    assert score("multiclass_log_loss", truth, guess) == pytest.approx(literal)


scored = st.tuples(st.booleans(), st.sampled_from([-1e300, -0.0, 0.0, 0.1, 0.1 + 1e-17, 1.0]) | numbers)


@given(st.lists(scored, max_size=40))
def test_roc_auc(rows: list[tuple[bool, float]]) -> None:
    truth, guess = (np.array(side, dtype=float) for side in zip(*rows, strict=True)) if rows else ([], [])
    found = score("roc_auc", np.asarray(truth), np.asarray(guess))
    if len(set(truth)) < 2:
        assert math.isnan(found)
    else:
        assert found == pytest.approx(sk.roc_auc_score(truth, guess), abs=1e-12)


@given(number_pairs)
def test_numbers(pairs: list[tuple[float, float]]) -> None:
    truth, guess = arrays(pairs)
    assert score("rmse", truth, guess) == pytest.approx(sk.root_mean_squared_error(truth, guess))
    assert score("mae_int", truth, guess) == round(float(np.mean(np.abs(truth - guess))))


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=2, max_size=30))
def test_pearson_r(pairs: list[tuple[int, int]]) -> None:
    truth, guess = arrays(pairs)
    if len(set(truth)) == 1 or len(set(guess)) == 1:
        assert math.isnan(score("pearson_r", truth, guess))
    else:
        assert score("pearson_r", truth, guess) == pytest.approx(pearsonr(truth, guess)[0], abs=1e-12)


def test_pearson_r_of_huge_numbers() -> None:
    truth, guess = np.array([1.0, 2.0, 3.0]), np.array([-1.7e308, 0.0, 1.7e308])
    assert score("pearson_r", truth, guess) == pytest.approx(1.0)


@given(st.lists(st.tuples(*[st.floats(0, 1e6)] * 4), min_size=1, max_size=20))
def test_mean_columnwise_rmsle(rows: list[tuple[float, ...]]) -> None:
    table = np.array(rows)
    truth, guess = table[:, :2], table[:, 2:]
    literal = np.mean([sk.root_mean_squared_log_error(truth[:, side], guess[:, side]) for side in (0, 1)])
    assert score("mean_columnwise_rmsle", truth, guess) == pytest.approx(literal)


def test_columns_and_rows_that_do_not_count() -> None:
    truth = np.array([[0, 1], [1, 0], [-1, -1], [1, 1]])
    guess = np.array([[0.1, 0.9], [0.8, 0.7], [9.0, -9.0], [0.9, 0.2]])
    assert score("mean_columnwise_roc_auc", truth, guess, unscored=-1) == pytest.approx((1.0 + 0.5) / 2)
    answers = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0.0, 0.0, 0.0], "on": [True, False, True]})
    guesses = pd.DataFrame({"a": [2.0, 99.0, 4.0], "b": [3.0, 99.0, 3.0]})
    means = {"columns": ("a", "b"), "where": "on"}
    assert score("mean_columnwise_rmse_where", answers, guesses, **means) == pytest.approx((1 + 3) / 2)
    assert score("mae_where", answers, guesses, column="a", where="on", equals=0) == pytest.approx(97.0)


@given(word_pairs, blanks)
def test_sets_of_words(rows: list[tuple[list[str], list[str]]], blank: str) -> None:
    truth, guess = cells(rows, blank)
    sets = [({word.lower() for word in a}, {word.lower() for word in b}) for a, b in rows]
    literal = sum(len(a & b) / len(a | b) if a | b else 0.0 for a, b in sets) / len(rows)
    assert score("word_jaccard_mean", truth, guess) == pytest.approx(literal)
    known = {word for a, _ in rows for word in a}
    hits = sum(len(set(a) & set(b)) for a, b in rows)
    pairs = sum(len(set(a)) + len(set(b) & known) for a, b in rows)
    assert score("f1_micro_multilabel", truth, guess) == pytest.approx(2 * hits / pairs if pairs else 0.0)


@given(word_pairs, st.integers(1, 6))
def test_map_at_k(rows: list[tuple[list[str], list[str]]], k: int) -> None:
    truth, guess = cells(rows)
    total = 0.0
    for a, b in rows:
        hits, gain = 0, 0.0
        for place, word in enumerate(b[:k], start=1):
            if word in a and word not in b[: place - 1]:
                hits += 1
                gain += hits / place
        total += gain / min(len(set(a)), k) if a else 0.0
    assert score("map_at_k", truth, guess, k=k) == pytest.approx(total / len(rows))


@given(st.lists(st.tuples(st.text("abä", max_size=6), st.text("abä", max_size=6)), min_size=1, max_size=10))
def test_mean_levenshtein(rows: list[tuple[str, str]]) -> None:
    truth, guess = (pd.Series(side, dtype="str") for side in zip(*rows, strict=True))
    literal = sum(distance(a, b) for a, b in rows) / len(rows)
    assert score("mean_levenshtein", truth, guess) == pytest.approx(literal)


def distance(first: str, second: str) -> int:
    row = list(range(len(second) + 1))
    for place, letter in enumerate(first, start=1):
        before, row[0] = row[0], place
        for column, other in enumerate(second, start=1):
            before, row[column] = (
                row[column],
                min(before + (letter != other), row[column] + 1, row[column - 1] + 1),
            )
    return row[-1]


def test_top1_error() -> None:
    truth = pd.Series(["5", "7", "9"], dtype="str")
    guess = pd.Series(["5 1 2", "1 7", "09"], dtype="str")
    assert score("top1_error", truth, guess) == pytest.approx(1 / 3)


def test_every_metric_has_a_home() -> None:
    import importlib

    for entry in METRICS.values():
        module, _, function = entry.function.partition(":")
        assert callable(getattr(importlib.import_module(module), function))
        for needed in entry.needs:
            importlib.import_module(needed)

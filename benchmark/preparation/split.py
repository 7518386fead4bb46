"""Which items are train and which are test.

Positions are those of scikit-learn's `train_test_split` without strata: the seeded permutation of NumPy's
`RandomState`, whose first items are test and whose next ones are train. Written out here because the order is
part of the facts, and a release that changed it would silently change the benchmark.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.preparation.errors import BadRaw
from benchmark.preparation.facts import Split

Positions = NDArray[np.int64]


class Halves(NamedTuple):
    """Positions of items, in the order in which they come out."""

    train: Positions
    test: Positions


def shuffled(
    count: int, seed: int, test: int | float | None = None, train: int | float | None = None
) -> Halves:
    """Splits `count` items by a seeded shuffle.

    Args:
        count: How many items there are.
        seed: The seed of the permutation.
        test: How many are test, or which share of them (rounded up).
        train: How many are train, or which share (rounded down); by default all that are not test.

    Raises:
        ValueError: There are too few items for both halves.
    """
    n_test = None if test is None else _number(test, count, math.ceil)
    n_train = None if train is None else _number(train, count, math.floor)
    if n_test is None:
        n_test = count - (n_train or 0)
    if n_train is None:
        n_train = count - n_test
    if n_test < 1 or n_train < 1 or n_test + n_train > count:
        raise ValueError(f"{count} items cannot be split into {n_train} for train and {n_test} for test")
    order = np.random.RandomState(seed).permutation(count)
    return Halves(train=order[n_test : n_test + n_train], test=order[:n_test])


def sampled(count: int, size: int, seed: int) -> Positions:
    """Positions of `size` of `count` items, drawn without replacement, in the order drawn."""
    return np.random.RandomState(seed).choice(count, size, replace=False)


def split_rows(table: pd.DataFrame, facts: Split, raw_test_items: int | None = None) -> Halves:
    """Positions of a table's train and test rows.

    Args:
        table: The rows to split.
        facts: How.
        raw_test_items: How many items the original test set has, where the share of test follows it.

    Raises:
        BadRaw: The table lacks the column of the groups, or has too few rows.
    """
    if facts.by is not None:
        return _split_groups(table, facts, raw_test_items)
    halves = split_positions(len(table), facts, raw_test_items)
    return Halves(*map(np.sort, halves)) if facts.order == "raw" else halves


def group_keys(table: pd.DataFrame, facts: Split) -> "pd.Series[str]":
    """The group of every row."""
    if facts.by not in table:
        raise BadRaw("the raw table", f"it has no column {facts.by!r}")
    keys = table[facts.by]
    if facts.by_pattern is not None:
        keys = keys.astype(str).str.extract(facts.by_pattern, expand=False)
    return keys


def _split_groups(table: pd.DataFrame, facts: Split, raw_test_items: int | None) -> Halves:
    codes, distinct = pd.factorize(
        group_keys(table, facts), sort=facts.items == "sorted", use_na_sentinel=False
    )
    halves = split_positions(len(distinct), facts, raw_test_items)
    is_train = np.zeros(len(distinct), dtype=bool)
    is_train[halves.train] = True
    is_test = np.zeros(len(distinct), dtype=bool)
    is_test[halves.test] = True
    return Halves(np.flatnonzero(is_train[codes]), np.flatnonzero(is_test[codes]))


def split_positions(count: int, facts: Split, raw_test_items: int | None = None) -> Halves:
    """Positions of `count` items, as the facts shuffle them.

    Raises:
        BadRaw: There are too few items.
    """
    test = facts.test_fraction or facts.test_items
    if facts.test_fraction_as is not None:
        held_out = raw_test_items or 0
        test = held_out / (held_out + count)
    try:
        return shuffled(count, facts.seed or 0, test, facts.train_fraction)
    except ValueError as error:
        raise BadRaw("the raw table", str(error)) from error


def _number(size: int | float, count: int, rounding: Callable[[float], int]) -> int:
    return size if isinstance(size, int) else rounding(size * count)

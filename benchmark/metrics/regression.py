"""Metrics of numbers."""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.metrics.arrays import Values, difference, mean_of_squares_root, mean_size


def rmse(truth: Values, predicted: Values) -> float:
    """The root of the mean squared error, 0 at best, without an upper end.

    Formula: sqrt(mean((truth - predicted)^2)). Where the squares would overflow, the errors are scaled by the
    largest of them first, so that every finite prediction has a finite score.
    """
    return mean_of_squares_root(difference(truth, predicted))


def mae_int(truth: Values, predicted: Values) -> float:
    """The mean absolute error, rounded to a whole number, halves to the even one.

    Formula: round(mean(|truth - predicted|)). The rounding is that of MLE-bench's grader.
    """
    return float(round(mean_size(difference(truth, predicted))))


def mean_columnwise_rmsle(truth: Values, predicted: Values) -> float:
    """The plain mean over columns of the root mean squared logarithmic error, 0 at best.

    Formula: sqrt(mean((ln(1 + predicted) - ln(1 + truth))^2)) for each column; predictions are not negative.
    """
    errors = np.log1p(predicted) - np.log1p(truth)
    return float(np.mean([mean_of_squares_root(column) for column in errors.T]))


def pearson_r(truth: Values, predicted: Values) -> float:
    """Pearson's correlation, from -1 to 1.

    Formula: sum(a b) / sqrt(sum(a^2) sum(b^2)) of the values less their means. Undefined (NaN) where one
    side is constant. Same as scipy's `pearsonr`.
    """
    true, guess = _centred(truth), _centred(predicted)
    spread = float(np.linalg.norm(true) * np.linalg.norm(guess))
    return float(np.clip(true @ guess / spread, -1, 1)) if spread else float("nan")


def mean_columnwise_rmse_where(
    answers: pd.DataFrame, submission: pd.DataFrame, *, columns: tuple[str, ...], where: str
) -> float:
    """The plain mean over columns of the root mean squared error, on the rows that a column marks.

    Args:
        answers: Has the columns, and `where`: true in the rows that count.
        submission: Has the columns.
        columns: The columns that count.
        where: The column of marks.
    """
    counted = answers[where].to_numpy(dtype=bool)
    errors = [
        rmse(answers[name].to_numpy()[counted], submission[name].to_numpy()[counted]) for name in columns
    ]
    return mean_size(np.array(errors))


def mae_where(
    answers: pd.DataFrame, submission: pd.DataFrame, *, column: str, where: str, equals: int
) -> float:
    """The mean absolute error on the rows where another column of the answers has a certain value.

    Args:
        answers: Has both columns.
        submission: Has `column`.
        column: The predicted column.
        where: The column that says which rows count.
        equals: Its value in those.
    """
    counted = answers[where].to_numpy() == equals
    return mean_size(difference(answers[column].to_numpy()[counted], submission[column].to_numpy()[counted]))


def _centred(values: Values) -> NDArray[np.float64]:
    """Values less their mean, scaled to 1; zeros where all are the same."""
    numbers = values.astype(np.float64)
    if numbers.min() == numbers.max():
        return np.zeros(len(numbers))
    scaled = numbers / max(np.abs(numbers).max(), np.finfo(np.float64).tiny)
    centred = scaled - scaled.mean()
    largest = np.abs(centred).max()
    return centred / largest if largest else centred

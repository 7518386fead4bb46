"""What metrics share: the types of their arguments, and a mean that does not overflow."""

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Values = NDArray[Any]
"""Labels, texts or numbers, row by row; a second dimension for several columns."""
Texts: TypeAlias = "pd.Series[str]"
"""Texts row by row, as pandas keeps them; both sides have the same index."""
HUGE = np.errstate(over="ignore", invalid="ignore")
"""Decorates what ranks scores with scikit-learn, which sums them up: that may overflow, the order stays."""
SAFE = 1e150
"""Squares of numbers up to it stay below the largest float, 1.8e308, with room for their sum."""


def mean_of_squares_root(errors: NDArray[np.float64]) -> float:
    """The root of the mean of the squares, finite for all finite errors whose differences are finite."""
    largest = float(np.max(np.abs(errors)))
    if largest < SAFE:
        return float(np.sqrt(np.mean(errors**2)))
    return largest * float(np.sqrt(np.mean((errors / largest) ** 2)))


def mean_size(errors: NDArray[np.float64]) -> float:
    """The mean of the absolute values, finite for all finite errors."""
    sizes = np.abs(errors)
    largest = float(np.max(sizes))
    return float(np.mean(sizes)) if largest < SAFE else largest * float(np.mean(sizes / largest))


def difference(truth: Values, predicted: Values) -> NDArray[np.float64]:
    """Predicted less true values; beyond the largest float it is that float."""
    with np.errstate(over="ignore"):
        errors = predicted.astype(np.float64) - truth.astype(np.float64)
    limit = np.finfo(np.float64).max
    return np.clip(errors, -limit, limit)

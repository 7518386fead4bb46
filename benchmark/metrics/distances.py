"""Errors that are distances: angles between directions, metres on the globe, and differences by group."""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CHUNK = 1_000_000
"""Directions that are compared in one go: the test set has 13 million, and each needs a dozen numbers."""
EARTH_RADIUS = 6_371_000.0
"""Metres, as the smartphone competition has it."""


def mean_angular_error(truth: Floats, predicted: Floats) -> float:
    """The mean angle between true and predicted directions in radians, from 0 to pi.

    Both hold azimuth a and zenith z by row; the direction is (sin z cos a, sin z sin a, cos z), and the angle
    the arc cosine of the scalar product, cut to -1 to 1. Source: the metric of the Kaggle competition
    IceCube.
    """
    total = 0.0
    for start in range(0, len(truth), CHUNK):
        azimuth, zenith = truth[start : start + CHUNK].T
        other_azimuth, other_zenith = predicted[start : start + CHUNK].T
        flat = np.sin(zenith) * np.sin(other_zenith) * np.cos(azimuth - other_azimuth)
        product = flat + np.cos(zenith) * np.cos(other_zenith)
        total += float(np.sum(np.arccos(np.clip(product, -1, 1))))
    return total / len(truth)


def group_log_mae(
    answers: pd.DataFrame, submission: pd.DataFrame, *, truth: str, predicted: str, group: str, floor: float
) -> float:
    """The mean over groups of the logarithm of the mean absolute error; without a lower end but `floor`.

    Formula: mean over the values of `group` of ln(max(mean |t - p|, floor)). Source: the metric of the Kaggle
    competition Predicting Molecular Properties, with a floor of 1e-9 and so -20.72327 at best. MLE-bench has
    no floor: a group without any error makes its score minus infinity; down to 1e-9 both agree.
    """
    with np.errstate(over="ignore"):  # what lies beyond the largest float counts as that
        errors = np.abs(_floats(answers, truth) - _floats(submission, predicted))
    groups = pd.factorize(answers[group])[0]
    # Errors are shared out before they are added up, or the largest floats would overflow.
    means = np.bincount(groups, errors / np.bincount(groups)[groups])
    return float(np.mean(np.log(np.clip(means, floor, np.finfo(np.float64).max))))


def mean_p50_p95_distance(
    answers: pd.DataFrame, submission: pd.DataFrame, *, latitude: str, longitude: str, group: str
) -> float:
    """The mean over groups of the mean of the median and the 95th percentile of errors in metres, 0 at best.

    The error of a row is the great-circle distance on a globe of radius 6371 km; percentiles are interpolated
    linearly. Source: the metric of the Kaggle competition Smartphone Decimeter 2022.
    """
    errors = haversine(
        *(_floats(table, side) for table in (answers, submission) for side in (latitude, longitude))
    )
    levels = pd.Series(errors).groupby(answers[group].to_numpy()).quantile([0.5, 0.95])
    return float(levels.groupby(level=0).mean().mean())


def haversine(latitude: Floats, longitude: Floats, other_latitude: Floats, other_longitude: Floats) -> Floats:
    """The great-circle distance in metres between places given in degrees."""
    north, other_north = np.radians(latitude), np.radians(other_latitude)
    half_north, half_east = (other_north - north) / 2, np.radians(other_longitude - longitude) / 2
    share = np.sin(half_north) ** 2 + np.cos(north) * np.cos(other_north) * np.sin(half_east) ** 2
    return 2 * EARTH_RADIUS * np.arcsin(np.sqrt(np.clip(share, 0, 1)))


def _floats(table: pd.DataFrame, column: str) -> Floats:
    return table[column].to_numpy(dtype=np.float64)

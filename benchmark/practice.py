"""Makes the practice competitions from the real data that scikit-learn carries: nothing is downloaded.

Columns get neutral names, rows a fixed new order and new ids, and a fixed share of them becomes the test set.
"""

# scikit-learn ships no types; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportReturnType=false

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.competition import Competition
from benchmark.preparation.job import Job
from benchmark.preparation.recipe import facts_of

Arrays = tuple[NDArray[Any], NDArray[Any]]


def _digits() -> Arrays:
    """8 x 8 counts of dark pixels, and the digit."""
    from sklearn.datasets import load_digits

    pixels, digit = load_digits(return_X_y=True)
    return pixels.astype(int), digit


def _breast_cancer() -> Arrays:
    """Thirty measurements of cell nuclei, and whether the tumour is malignant (0 in the source)."""
    from sklearn.datasets import load_breast_cancer

    measurements, benign = load_breast_cancer(return_X_y=True)
    return measurements, 1 - benign


def _diabetes() -> Arrays:
    """Ten measurements in their own units, and how far the disease went in a year."""
    from sklearn.datasets import load_diabetes

    # Unscaled: the scaled form was centred over all rows, test rows among them.
    return load_diabetes(return_X_y=True, scaled=False)


SOURCES: Mapping[str, Callable[[], Arrays]] = {
    "digits": _digits,
    "breast_cancer": _breast_cancer,
    "diabetes": _diabetes,
}


def split_table(job: Job) -> None:
    """Writes train, test, sample submission and answers of a practice competition.

    Its parameters are `source`, a key of `SOURCES`, and `sample`, the constant of the sample submission.
    """
    competition = job.competition
    params = facts_of(competition).params
    rows = _shuffled(competition, SOURCES[str(params["source"])]())
    held_out = round(len(rows) * (competition.split.test_fraction or 0))
    test, train = rows.iloc[:held_out], rows.iloc[held_out:]
    columns = list(competition.submission_columns)
    files = competition.files
    _write(train, job.public / files["train"])
    _write(test.drop(columns=competition.target), job.public / files["test"])
    sample = test[columns].assign(**{str(competition.target): params["sample"]})
    _write(sample, job.public / files["sample_submission"])
    _write(test[columns], job.private / competition.answers.file)


def _shuffled(competition: Competition, arrays: Arrays) -> pd.DataFrame:
    features, target = arrays
    random = np.random.RandomState(competition.split.seed)
    order = random.permutation(len(target))
    # Ids in an order of their own: they tell neither the place in the source nor train from test.
    ids = random.permutation(len(target)) + 1
    names = [f"f{place:02d}" for place in range(features.shape[1])]
    table = pd.DataFrame(features[order], columns=names)
    table.insert(0, competition.id_column, ids)
    table[competition.target] = target[order]
    return table


def _write(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, lineterminator="\n")

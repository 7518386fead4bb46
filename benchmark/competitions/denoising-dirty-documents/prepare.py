"""Pages are split by name; the answers are their clean pixels."""

from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.preparation.job import Job
from benchmark.preparation.pixels import gray_levels
from benchmark.preparation.recipe import divide, place_all, read_source
from benchmark.preparation.tables import write_table


def prepare(job: Job) -> None:
    """Writes the pages, the answers and the sample submission.

    Raises:
        BenchmarkError: A page is missing, or is no image.
    """
    parts = divide(job, read_source(job))
    place_all(job, parts)
    names = [{"name": name} for name in parts.test["name"]]
    answers = pd.concat([_pixels(path) for path in job.raw.each("train_cleaned.zip/{name}", names)])
    write_table(answers, job.private / "answers.csv")
    write_table(answers.assign(value=1), job.public / "sampleSubmission.csv")


def _pixels(page: Path) -> pd.DataFrame:
    """One row per pixel, `<stem>_<row>_<column>` counted from 1, and its gray level from 0 to 1."""
    levels = gray_levels(page)
    rows, columns = (np.char.mod("%d", axis.ravel() + 1) for axis in np.indices(levels.shape))
    ids = np.char.add(np.char.add(f"{page.stem}_", rows), np.char.add("_", columns))
    return pd.DataFrame({"id": ids, "value": levels.ravel() / 255})

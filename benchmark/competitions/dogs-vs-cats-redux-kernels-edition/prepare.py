"""Photos are renamed so that the name of a test photo does not say what it shows."""

import pandas as pd

from benchmark.preparation.job import Job
from benchmark.preparation.media import place_media
from benchmark.preparation.recipe import Parts, divide, read_source
from benchmark.preparation.tables import write_table


def prepare(job: Job) -> None:
    """Writes the photos, loose and zipped, the answers and the sample submission.

    Raises:
        BenchmarkError: A photo is missing.
    """
    parts = divide(job, read_source(job))
    train, test = _renamed(parts)
    for raw, rows, side in ((parts.raw_train, train, "train"), (parts.raw_test, test, "test")):
        for target in (f"{side}/{{file}}", f"{side}.zip/{{file}}"):
            place_media(job, "train.zip/{name}", raw, target, rows)
    answers = test[["id", "label"]]
    write_table(answers, job.private / "answers.csv")
    write_table(answers.assign(label=0.5), job.public / "sample_submission.csv")


def _renamed(parts: Parts) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train photos numbered within their class from 0, test photos from 1, in the order of the split."""
    is_dog = parts.train["name"].str.contains("dog")
    kinds = is_dog.map({True: "dog", False: "cat"})
    numbers = kinds.groupby(kinds).cumcount().astype(str)
    train = parts.train.assign(file=kinds + "." + numbers + ".jpg")
    ids = pd.Series(range(1, len(parts.test) + 1), index=parts.test.index)
    labels = parts.test["name"].str.contains("dog").astype(int)
    return train, parts.test.assign(id=ids, label=labels, file=ids.astype(str) + ".jpg")

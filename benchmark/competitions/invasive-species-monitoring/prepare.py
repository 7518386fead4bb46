"""Data version 1 has image archives without images, as upstream's are; version 2 needs no function."""

from benchmark.preparation.archives import pack
from benchmark.preparation.job import Job
from benchmark.preparation.recipe import follow


def prepare(job: Job) -> None:
    """Writes the tables, and archives that hold an empty folder each.

    Raises:
        BenchmarkError: A raw file is missing.
    """
    follow(job)
    for side in ("train", "test"):
        pack(job.public / f"{side}.7z", [], [side])

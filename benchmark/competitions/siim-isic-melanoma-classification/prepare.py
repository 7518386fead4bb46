"""Test are the images of two TFRecord files, which are renamed, and read without tensorflow."""

import re
from pathlib import Path

import pandas as pd

from benchmark.preparation.errors import BadRaw
from benchmark.preparation.files import place
from benchmark.preparation.job import Job
from benchmark.preparation.recipe import Parts, facts_of, place_all, read_source, write_tables
from benchmark.preparation.tables import column
from benchmark.preparation.tfrecords import copy_without, texts_of

_NAME = re.compile(r"train\d+-(\d+)\.tfrec")


def prepare(job: Job) -> None:
    """Writes tables, images and records.

    Its parameters are `test_records`, the names of the records whose images are test, and `hidden`, the
    features that records of test images lose; both divided by blanks.

    Raises:
        BenchmarkError: An image or a record is missing or broken.
    """
    params = facts_of(job.competition).params
    table = read_source(job)
    held_out = str(params["test_records"]).split()
    test_names = {name for record in held_out for name in _images(job, record)}
    is_test = column(table, "image_name").isin(test_names)
    parts = Parts(table[~is_test], table[is_test], table[~is_test], table[is_test])
    write_tables(job, parts, facts_of(job.competition).tables)
    place_all(job, parts)
    _records(job, held_out, str(params.get("hidden", "")).split())
    _check(parts.test, job)


def _images(job: Job, record: str) -> list[str]:
    return texts_of(job.raw.path(f"tfrecords/{record}"), "image_name")


def _records(job: Job, held_out: list[str], hidden: list[str]) -> None:
    """Renames the records: test and train are numbered from 00 each, in the order of their old names."""
    counts = {"train": 0, "test": 0}
    for name in job.raw.names("tfrecords/train*.tfrec"):
        match = _NAME.fullmatch(name)
        if match is None:
            raise BadRaw(name, "the record's name does not end in its size")
        side = "test" if name in held_out else "train"
        target = job.public / "tfrecords" / f"{side}{counts[side]:02d}-{match[1]}.tfrec"
        counts[side] += 1
        _place(job, job.raw.path(f"tfrecords/{name}"), target, hidden if side == "test" else [])


def _place(job: Job, source: Path, target: Path, hidden: list[str]) -> None:
    if hidden:
        target.parent.mkdir(parents=True, exist_ok=True)
        copy_without(source, target, hidden)
    else:
        place(source, target, job.raw.movable(source))


def _check(test: pd.DataFrame, job: Job) -> None:
    if test.empty:
        raise BadRaw(job.raw.folder, "no image of train.csv is in the records of the test side")

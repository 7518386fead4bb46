"""Splits a table that does not fit into memory.

Rows are dealt into buckets on disk by the place where they will stand, then each bucket is put into order and
written. Memory holds the places of all rows (8 bytes each, twice for a moment), one piece of the raw table
and one bucket; the disk holds the train rows once more, compressed.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.preparation.errors import BadRaw
from benchmark.preparation.facts import Reading
from benchmark.preparation.job import Job
from benchmark.preparation.recipe import Parts, facts_of, place_all, predicted, raw_test_items, write_tables
from benchmark.preparation.split import split_positions
from benchmark.preparation.tables import read_pieces, shaped, write_lines

BUCKET_ROWS = 4_000_000
"""Rows that are put into order at once; 0.5 GB for rows of 120 bytes."""
_PLACE = "place among all rows"


class _Deal(NamedTuple):
    """How rows are dealt."""

    places: NDArray[np.int64]
    """For every raw row its place: train rows first, test rows after them."""
    train: int
    """How many rows are train."""
    bucket: int
    """How many rows a bucket holds."""


def follow_large(job: Job) -> None:
    """Makes everything that the facts describe, with train rows streamed.

    Raises:
        BenchmarkError: The raw files are not what the facts expect.
    """
    facts = facts_of(job.competition)
    path = job.raw.path(str(facts.table))
    job.say(f"counting the rows of {facts.table}")
    deal = _deal(job, sum(len(piece) for piece in read_pieces(path, facts.read, columns=[0])))
    job.say(f"splitting {facts.table}")
    buckets = job.scratch / "buckets"
    test = _into_buckets(path, facts.read, deal, buckets)
    for target, table in facts.tables.items():
        if table.rows == "train":
            job.say(f"writing {target}")
            for number, rows in enumerate(_out_of_buckets(buckets)):
                names = predicted(job.competition)
                out = shaped(rows, table, names, (*job.competition.submission.ids, *names))
                write_lines(out, job.place(target), table.quote, more=number > 0)
    parts = Parts(test.iloc[:0], test, test.iloc[:0], test)
    write_tables(job, parts, {name: table for name, table in facts.tables.items() if table.rows != "train"})
    place_all(job, parts)


def _deal(job: Job, count: int) -> _Deal:
    halves = split_positions(count, job.competition.split, raw_test_items(job))
    places = np.full(count, -1, dtype=np.int64)
    places[halves.train] = np.arange(len(halves.train))
    places[halves.test] = len(halves.train) + np.arange(len(halves.test))
    return _Deal(places, len(halves.train), BUCKET_ROWS)


def _into_buckets(path: Path, reading: Reading, deal: _Deal, folder: Path) -> pd.DataFrame:
    """Deals the train rows into files, and hands out the test rows in their order."""
    folder.mkdir()
    tests: list[pd.DataFrame] = []
    start = 0
    for number, piece in enumerate(read_pieces(path, reading)):
        places = deal.places[start : start + len(piece)]
        start += len(piece)
        rows = piece.assign(**{_PLACE: places})
        tests.append(rows[places >= deal.train])
        train = rows[(places >= 0) & (places < deal.train)]
        for bucket, group in train.groupby(train[_PLACE] // deal.bucket):
            home = folder / f"{bucket:06d}"
            home.mkdir(exist_ok=True)
            group.reset_index(drop=True).to_feather(home / f"{number:06d}.feather")
    if start != len(deal.places):
        raise BadRaw(path, f"{len(deal.places)} rows at first, {start} at the second reading")
    return _ordered(tests)


def _out_of_buckets(folder: Path) -> Iterator[pd.DataFrame]:
    for home in sorted(folder.iterdir()):
        yield _ordered([pd.read_feather(file) for file in sorted(home.iterdir())])


def _ordered(pieces: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(pieces).sort_values(_PLACE).drop(columns=_PLACE).reset_index(drop=True)

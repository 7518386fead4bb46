"""Carries out a preparation that the facts of a competition describe.

A function of a competition's own calls the same steps: `read_source`, `divide`, `write_tables`, `place_all`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.competition import Competition
from benchmark.preparation.facts import CLASSES, Preparation, Renumber, Rows, Table
from benchmark.preparation.files import place_tree
from benchmark.preparation.job import Job
from benchmark.preparation.media import place_media
from benchmark.preparation.split import Halves, group_keys, split_rows
from benchmark.preparation.tables import column, read_table, shaped, write_table
from benchmark.submission_schema import ALL_OTHERS


@dataclass(frozen=True)
class Parts:
    """The two halves of the rows."""

    train: pd.DataFrame
    """The train rows under their new names, in the order in which they come out."""
    test: pd.DataFrame
    """The test rows, the same."""
    raw_train: pd.DataFrame
    """The same train rows under their raw names."""
    raw_test: pd.DataFrame
    """The same test rows under their raw names."""

    def rows(self, which: Rows) -> pd.DataFrame:
        """One half, or both, train first."""
        if which == "all":
            return pd.concat([self.train, self.test])
        return self.train if which == "train" else self.test


def follow(job: Job) -> None:
    """Makes everything that the facts describe.

    Raises:
        BenchmarkError: The raw files are not what the facts expect.
    """
    from benchmark.preparation.large import follow_large

    facts = facts_of(job.competition)
    if facts.read.rows_at_a_time is not None:
        follow_large(job)
        return
    parts = None
    if facts.table is not None or facts.listing is not None:
        parts = divide(job, read_source(job))
    write_tables(job, parts, facts.tables)
    place_all(job, parts)


def facts_of(competition: Competition) -> Preparation:
    """The preparation section of a competition that has one."""
    if competition.preparation is None:
        raise ValueError(f"{competition.id} has no preparation")
    return competition.preparation


def read_source(job: Job) -> pd.DataFrame:
    """The table whose rows are split.

    Raises:
        BenchmarkError: It is not there, or no such table.
    """
    facts = facts_of(job.competition)
    if facts.table is not None:
        job.say(f"reading {facts.table}")
        return read_table(job.raw.path(facts.table), facts.read)
    if facts.listing is None:
        raise ValueError(f"{job.competition.id}: neither a table nor a listing")
    return pd.DataFrame(job.raw.rows(facts.listing, facts.listing_suffix), dtype=str)


def divide(job: Job, table: pd.DataFrame) -> Parts:
    """Splits a table as the facts say, and gives the rows their new names.

    Raises:
        BadRaw: It has too few rows, or lacks a column.
    """
    facts = facts_of(job.competition)
    if job.competition.split.method == "official":
        nothing = np.arange(0)
        halves = Halves(np.arange(len(table)), nothing)
    else:
        halves = split_rows(table, job.competition.split, raw_test_items(job))
    raw = [table.iloc[positions] for positions in halves]
    if facts.renumber is None:
        return Parts(*raw, *raw)
    keys = group_keys(table, job.competition.split) if facts.renumber.groups else None
    train, test = renumbered(facts.renumber, raw[0], raw[1], keys)
    return Parts(train, test, *raw)


def raw_test_items(job: Job) -> int | None:
    """How many files the original test set has, where the split follows it."""
    pattern = job.competition.split.test_fraction_as
    return None if pattern is None else len(job.raw.names(pattern))


def renumbered(
    facts: Renumber, train: pd.DataFrame, test: pd.DataFrame, keys: "pd.Series[str] | None" = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both halves with new names in one column.

    Args:
        facts: How they are named.
        train: The train rows in their order.
        test: The test rows in theirs.
        keys: The group of every row, by index, where rows of a group share a name.
    """
    out: list[pd.DataFrame] = []
    start = facts.start
    for rows, template in ((train, facts.train), (test, facts.test)):
        numbers = np.arange(len(rows)) if keys is None else pd.factorize(keys.loc[rows.index])[0]
        names = pd.Series(numbers + start, index=rows.index)
        if template != "{n}":
            names = pd.Series([template.format(n=number) for number in names], index=rows.index, dtype=str)
        out.append(rows.assign(**{facts.column: names}))
        start += len(rows) if facts.continues else 0
    return out[0], out[1]


def predicted(competition: Competition) -> tuple[str, ...]:
    """The predicted columns of a submission, also where the facts do not list them."""
    if ALL_OTHERS not in competition.submission.columns:
        return competition.submission.listed
    return tuple((competition.folder / CLASSES).read_text(encoding="utf-8").splitlines())


def write_tables(job: Job, parts: Parts | None, tables: Mapping[str, Table]) -> None:
    """Writes tables.

    Raises:
        BenchmarkError: A raw table is not there or lacks a column.
    """
    names = predicted(job.competition)
    columns = (*job.competition.submission.ids, *names)
    for target, facts in tables.items():
        job.say(f"writing {target}")
        rows = _rows(job, parts, facts)
        write_table(shaped(rows, facts, names, columns), job.place(target), facts.quote)


def _rows(job: Job, parts: Parts | None, facts: Table) -> pd.DataFrame:
    if facts.of is None:
        if parts is None:
            raise ValueError(f"{job.competition.id}: a table without `of`, and no table that is split")
        return parts.rows(facts.rows)
    other = read_table(job.raw.path(facts.of), facts_of(job.competition).read)
    if facts.rows == "all":
        return other
    if parts is None or facts.match is None:
        raise ValueError(f"{job.competition.id}: {facts.of} follows no split")
    chosen = parts.raw_train if facts.rows == "train" else parts.raw_test
    return other[column(other, facts.match, facts.of).isin(column(chosen, facts.match))]


def place_all(job: Job, parts: Parts | None) -> None:
    """Places copies, media and folders.

    Raises:
        MissingRaw: A raw file is not there.
    """
    facts = facts_of(job.competition)
    for target, source in facts.copies.items():
        path = job.raw.path(source)
        job.say(f"copying {source}")
        place_tree(path, job.place(target), job.raw.movable(path))
    for media in facts.media:
        if parts is None:
            raise ValueError(f"{job.competition.id}: media without rows")
        job.say(f"placing the files of {media.source}")
        if media.train is not None:
            place_media(job, media.source, parts.raw_train, media.train, parts.train)
        if media.test is not None:
            place_media(job, media.source, parts.raw_test, media.test, parts.test)
    for folder in facts.folders:
        job.place(folder).mkdir(parents=True, exist_ok=True)

"""Reads raw tables and writes prepared ones, byte for byte the same with every supported pandas.

Numbers are read exactly: pandas does so by itself from 3.1, and has to be told before. They are written as
the shortest text that reads back the same.
"""

import csv
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.exact import EXACT
from benchmark.preparation.archives import is_archive, pack
from benchmark.preparation.errors import BadRaw
from benchmark.preparation.facts import Reading, Table


def read_table(path: Path, reading: Reading | None = None) -> pd.DataFrame:
    """A raw table, whole.

    Raises:
        BadRaw: It is no such table.
    """
    try:
        # Types are guessed piece by piece, as upstream has it: a column of mixed text and numbers keeps both.
        with warnings.catch_warnings(action="ignore", category=pd.errors.DtypeWarning):
            options = _options(path, reading or Reading())
            return pd.read_csv(path, **options)  # pyright: ignore[reportUnknownVariableType]
    except (ValueError, pd.errors.ParserError) as error:
        raise BadRaw(path, f"not a table: {error}") from error


def read_pieces(path: Path, reading: Reading, columns: list[int] | None = None) -> Iterator[pd.DataFrame]:
    """A raw table in pieces of `rows_at_a_time` rows, each with the types that the facts give.

    Args:
        path: The table.
        reading: How it is read.
        columns: The positions of the columns wanted, if not all are.

    Raises:
        BadRaw: It is no such table.
    """
    try:
        with pd.read_csv(
            path, chunksize=reading.rows_at_a_time, usecols=columns, **_options(path, reading)
        ) as pieces:
            yield from pieces
    except (ValueError, pd.errors.ParserError) as error:
        raise BadRaw(path, f"not a table: {error}") from error


def _options(path: Path, reading: Reading) -> dict[str, Any]:
    options: dict[str, Any] = {"sep": _separator(path.name), **EXACT}
    if not reading.na:
        options |= {"keep_default_na": False, "na_values": [""]}
    if reading.types:
        options["dtype"] = dict(reading.types)
    return options


def column(table: pd.DataFrame, name: str, source: Path | str = "the raw table") -> "pd.Series[Any]":
    """A column of a raw table.

    Args:
        table: The table.
        name: What the column is called.
        source: Where the table is from, for the message.

    Raises:
        BadRaw: It has no such column.
    """
    if name not in table:
        raise BadRaw(source, f"it has no column {name!r}")
    return table[name]


def write_table(table: pd.DataFrame, path: Path, quote: str = "needed") -> None:
    """Writes a table as `.csv` or `.tsv`, or as an archive that holds one of the same name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not is_archive(path.name):
        write_lines(table, path, quote)
        return
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".table-") as folder:
        inner = Path(folder) / path.stem
        write_lines(table, inner, quote)
        pack(path, [(inner.name, inner)])


def write_lines(table: pd.DataFrame, path: Path, quote: str = "needed", more: bool = False) -> None:
    """Writes rows as text; with `more`, after those that are there, without a header."""
    quoting = csv.QUOTE_NONNUMERIC if quote == "text" else csv.QUOTE_MINIMAL
    table.to_csv(
        path,
        index=False,
        sep=_separator(path.name),
        lineterminator="\n",
        quoting=quoting,
        mode="a" if more else "w",
        header=not more,
    )


def shaped(
    table: pd.DataFrame, facts: Table, predicted: tuple[str, ...], columns: tuple[str, ...]
) -> pd.DataFrame:
    """The rows of a table in the columns that the facts ask for.

    Args:
        table: The rows, in their order.
        facts: What the written table looks like.
        predicted: The predicted columns of a submission.
        columns: All columns of a submission.

    Raises:
        BadRaw: A column is not there, or a class is none of the competition's.
    """
    out = table
    if facts.one_hot is not None:
        out = pd.concat([out, one_hot(column(table, facts.one_hot), predicted)], axis=1)
    out = _with(out, {name: composed(table, template) for name, template in facts.compose.items()})
    constants = dict(facts.set)
    if facts.fill is not None:
        constants |= dict.fromkeys(predicted, facts.fill)
    out = _with(out, constants)
    keep = columns if facts.keep == "submission" else facts.keep
    drop = predicted if facts.drop == "predicted" else facts.drop
    missing = sorted({*(keep or ()), *drop} - set(out.columns))
    if missing:
        raise BadRaw("the raw table", f"it has no column {', '.join(missing)}")
    return out.drop(columns=list(drop))[list(keep)] if keep else out.drop(columns=list(drop))


def one_hot(labels: "pd.Series[Any]", classes: tuple[str, ...]) -> pd.DataFrame:
    """One 0/1 column per class, also for classes that no row has.

    Raises:
        BadRaw: A label is none of the classes.
    """
    codes = pd.Index(classes).get_indexer(pd.Index(labels.astype(str)))
    if (codes < 0).any():
        raise BadRaw("the raw table", f"the label {labels[codes < 0].iloc[0]!r} is none of the classes")
    marks = np.zeros((len(labels), len(classes)), dtype=np.int64)
    marks[np.arange(len(labels)), codes] = 1
    return pd.DataFrame(marks, columns=list(classes), index=labels.index)


def composed(table: pd.DataFrame, template: str) -> "pd.Series[Any]":
    """A column made of others by a template; `{a}` alone is a copy, missing cells and all."""
    import string

    pieces = list(string.Formatter().parse(template))
    if len(pieces) == 1 and not pieces[0][0]:
        return column(table, str(pieces[0][1]))
    out = pd.Series("", index=table.index, dtype=str)
    for literal, field, *_ in pieces:
        out = out + literal
        if field is not None:
            out = out + column(table, field).astype(str)
    return out


def _with(table: pd.DataFrame, columns: Mapping[str, Any]) -> pd.DataFrame:
    """A table with columns set; new ones come last, all at once, for there may be hundreds."""
    values = {name: np.nan if value is None else value for name, value in columns.items()}
    known = {name: value for name, value in values.items() if name in table}
    fresh = {name: value for name, value in values.items() if name not in table}
    out = table.assign(**known)
    return pd.concat([out, pd.DataFrame(fresh, index=table.index)], axis=1) if fresh else out


def _separator(name: str) -> str:
    return "\t" if ".tsv" in name else ","

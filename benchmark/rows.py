"""Which row of a submission belongs to which row that was asked for.

Ids are compared as they are written; ids that are all whole numbers are compared as numbers, so that `007`
and `7.0` name the same row. Rows may have several id columns, and ids may repeat: then the first row of an
id in the submission belongs to the first one that was asked for, and so on.
"""

# The stubs of pandas and pyarrow leave many types open, and functions out.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from benchmark.cells.common import text_array
from benchmark.text import quoted
from benchmark.verdict import Code, Rejected

WHOLE = r"[+-]?[0-9]{1,19}"
"""A whole number that may fit into 64 bits; those of 19 digits may also not."""
LARGEST = 2**63 - 1
NO_NUMBER = -(2**63)
"""Stands for an id that is no whole number of 64 bits."""
BETWEEN = "\x1f"
"""Joins the ids of a row. No id that is asked for holds it, so that no other ids join to the same text."""
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Ids:
    """The rows that are asked for: one Series for each id column, text or whole numbers."""

    columns: Mapping[str, pd.Series]
    public: bool = False
    """Whether messages may name them: ids of answers stay unnamed."""

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def types(self) -> dict[str, str | None]:
        """What a reader may convert the id columns to: whole numbers, where all ids are."""
        return {name: _type(column) for name, column in self.columns.items()}

    @cached_property
    def encoded(self) -> pa.DictionaryArray:
        """The different ids in the order of first appearance, and which of them each row has."""
        return pc.dictionary_encode(_keys(list(self.columns.values()))).combine_chunks()

    @cached_property
    def starts(self) -> Places:
        """For each different id the first row that has it."""
        return np.flatnonzero(~pd.Series(self.encoded.indices.to_numpy()).duplicated().to_numpy())

    @property
    def unique(self) -> bool:
        """Whether no id repeats."""
        return len(self.encoded.dictionary) == len(self)

    def texts(self) -> list[str]:
        """The ids as text, joined with blanks where there are several columns."""
        parts = [column.astype("str") for column in self.columns.values()]
        joined = parts[0]
        for part in parts[1:]:
            joined = joined + " " + part
        return joined.tolist()


def as_ids(columns: Mapping[str, pd.Series], *, public: bool) -> Ids:
    """The ids in columns of text or of whole numbers."""
    return Ids({name: _numbers(cells) for name, cells in columns.items()}, public)


def row_order(found: Mapping[str, pd.Series], ids: Ids, *, others: bool) -> Places | None:
    """For each row that is asked for, in order, the row of the submission; None where the order is the same.

    Args:
        found: The id columns of the submission.
        ids: The rows that are asked for.
        others: Whether the submission may have other rows.

    Raises:
        Rejected: An id is unknown, missing, or there too often.
    """
    written = [found[name] for name in ids.columns]
    columns = [_like(cells, column) for cells, column in zip(written, ids.columns.values(), strict=True)]
    expected = list(ids.columns.values())
    count = len(columns[0])
    if count == len(ids) and all(_same(a, b) for a, b in zip(columns, expected, strict=True)):
        return None
    places = _places(columns, ids)
    unknown = np.flatnonzero(places < 0)
    if len(unknown) and not others:
        raise Rejected(
            Code.UNKNOWN_ID,
            f"{len(unknown)} rows have an id that is not in the sample submission: "
            f"{_shown(written, unknown)}.",
        )
    rows = np.flatnonzero(places >= 0)
    return (
        _unique_order(columns, places, rows, ids)
        if ids.unique
        else _counted_order(columns, places, rows, ids)
    )


def _unique_order(columns: Sequence[pd.Series], places: Places, rows: Places, ids: Ids) -> Places:
    taken = np.bincount(places[rows], minlength=len(ids))
    if taken.max(initial=0) > 1:
        repeated = rows[pd.Series(places[rows]).duplicated().to_numpy()]
        raise Rejected(Code.DUP_ID, f"{len(repeated)} rows repeat an id: {_shown(columns, repeated)}.")
    order = np.full(len(ids), -1, dtype=np.int64)
    order[places[rows]] = rows
    _refuse_absent(np.flatnonzero(order < 0), ids)
    return order


def _counted_order(columns: Sequence[pd.Series], places: Places, rows: Places, ids: Ids) -> Places:
    """The same for ids that repeat; `places` holds the first row of each id."""
    own = ids.starts[ids.encoded.indices.to_numpy()]
    asked, given = (np.bincount(side, minlength=len(ids)) for side in (own, places[rows]))
    repeated = rows[(given > asked)[places[rows]]]
    if len(repeated):
        raise Rejected(
            Code.DUP_ID, f"{len(repeated)} rows repeat an id too often: {_shown(columns, repeated)}."
        )
    _refuse_absent(np.flatnonzero(given < asked), ids)
    order = np.empty(len(ids), dtype=np.int64)
    order[np.argsort(own, kind="stable")] = rows[np.argsort(places[rows], kind="stable")]
    return order


def _refuse_absent(absent: Places, ids: Ids) -> None:
    if len(absent):
        shown = f": {_shown(list(ids.columns.values()), absent)}" if ids.public else ""
        raise Rejected(Code.MISSING_ID, f"{len(absent)} of {len(ids)} ids have no row{shown}.")


def _places(columns: Sequence[pd.Series], ids: Ids) -> Places:
    """For each row of the submission the (first) row with its id that is asked for, or -1."""
    found = pc.index_in(_keys(columns), value_set=ids.encoded.dictionary)
    codes = pc.fill_null(found, -1).to_numpy()
    return np.where(codes < 0, -1, ids.starts[codes])


def _keys(columns: Sequence[pd.Series]) -> pa.ChunkedArray:
    """One value for each row: its id, or its ids as one text."""
    arrays = [pa.chunked_array([pa.array(cells)]) if _type(cells) else text_array(cells) for cells in columns]
    if len(arrays) == 1:
        return arrays[0]
    texts = (array.cast(pa.large_string()) for array in arrays)
    return pc.binary_join_element_wise(*texts, pa.scalar(BETWEEN, pa.large_string()))


def _type(column: pd.Series) -> str | None:
    return "int64" if pd.api.types.is_integer_dtype(column) else None


def _same(found: pd.Series, expected: pd.Series) -> bool:
    return bool((found.reset_index(drop=True) == expected).all())


def _like(found: pd.Series, expected: pd.Series) -> pd.Series:
    """Ids of a submission in the form of those that are asked for; what cannot have it is no id at all."""
    found = found.reset_index(drop=True)
    if _type(expected) == _type(found):
        return found if _type(found) else _trimmed(found, expected)
    stripped = found.str.strip().str.replace(r"\.0*$", "", regex=True)
    return pd.Series(_integers(stripped))


def _integers(cells: pd.Series) -> NDArray[np.int64]:
    """Texts as whole numbers, `NO_NUMBER` for those that are none or do not fit."""
    whole = cells.str.fullmatch(WHOLE).to_numpy(dtype=bool, copy=True)
    # Only texts of 19 digits may be too large, and they are rare: Python's numbers have no end.
    long = whole & (cells.str.len() >= 19).to_numpy(dtype=bool)
    whole[long] = [abs(int(text)) <= LARGEST for text in cells[long]]
    numbers = np.full(len(cells), NO_NUMBER, dtype=np.int64)
    numbers[whole] = cells[whole].to_numpy(dtype=object).astype(np.int64)
    return numbers


def _trimmed(found: pd.Series, expected: pd.Series) -> pd.Series:
    """Ids without blanks around, where none of those that are asked for has any."""
    if len(found) == len(expected) and bool((found == expected).all()):
        return found
    return found if (expected != expected.str.strip()).any() else found.str.strip()


def _numbers(cells: pd.Series) -> pd.Series:
    """Ids as whole numbers, where all are."""
    cells = cells.reset_index(drop=True)
    if _type(cells) or len(cells) == 0 or not cells.iloc[:100].str.fullmatch(WHOLE).all():
        return cells
    numbers = _integers(cells)
    return cells if (numbers == NO_NUMBER).any() else pd.Series(numbers)


def _shown(columns: Sequence[pd.Series], rows: Places) -> str:
    values = [" ".join(str(column.iloc[row]) for column in columns) for row in rows[:3]]
    return quoted(values, len(rows))

"""The cells of a CSV file: quickly where every cell is what it should be, carefully where one is not.

Arrow's reader converts a column of numbers in a tenth of pandas' time, and refuses the file at the first odd
cell. Then pandas reads all cells as text, so that a message can show what is wrong. A file that the quick
reader takes is accepted; whatever it does not take is judged by the careful one.
"""

# The stubs of pandas and pyarrow leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import pyarrow as pa
from pyarrow import csv

from benchmark.verdict import Code, Rejected

BLOCK = 16 * 1024 * 1024
"""Bytes that Arrow reads at once; a row that is longer makes it refuse the file."""
QUOTE = b'"'
Sheet = Mapping[str, pd.Series]
"""The columns of a file by name: text, or numbers where the quick reader has converted them."""


def quick_sheet(data: bytes, header: Sequence[str], types: Mapping[str, str | None]) -> Sheet | None:
    """The columns that `types` names, converted to the types it gives (else text); None for any odd cell.

    Args:
        data: The file, of valid UTF-8.
        header: The names of its columns, in order.
        types: Arrow's names of types by column.
    """
    places = {name: f"c{place}" for place, name in enumerate(header) if name in types}
    try:
        table = csv.read_csv(
            pa.py_buffer(data),
            # A thread would not survive the fork that a guarded child is.
            read_options=csv.ReadOptions(
                use_threads=False,
                block_size=BLOCK,
                column_names=[f"c{place}" for place in range(len(header))],
                skip_rows=1,
            ),
            parse_options=csv.ParseOptions(newlines_in_values=QUOTE in data),
            convert_options=csv.ConvertOptions(
                include_columns=list(places.values()),
                column_types={
                    place: pa.type_for_alias(types[name] or "large_string") for name, place in places.items()
                },
                null_values=[],
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    return {name: pd.Series(table.column(place).to_pandas()) for name, place in places.items()}


def careful_sheet(
    data: bytes, most: int | None, checked: Callable[[list[str]], Sequence[str]]
) -> dict[str, pd.Series]:
    """All cells as text, by the names of their columns.

    Args:
        data: The file.
        most: How many rows are read after the header; None for all.
        checked: Gives the names for a header, or raises `Rejected`.

    Raises:
        Rejected: The file is no table.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a warning about a foreign file is nobody's concern
            # Without `header` the first row stays data, so that no name is changed and no index is guessed.
            table = pd.read_csv(
                io.BytesIO(data),
                header=None,
                dtype=str,
                na_filter=False,
                nrows=None if most is None else most + 1,
                low_memory=False,
                encoding="utf-8",
            )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise Rejected(Code.NOT_CSV, f"The file is not well-formed CSV{_where(error)}.") from None
    # Once more: pandas decides what the header is, wherever Python's reader sees another one.
    names = checked([str(name) for name in table.iloc[0]])
    body = table.iloc[1:].reset_index(drop=True)
    return {name: body.iloc[:, place] for place, name in enumerate(names)}


def _where(error: Exception) -> str:
    """The place of a parse error, taken from pandas' text by its numbers alone."""
    fields = re.search(r"Expected ([0-9]+) fields in line ([0-9]+), saw ([0-9]+)", str(error))
    if fields:
        return f": line {fields[2]} has {fields[3]} fields, the first has {fields[1]}"
    return ": a quote is never closed" if "EOF inside string" in str(error) else ""


def own_sheet(
    data: bytes, header: Sequence[str], ids: Sequence[str], types: Mapping[str, str | None]
) -> Sheet:
    """Columns of a file of ours: ids as whole numbers where all are, the others as `types` says, else text.

    Args:
        data: The file.
        header: The names of its columns, in order.
        ids: The columns that name the rows.
        types: Arrow's names of types of the other columns.
    """
    for kind in ("int64", None) if _begins_with_numbers(data, header, ids) else (None,):
        sheet = quick_sheet(data, header, {**dict.fromkeys(ids, kind), **types})
        if sheet is not None:
            return sheet
    return careful_sheet(data, None, lambda _: list(header))


def _begins_with_numbers(data: bytes, header: Sequence[str], ids: Sequence[str]) -> bool:
    """Whether the ids of the first row are whole numbers: a look that spares a vain attempt."""
    places = [list(header).index(name) for name in ids]
    first = pd.read_csv(io.BytesIO(data), nrows=1, dtype=str, usecols=places, na_filter=False)
    return all(re.fullmatch(r"\s*[+-]?[0-9]+\s*", text) for text in first.to_numpy().ravel())

"""Reads the bytes of a submission by the rules of a contract, or says what is wrong with them.

The grader and the contract check both come through here, so that they cannot disagree about form.
Messages hold counts, public expectations and up to three values from the file, cleaned; never the text of an
exception.
"""

# The stubs of pandas and py7zr leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import importlib
import io
import zipfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import pandas as pd

from benchmark.cells import KINDS
from benchmark.checks import CHECKS
from benchmark.contract import MAX_BYTES, SubmissionContract
from benchmark.intake import check_header, look
from benchmark.packages import needed
from benchmark.rows import Ids, Places, as_ids, row_order
from benchmark.sheets import Sheet, careful_sheet, own_sheet, quick_sheet
from benchmark.submission_schema import Check
from benchmark.verdict import Code, Rejected


class Expected(NamedTuple):
    """The rows that are asked for."""

    ids: Ids
    """Their ids."""
    cells: pd.DataFrame
    """What the sample or the answers hold in them, as text: the columns that a check looks at."""


class Submission(NamedTuple):
    """A submission that keeps its form."""

    values: pd.DataFrame
    """The predicted columns as their kinds read them, in the order of the expected rows."""
    places: Places | None
    """For each expected row the row of the file; None where the order is the same."""


def read_submission(data: bytes, contract: SubmissionContract, expected: Expected) -> Submission:
    """The predicted columns in the order of the expected rows.

    Raises:
        Rejected: The bytes are not a submission that keeps the contract.
    """
    header = look(data, contract)
    types = {name: KINDS[rule.kind].typed for name, rule in contract.columns.items()}
    quick = quick_sheet(data, header, {**expected.ids.types(), **types})
    if quick is not None:
        try:
            return _read(quick, contract, expected)
        except Rejected:
            pass  # the text itself tells better what is wrong
    most = None if contract.rows == "more" else len(expected.ids) + 1
    return _read(careful_sheet(data, most, lambda names: check_header(names, contract)), contract, expected)


def read_expected(contract: SubmissionContract) -> Expected:
    """The rows that a contract asks for, from its sample submission."""
    assert contract.sample is not None
    with open_table(contract.sample) as lines:
        data = lines.read()
    header = [str(name) for name in pd.read_csv(io.BytesIO(data), nrows=0).columns]
    types = dict.fromkeys(contract.columns if looked_at(contract) else ())
    return make_expected(own_sheet(data, header, contract.id_columns, types), contract)


def make_expected(sheet: Sheet, contract: SubmissionContract) -> Expected:
    """The rows that a contract asks for, from the columns of the sample or the answers."""
    ids = as_ids({name: sheet[name] for name in contract.id_columns}, public=contract.sample is not None)
    cells = {name: sheet[name] for name in contract.columns if name in sheet} if looked_at(contract) else {}
    return Expected(ids, pd.DataFrame(cells).reset_index(drop=True))


@contextmanager
def open_table(path: Path) -> Generator[IO[bytes]]:
    """A table of ours: the file itself, or the only file in a `.zip` or `.7z` archive."""
    if path.suffix == ".7z":
        yield io.BytesIO(_from_7z(path))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            (member,) = (name for name in archive.namelist() if not name.endswith("/"))
            with archive.open(member) as lines:
                yield lines
    else:
        with path.open("rb") as lines:
            yield lines


def _read(sheet: Sheet, contract: SubmissionContract, expected: Expected) -> Submission:
    _count_rows(len(sheet[contract.id_columns[0]]), contract, expected)
    found = {name: sheet[name] for name in contract.id_columns}
    order = row_order(found, expected.ids, others=contract.rows == "more")
    rules = contract.columns.items()
    table = as_table({name: parse(sheet[name], name, rule.kind, rule) for name, rule in rules})
    if order is not None:
        table = table.take(order).reset_index(drop=True)
    for rule in contract.checks:
        _apply(rule, table, expected)
    return Submission(table, order)


def as_table(columns: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Columns of equal length as a table; their rows are not compared, which takes long for many columns."""
    return pd.DataFrame({name: column.array for name, column in columns.items()}, copy=False)


def parse(cells: pd.Series, name: str, kind: str, rule: Any) -> pd.Series:  # noqa: ANN401 - a Column
    """The values of a column as its kind reads them."""
    return function_of(KINDS[kind].function)(cells.reset_index(drop=True), name, rule)


def function_of(name: str) -> Callable[..., Any]:
    """The function that is called `module:function`."""
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)


def _apply(rule: Check, table: pd.DataFrame, expected: Expected) -> None:
    function_of(CHECKS[rule.name].function)(table, expected.cells, **rule.params)


def _count_rows(rows: int, contract: SubmissionContract, expected: Expected) -> None:
    asked = len(expected.ids)
    if rows and (rows <= asked or contract.rows == "more"):
        return
    found = f"more than {asked}" if rows else "no"
    raise Rejected(Code.ROW_COUNT, f"Expected {asked} rows after the header, found {found} rows.")


def looked_at(contract: SubmissionContract) -> bool:
    """Whether a check looks at what the sample or the answers hold."""
    return any(CHECKS[rule.name].uses_expected for rule in contract.checks)


def _from_7z(path: Path) -> bytes:
    reason = f"{path.name} is a 7z archive"
    factory = needed("py7zr.io", "prepare", reason).BytesIOFactory(limit=MAX_BYTES)
    with needed("py7zr", "prepare", reason).SevenZipFile(path) as archive:
        archive.extractall(factory=factory)
    (content,) = factory.products.values()
    return content.read()

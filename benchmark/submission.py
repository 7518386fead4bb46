"""Reads the bytes of a submission by the rules of a contract, or says what is wrong with them.

The grader and the contract check both come through here, so that they cannot disagree about form.
Messages hold counts, public expectations and up to three values from the file, cleaned; never the text of an
exception.
"""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import csv
import io
import re
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmark.competition import Column
from benchmark.text import plain, quoted
from benchmark.verdict import Code, Rejected

if TYPE_CHECKING:
    from benchmark.contract import SubmissionContract

MAX_EXTRA_COLUMNS = 1000
"""Columns beyond the expected ones that are still parsed: more is no submission, and costs memory."""
HEADER_BYTES = 256 * 1024
"""Bytes that hold any header: 1000 columns with names of two hundred characters."""
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "<na>", "#n/a", "-nan", "nat"})
"""Texts, in lower case and without blanks around, that stand for no value; pandas writes most of them."""
MAGIC = {b"PK\x03\x04": "a zip archive", b"\x1f\x8b": "gzip data", b"PAR1": "a Parquet file"}
NUMBER = r"(?:[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?:inf|Inf|INF)(?:inity|INITY)?))"
INTEGER = re.compile(r"0|-?[1-9][0-9]*")
WHOLE = r"([+-]?)0*([0-9]+)(?:\.0*)?"


def read_submission(data: bytes, contract: "SubmissionContract") -> pd.DataFrame:
    """The predicted columns in the order of the contract's ids: floats, or class labels as text.

    Raises:
        Rejected: The bytes are not a submission that keeps the contract.
    """
    _look_at_bytes(data, contract)
    table = _parse(data, contract)
    order = _row_order(table[contract.id_column], contract)
    values = {name: _values(table[name], name, rule) for name, rule in contract.columns.items()}
    return pd.DataFrame(values).iloc[order].set_axis(list(contract.ids))


def canonical_labels(values: pd.Series, labels: tuple[str, ...]) -> pd.Series:
    """Labels without blanks around; where all known labels are whole numbers, `7.0` and `07` become `7`."""
    stripped = values.str.strip()
    if not all(INTEGER.fullmatch(label) for label in labels):
        return stripped
    parts = stripped.str.extract(f"^{WHOLE}$")
    whole = parts[0].replace({"+": ""}).fillna("") + parts[1].fillna("")
    return stripped.where(parts[1].isna(), whole.replace({"-0": "0"}))


def _look_at_bytes(data: bytes, contract: "SubmissionContract") -> None:
    if not data.strip():
        raise Rejected(Code.NOT_CSV, f"The file is empty; expected a header {_header(contract)} and rows.")
    for start, what in MAGIC.items():
        if data.startswith(start):
            raise Rejected(Code.NOT_CSV, f"The file is {what}; expected plain CSV text.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Rejected(Code.ENCODING, "The file is UTF-16; write it as UTF-8.")
    if b"\0" in data:
        raise Rejected(Code.NOT_CSV, "The file holds NUL bytes; expected plain CSV text.")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Rejected(Code.ENCODING, f"Byte {error.start} is not valid UTF-8.") from None
    _look_at_header(data, contract)


def _look_at_header(data: bytes, contract: "SubmissionContract") -> None:
    """Refuses a wrong header before pandas spends minutes and gigabytes on its width."""
    start = data[:HEADER_BYTES].decode("utf-8-sig", "ignore").lstrip()
    lines = csv.reader(io.StringIO(start, newline=""))
    try:
        header = next(lines, None)
        whole = len(data) <= HEADER_BYTES or lines.line_num < len(start.splitlines())
    except csv.Error:
        raise Rejected(
            Code.NOT_CSV, f"The header is not well-formed; expected {_header(contract)}."
        ) from None
    if header is None:  # a BOM alone, or what only Unicode calls white space
        raise Rejected(Code.NOT_CSV, f"The file is blank; expected a header {_header(contract)} and rows.")
    if len(header) > len(contract.header) + MAX_EXTRA_COLUMNS or not whole:
        raise Rejected(Code.COLUMNS, f"The header is far too long; expected {_header(contract)}.")
    _check_header(header, contract)


def _parse(data: bytes, contract: "SubmissionContract") -> pd.DataFrame:
    """All cells as text, under the columns that the header names."""
    expected = len(contract.ids)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a warning about a foreign file is nobody's concern
            # Without `header` the first row stays data, so that no name is changed and no index is guessed.
            table = pd.read_csv(
                io.BytesIO(data),
                header=None,
                dtype=str,
                na_filter=False,
                nrows=expected + 2,
                low_memory=False,
                encoding="utf-8",
            )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise Rejected(Code.NOT_CSV, f"The file is not well-formed CSV{_where(error)}.") from None
    header = [str(name) for name in table.iloc[0]]
    # Once more: pandas decides what the header is, wherever Python's reader sees another one.
    _check_header(header, contract)
    table = table.iloc[1:].set_axis(header, axis="columns").reset_index(drop=True)
    if len(table) > expected or table.empty:
        found = f"more than {expected}" if len(table) else "no"
        raise Rejected(Code.ROW_COUNT, f"Expected {expected} rows after the header, found {found} rows.")
    return table


def _where(error: Exception) -> str:
    """The place of a parse error, taken from pandas' text by its numbers alone."""
    fields = re.search(r"Expected ([0-9]+) fields in line ([0-9]+), saw ([0-9]+)", str(error))
    if fields:
        return f": line {fields[2]} has {fields[3]} fields, the first has {fields[1]}"
    return ": a quote is never closed" if "EOF inside string" in str(error) else ""


def _check_header(header: list[str], contract: "SubmissionContract") -> None:
    expected = contract.header
    missing = [name for name in expected if name not in header]
    if missing:
        found = f"found {quoted(header)}"
        raise Rejected(
            Code.COLUMNS, f"Column {quoted(missing)} is missing; expected {_header(contract)}, {found}."
        )
    for name in expected:
        if header.count(name) > 1:
            raise Rejected(Code.COLUMNS, f"Column '{plain(name)}' appears {header.count(name)} times.")
    extra = [name for name in header if name not in expected]
    if extra and contract.extra_columns == "rejected":
        raise Rejected(
            Code.COLUMNS, f"Column {quoted(extra)} does not belong here; expected {_header(contract)}."
        )


def _header(contract: "SubmissionContract") -> str:
    return f"'{plain(','.join(contract.header), limit=200)}'"


def _row_order(ids: pd.Series, contract: "SubmissionContract") -> np.ndarray:
    """For each id of the contract, in its order, the row that holds it."""
    known = pd.Index(contract.ids)
    places = known.get_indexer(pd.Index(ids))
    if (places < 0).any():
        places = known.get_indexer(pd.Index(canonical_labels(ids, contract.ids)))
    unknown = ids[places < 0]
    if len(unknown):
        raise Rejected(
            Code.UNKNOWN_ID,
            f"{len(unknown)} rows have an id that is not in the sample submission: {_examples(unknown)}.",
        )
    repeated = ids[pd.Series(places).duplicated()]
    if len(repeated):
        raise Rejected(Code.DUP_ID, f"{len(repeated)} rows repeat an id: {_examples(repeated)}.")
    order = np.full(len(known), -1)
    order[places] = np.arange(len(places))
    absent = known[order < 0]
    if len(absent):
        shown = quoted([str(name) for name in absent[:3]], len(absent))
        raise Rejected(Code.MISSING_ID, f"{len(absent)} of {len(known)} ids have no row: {shown}.")
    return order


def _values(cells: pd.Series, name: str, rule: Column) -> pd.Series:
    stripped = cells.str.strip()
    absent = stripped.str.lower().isin(MISSING) & ~stripped.isin(rule.classes)
    if absent.any():
        raise Rejected(Code.NAN, f"Column '{plain(name)}' has no value in {int(absent.sum())} rows.")
    return _labels(cells, name, rule) if rule.kind == "class" else _numbers(stripped, name, rule)


def _labels(cells: pd.Series, name: str, rule: Column) -> pd.Series:
    labels = canonical_labels(cells, rule.classes)
    wrong = cells[~labels.isin(rule.classes)]
    if wrong.empty:
        return labels
    # A text where the classes are numbers is another mistake than a number that is no class.
    numeric = all(INTEGER.fullmatch(label) for label in rule.classes)
    typed = not numeric or wrong.str.strip().str.fullmatch(NUMBER).all()
    expected = f"expected one of {quoted(list(rule.classes))}"
    raise Rejected(
        Code.OUT_OF_RANGE if typed else Code.BAD_TYPE,
        f"Column '{plain(name)}' has {len(wrong)} values that are no class: {_examples(wrong)}; {expected}.",
    )


def _numbers(cells: pd.Series, name: str, rule: Column) -> pd.Series:
    wrong = cells[~cells.str.fullmatch(NUMBER)]
    if len(wrong):
        raise Rejected(
            Code.BAD_TYPE,
            f"Column '{plain(name)}' has {len(wrong)} values that are no number: {_examples(wrong)}.",
        )
    # Python's own conversion: exact to the last digit, whichever pandas is installed.
    numbers = cells.to_numpy(dtype=object).astype(np.float64)
    least, greatest = rule.bounds
    low = -np.inf if least is None else least
    high = np.inf if greatest is None else greatest
    inside = np.isfinite(numbers) & (numbers >= low) & (numbers <= high)
    outside = cells[~inside]
    if len(outside):
        expected = (
            "a finite number" if (least, greatest) == (None, None) else f"a number from {low:g} to {high:g}"
        )
        raise Rejected(
            Code.OUT_OF_RANGE,
            f"Column '{plain(name)}' has {len(outside)} values out of range: {_examples(outside)}; "
            f"expected {expected}.",
        )
    return pd.Series(numbers)


def _examples(values: pd.Series) -> str:
    return quoted([str(value) for value in values.iloc[:3]], len(values))

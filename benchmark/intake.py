"""A first look at the bytes of a submission: is it text, and has it the right header.

Nothing here is in proportion to the width of a line or the number of columns, so that no file is expensive.
"""

import codecs
import csv
import io
import re
from typing import TYPE_CHECKING

from benchmark.text import plain, quoted
from benchmark.verdict import Code, Rejected

if TYPE_CHECKING:
    from benchmark.contract import SubmissionContract

MAX_EXTRA_COLUMNS = 1000
"""Columns beyond the expected ones that are still parsed: more is no submission, and costs memory."""
HEADER_BYTES = 256 * 1024
"""Bytes that hold any header: 1000 columns with names of two hundred characters."""
CHUNK = 16 * 1024 * 1024
"""Bytes that are decoded at once to see whether they are UTF-8."""
MAGIC = {b"PK\x03\x04": "a zip archive", b"\x1f\x8b": "gzip data", b"PAR1": "a Parquet file"}


def look(data: bytes, contract: "SubmissionContract") -> tuple[str, ...]:
    """The header of the file, with the contract's names in place of their aliases.

    Raises:
        Rejected: The bytes are no UTF-8 text, or the header is not the contract's.
    """
    if not re.search(rb"[^\s]", data):
        raise Rejected(Code.NOT_CSV, f"The file is empty; expected a header {shown(contract)} and rows.")
    for start, what in MAGIC.items():
        if data.startswith(start):
            raise Rejected(Code.NOT_CSV, f"The file is {what}; expected plain CSV text.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Rejected(Code.ENCODING, "The file is UTF-16; write it as UTF-8.")
    if b"\0" in data:
        raise Rejected(Code.NOT_CSV, "The file holds NUL bytes; expected plain CSV text.")
    if not data.isascii():
        _refuse_other_encodings(data)
    return _header(data, contract)


def shown(contract: "SubmissionContract") -> str:
    """The expected header as messages show it."""
    return f"'{plain(','.join(contract.header), limit=200)}'"


def check_header(header: list[str], contract: "SubmissionContract") -> tuple[str, ...]:
    """The header with the contract's names in place of their aliases.

    Raises:
        Rejected: A column is missing, comes twice, does not belong there or stands in the wrong place.
    """
    names = _without_aliases(header, contract)
    expected = contract.header
    present = set(names)
    absent = [name for name in expected if name not in present]
    if absent:
        found = f"found {quoted(header)}"
        raise Rejected(
            Code.COLUMNS, f"Column {quoted(absent)} is missing; expected {shown(contract)}, {found}."
        )
    known = set(expected)
    wanted = [name for name in names if name in known]
    if len(wanted) > len(known):
        twice = next(name for name in expected if names.count(name) > 1)
        raise Rejected(Code.COLUMNS, f"Column '{plain(twice)}' appears {names.count(twice)} times.")
    extra = [name for name in names if name not in known]
    if extra and contract.extra_columns == "rejected":
        raise Rejected(
            Code.COLUMNS, f"Column {quoted(extra)} does not belong here; expected {shown(contract)}."
        )
    _check_order(names, contract)
    return tuple(names)


def _refuse_other_encodings(data: bytes) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(data), CHUNK):
        try:
            decoder.decode(data[start : start + CHUNK], final=start + CHUNK >= len(data))
        except UnicodeDecodeError as error:
            place = start + max(error.start, 0)
            raise Rejected(Code.ENCODING, f"The text near byte {place} is not valid UTF-8.") from None


def _header(data: bytes, contract: "SubmissionContract") -> tuple[str, ...]:
    """Refuses a wrong header before a parser spends minutes and gigabytes on its width."""
    start = data[:HEADER_BYTES].decode("utf-8-sig", "ignore").lstrip()
    lines = csv.reader(io.StringIO(start, newline=""))
    try:
        header = next(lines, None)
        whole = len(data) <= HEADER_BYTES or lines.line_num < len(start.splitlines())
    except csv.Error:
        raise Rejected(Code.NOT_CSV, f"The header is not well-formed; expected {shown(contract)}.") from None
    if header is None:  # a BOM alone, or what only Unicode calls white space
        raise Rejected(Code.NOT_CSV, f"The file is blank; expected a header {shown(contract)} and rows.")
    if len(header) > len(contract.header) + MAX_EXTRA_COLUMNS or not whole:
        raise Rejected(Code.COLUMNS, f"The header is far too long; expected {shown(contract)}.")
    return check_header(header, contract)


def _without_aliases(header: list[str], contract: "SubmissionContract") -> list[str]:
    aliases = {rule.alias: name for name, rule in contract.columns.items() if rule.alias}
    # An alias counts only where the column itself is missing.
    free = {alias: name for alias, name in aliases.items() if name not in header}
    return [free.get(name, name) for name in header]


def _check_order(names: list[str], contract: "SubmissionContract") -> None:
    ids = list(contract.id_columns)
    if contract.column_order == "id_first" and names[: len(ids)] != ids:
        raise Rejected(
            Code.COLUMNS, f"Column '{plain(ids[0])}' must be the first; expected {shown(contract)}."
        )
    if contract.column_order == "fixed" and tuple(names[: len(contract.header)]) != contract.header:
        raise Rejected(
            Code.COLUMNS, f"The columns must stand in the order of the sample submission: {shown(contract)}."
        )

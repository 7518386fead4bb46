"""`runs/<sweep>/ledger`: a line for every cell that ended, so that nobody has to read a thousand runs.

It is an index of the run folders and nothing more: a row counts only while its run folder holds a grade,
and what is missing in it is read from the run folders again. Lines are appended; the last one of a cell
holds.
"""

from collections.abc import Iterable
from pathlib import Path

import orjson
from pydantic import ValidationError

from experiments.files import append_lines
from experiments.results import Row, graded_ns, row_of

LEDGER_FILE = "ledger"


class SweepLedger:
    """What is known about the ended cells of one sweep folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / LEDGER_FILE
        self._rows = {row.cell: row for row in _read(self._path)}

    def add(self, row: Row) -> None:
        """Append a row, on disk when this returns."""
        self._append([row])

    def rows(self, cells: Iterable[str]) -> dict[str, Row]:
        """The rows of those of these cells that are done or have failed."""
        found = {cell: self._rows.get(cell) for cell in cells}
        return {cell: row for cell, row in found.items() if row is not None}

    def done(self, cells: Iterable[str]) -> set[str]:
        """Which of these cells are done."""
        return {cell for cell, row in self.rows(cells).items() if row.state == "done"}

    def bring_up_to_date(self, cells: Iterable[str], *, write: bool = True) -> None:
        """Take in grades that nobody noted or that changed, and drop rows whose grade is gone."""
        news: list[Row] = []
        for cell in cells:
            row, stamp = self._rows.get(cell), graded_ns(self._folder / cell)
            if stamp and (row is None or row.graded_ns != stamp):
                news.append(row_of(self._folder / cell))
            elif not stamp and row is not None and row.state == "done":
                del self._rows[cell]
        if write:
            self._append(news)
        else:
            self._rows.update({row.cell: row for row in news})

    def _append(self, rows: list[Row]) -> None:
        if not rows:
            return
        lines = [orjson.dumps(row.model_dump(mode="json")) for row in rows]
        append_lines(self._path, lines)
        self._rows.update({row.cell: row for row in rows})


def _read(path: Path) -> Iterable[Row]:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return
    for line in raw.split(b"\n"):
        try:
            yield Row.model_validate_json(line)
        except ValidationError:  # torn, or of an older version: read from the run folder instead
            continue

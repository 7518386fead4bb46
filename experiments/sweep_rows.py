"""The rows of whole sweeps, read with the help of their ledgers."""

from collections.abc import Sequence
from pathlib import Path

from experiments.cell import CELL_FILE
from experiments.results import Row, row_of
from experiments.sweep_folder import SweepFolder
from experiments.sweep_ledger import SweepLedger
from scaffolds.errors import UserError


def read_rows(paths: Sequence[Path]) -> list[Row]:
    """A row for every planned cell below these paths: sweeps, single runs, or folders that hold sweeps.

    A cell that several of them hold is as done as the furthest of them; results that differ are all kept.

    Raises:
        UserError: a path is none of these.
    """
    rows = [row for path in paths for row in _rows(path)]
    done = {row.cell for row in rows if row.state == "done"}
    others = {row.cell: row for row in rows if row.cell not in done}
    return [*dict.fromkeys(row for row in rows if row.state == "done"), *others.values()]


def sweep_rows(folder: SweepFolder) -> list[Row]:
    """A row for every planned cell of one sweep; nothing is written."""
    lock = folder.lock
    if lock is None:
        raise UserError(
            f"{str(folder.path)!r} is not the folder of a sweep: no sweep has begun there. One that keeps "
            "its runs elsewhere is found by its --runs-dir"
        )
    ledger = SweepLedger(folder.path)
    ledger.bring_up_to_date(lock.all_cells, write=False)
    known = ledger.rows(lock.all_cells)
    rows = [known.get(cell) or row_of(folder.path / cell) for cell in lock.all_cells]
    return [row.model_copy(update={"added": row.cell in lock.added_cells}) for row in rows]


def _rows(path: Path) -> list[Row]:
    if SweepFolder(path).lock is not None:
        return sweep_rows(SweepFolder(path))
    if (path / CELL_FILE).exists():
        return [row_of(path)]
    sweeps = [inner for inner in _folders(path) if SweepFolder(inner).lock is not None]
    if not sweeps:
        raise UserError(
            f"{str(path)!r} is no sweep, no run, and no folder of sweeps. Sweeps are kept below runs/"
        )
    return [row for sweep in sweeps for row in sweep_rows(SweepFolder(sweep))]


def _folders(path: Path) -> list[Path]:
    return sorted(inner for inner in path.iterdir() if inner.is_dir()) if path.is_dir() else []

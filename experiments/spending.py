"""`runs/<sweep>/spending`: what the cells of a sweep have spent, and what their calls in flight may cost.

It is how processes that ask models at the same time keep one limit of dollars between them. The truth about
what was spent is in the logs of the runs; the sweep writes this anew from them whenever it starts.
"""

import contextlib
import sqlite3
import time
from collections.abc import Generator, Mapping
from pathlib import Path

from scaffolds.errors import UserError
from scaffolds.models.protocol import ModelRequest

SPENDING_FILE = "spending"
SWEEP_SPENT = "sweep.max_usd"
"""Code of the error with which a run is left whose next call could pass the limit of its sweep."""
_LOOK_S = 1.0
_GIVE_UP_S = 4 * 3600.0
"""For what other runs have reserved: longer than a call may take by default, two hours of patience and one of
answering, so they are dead and nobody noticed."""
_LOCKED_S = 60.0

_TABLES = """
CREATE TABLE sweep (max_usd REAL);
CREATE TABLE cells (cell TEXT PRIMARY KEY, spent REAL, reserved REAL);
"""
_SET = "INSERT OR REPLACE INTO cells VALUES (?, ?, ?)"
# Lanes may say what their run has spent in another order than they have spent it.
_SPEND = "UPDATE cells SET spent = max(spent, ?) WHERE cell = ?"
_ADD = "UPDATE cells SET reserved = max(0, reserved + ?) WHERE cell = ?"


class Spending:
    """The account of a sweep, as the sweep keeps it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / SPENDING_FILE

    def begin(self, max_usd: float | None, spent: Mapping[str, float]) -> None:
        """Start from what the logs say, by cell; without a limit there is no account."""
        new = self._path.with_suffix(".new")
        for path in (self._path, new):
            # A process that was killed in a transaction has left its journal, which is of no other file.
            path.unlink(missing_ok=True)
            path.with_name(f"{path.name}-journal").unlink(missing_ok=True)
        if max_usd is None:
            return
        with _transaction(new) as account:
            for statement in filter(None, map(str.strip, _TABLES.split(";"))):
                account.execute(statement)
            account.execute("INSERT INTO sweep VALUES (?)", (max_usd,))
            account.executemany(_SET, [(cell, usd, 0.0) for cell, usd in spent.items()])
        new.rename(self._path)

    def ended(self, cell: str, spent: float) -> None:
        """A cell's process is gone, and nothing of it in flight."""
        if self._path.exists():
            with _transaction(self._path) as account:
                account.execute(_SET, (cell, spent, 0.0))


class CellPurse:
    """The account as one cell uses it: see `Purse`."""

    def __init__(self, run: Path) -> None:
        self._path = run.parent / SPENDING_FILE
        self._cell = run.name
        self.limited = self._path.exists()
        self._entered = False

    def reserve(self, usd: float, request: ModelRequest) -> None:
        """See `Purse.reserve`; raises `UserError` with the code `SWEEP_SPENT`."""
        if not self.limited or not usd or self._reserved(usd):
            return
        with request.waiting("queueing: calls in flight of other runs may use up the dollars of the sweep"):
            give_up = time.monotonic() + _GIVE_UP_S
            while not self._reserved(usd):
                request.pause(_LOOK_S)
                if time.monotonic() > give_up:
                    raise _spent(usd, 0.0)

    def settle(self, usd: float, spent: float) -> None:
        """See `Purse.settle`."""
        if self.limited and usd:
            with _transaction(self._path) as account:
                account.execute(_ADD, (-usd, self._cell))
                account.execute(_SPEND, (spent, self._cell))

    def _reserved(self, usd: float) -> bool:
        """Reserve the dollars; false while others may need them."""
        with _transaction(self._path) as account:
            self._enter(account)
            found = account.execute("SELECT max_usd, sum(spent), sum(reserved) FROM sweep, cells").fetchone()
            max_usd, spent, reserved = map(float, found)
            free = spent + reserved + usd <= max_usd
            if free:
                account.execute(_ADD, (usd, self._cell))
        if spent + usd > max_usd:
            # Not inside: the transaction would be undone, and with it that the cell has entered.
            raise _spent(usd, max_usd - spent)
        return free

    def _enter(self, account: sqlite3.Connection) -> None:
        """Begin: what an earlier process of the cell had in flight is lost."""
        if not self._entered:
            account.execute("INSERT OR IGNORE INTO cells VALUES (?, 0, 0)", (self._cell,))
            account.execute("UPDATE cells SET reserved = 0 WHERE cell = ?", (self._cell,))
            self._entered = True


def _spent(usd: float, left: float) -> UserError:
    return UserError(
        f"the next call may cost ${usd:.4g}, and ${max(0.0, left):.4g} of the sweep's `max_usd` are left. "
        "Nothing is lost: raise it, and the same command goes on from here",
        code=SWEEP_SPENT,
    )


@contextlib.contextmanager
def _transaction(path: Path) -> Generator[sqlite3.Connection]:
    """Alone with the account; what is written in it is there for all when it ends."""
    # Nothing is synced: after a crash of the machine, the sweep writes it anew.
    with contextlib.closing(sqlite3.connect(path, timeout=_LOCKED_S, isolation_level=None)) as account:
        account.execute("PRAGMA synchronous = OFF")
        account.execute("BEGIN IMMEDIATE")
        try:
            yield account
        except BaseException:
            account.execute("ROLLBACK")
            raise
        account.execute("COMMIT")

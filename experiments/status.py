"""How a sweep stands, read from its folder: what is done, failed, at work, waiting."""

from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from rich.console import Console

from experiments.dollars import dollars
from experiments.results import Row, short_reason
from experiments.sweep_folder import SweepFolder
from experiments.sweep_rows import sweep_rows
from sandbox.text import printable
from scaffolds.words import one_line

_REASON_CHARS = 160


def status(path: Path) -> dict[str, Any]:
    """The sweep in `path` as a record.

    Raises:
        UserError: there is no sweep.
    """
    folder = SweepFolder(path)
    rows, at_work = sweep_rows(folder), folder.at_work
    cells = [{"cell": row.cell, "state": _state(row, path, at_work), **_facts(row)} for row in rows]
    states = [cell["state"] for cell in cells]
    lock = folder.lock
    assert lock is not None
    return {
        "sweep": str(path),
        "plan_hash": lock.hash,
        "at_work": at_work,
        **{name: states.count(name) for name in ("done", "failed", "running", "begun", "waiting")},
        "cells": cells,
    }


def print_status(record: dict[str, Any], console: Console) -> None:
    """Show it to a person."""
    names = ("done", "failed", "running", "begun", "waiting")
    numbers = ", ".join(f"{record[name]} {name}" for name in names if record[name])
    work = "a sweep is at work" if record["at_work"] else "nobody is at work"
    console.print(f"{record['sweep']}: {numbers}; {work}", markup=False)
    for cell in record["cells"]:
        if cell["state"] in ("failed", "running", "begun"):
            reason = f": {cell['reason']}" if cell["reason"] else ""
            usd = dollars(cell["known_usd"], complete=cell["usd"] is not None)
            words = f"  {cell['state']:8} {cell['cell']}, step {cell['step']}, {usd}{reason}"
            console.print(printable(words), markup=False, soft_wrap=True)


def _state(row: Row, path: Path, at_work: bool) -> str:
    if row.state != "done" and at_work and _is_locked(path / row.cell):
        return "running"
    if row.state != "unfinished":
        return row.state
    return "begun" if row.codes or row.seconds else "waiting"


def _facts(row: Row) -> dict[str, Any]:
    return {
        "step": row.steps,
        "validation": row.validation,
        "score": row.score,
        "usd": row.usd,
        "known_usd": row.known_usd,
        "seconds": round(row.seconds, 1),
        "reason": one_line(printable(short_reason(row.reason)), _REASON_CHARS),
    }


def _is_locked(run: Path) -> bool:
    if not (run / ".lock").exists():
        return False
    try:
        with FileLock(run / ".lock").acquire(timeout=0):
            return False
    except Timeout:
        return True

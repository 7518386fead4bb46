"""`python -m experiments.fork RUN --at EVENT --out FOLDER`: a new run that begins as another did.

The events before `--at` are copied; the new run replays them without asking anybody and goes on live
from there. It is the same replay that a resume uses: a fork is a resume of a shorter log.
"""

import shutil
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from benchmark.whole_file import whole_folder
from experiments.cell import CELL_FILE, Cell, load_cell
from experiments.console import OUT, command, type_next
from experiments.files import write_json
from scaffolds.errors import UserError
from scaffolds.registry import find_resolved
from scaffolds.runtime.events import RUN_END, RUN_FORK, SUBMISSION_SAVED, Event
from scaffolds.runtime.log import BLOBS_FOLDER, EVENTS_FILE, EventLog, LogReader


def fork(run: Path, at: int, out: Path) -> Path:
    """Make `out` a run that shares the events of `run` before the one numbered `at`.

    The fork belongs to today's prompts and code: its cell takes the scaffold's present templates.

    Raises:
        UserError: `run` is no run, `at` is not inside it, or `out` exists.
    """
    source = LogReader(run)
    if not 0 < at <= len(source.events):
        raise UserError(
            f"--at {at} is outside the run: give 1 to {len(source.events)}; inspect shows where steps begin"
        )
    if out.exists():
        raise UserError(f"{str(out)!r} exists already; choose another --out")
    cell = load_cell(run)
    kept = [event for event in source.events[:at] if event.type not in (RUN_END, SUBMISSION_SAVED)]
    _write(run, kept, {"parent": str(source.events[0].data.get("cell", run.name)), "at": at}, cell, out)
    return out


def _write(run: Path, kept: list[Event], facts: dict[str, Any], cell: Cell, out: Path) -> None:
    """Make the new run beside its place and move it there: after a death the same command begins anew."""
    kind = find_resolved(cell.scaffold)
    forked = cell.model_copy(update={"templates": kind.templates(), "scaffold_version": kind.version})
    with whole_folder(out, out.with_name(f".{out.name}.unfinished")) as work:
        shutil.copytree(run / BLOBS_FOLDER, work / BLOBS_FOLDER)
        (work / EVENTS_FILE).write_bytes(b"".join(_renumbered(kept)))
        log = EventLog(work)
        log.append(RUN_FORK, facts, step=kept[-1].step)
        log.close()
        write_json(work / CELL_FILE, forked.model_dump(mode="json"))


def _renumbered(events: list[Event]) -> list[bytes]:
    lines: list[bytes] = []
    for seq, event in enumerate(events):
        event.seq = seq
        lines.append(orjson.dumps(event.record(), option=orjson.OPT_APPEND_NEWLINE))
    return lines


def main(
    run: Annotated[Path, typer.Argument(help="The run to begin from.")],
    at: Annotated[int, typer.Option(help="First event that is not shared: inspect shows them.")],
    out: Annotated[Path, typer.Option(help="Folder of the new run.")],
) -> None:
    """Begin a new run from the middle of another."""
    fork(run, at, out)
    OUT.print("Go on with it:")
    type_next("experiments.run", out / CELL_FILE)


if __name__ == "__main__":
    command(main)()

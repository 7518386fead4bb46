"""`python -m experiments.sweep CONFIG`: plan the cells, run what is not done yet, show the results.

The same command again goes on where the last one stopped; it is the only way to resume.
"""

import os
import shlex
import signal
import sys
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console

from experiments.cell_pool import CellPool
from experiments.code import damage, environment, foreign_modules, running_code, snapshot, snapshot_code
from experiments.config import load_sweep
from experiments.console import ERR, OUT, command, taking, type_next
from experiments.dollars import dollars
from experiments.executor import Executor, SpendingLimit, Tally, jobs_for
from experiments.leases import Leases, default_folder
from experiments.plan import Plan, plan
from experiments.plan_view import plan_record, print_plan
from experiments.problem import Problem
from experiments.progress import Display, JsonLines, LiveTable, PlainLines, Progress, emit
from experiments.report import show
from experiments.results import Row
from experiments.spending import Spending
from experiments.status import print_status, status
from experiments.sweep_folder import CODE_FOLDER, SweepFolder
from experiments.sweep_ledger import SweepLedger
from sandbox.text import printable
from scaffolds.errors import UserError

_SHOWN_CHANGES = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for: each field is an argument or an option of it."""

    config: Annotated[
        Path,
        typer.Argument(
            help="A sweep file, such as configs/quickstart.yaml; for --status a sweep's folder too."
        ),
    ]
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Change a value: --set parallel=4 --set seeds=[0,1].")
    ] = None
    runs_dir: Annotated[Path, typer.Option(help="Where run folders are kept.")] = Path("runs")
    data_dir: Annotated[Path, typer.Option(help="Where prepared competitions are kept.")] = Path("data")
    only_plan: Annotated[
        bool, typer.Option("--plan", help="Show what would be run and what is missing; run nothing.")
    ] = False
    only_status: Annotated[bool, typer.Option("--status", help="Show how the sweep stands; run nothing.")] = (
        False
    )
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines for a program.")] = False
    new_code: Annotated[
        bool, typer.Option("--new-code", help="Go on with today's code instead of the sweep's copy.")
    ] = False
    other_gpu: Annotated[
        bool,
        typer.Option(
            "--allow-other-gpu",
            help="Run profiles whose kind of GPU is not here on other GPUs; reports mark such runs.",
        ),
    ] = False
    leases: Annotated[
        Path | None, typer.Option(help="Where sweeps of this machine claim cores, memory and GPUs.")
    ] = None

    @property
    def folder(self) -> SweepFolder:
        """The sweep's own folder, named after its config."""
        return SweepFolder(self.runs_dir / self.config.stem)

    @property
    def out(self) -> Console:
        """Where people read: standard output is a program's where it asked for JSON."""
        return ERR if self.as_json else OUT


def main(wanted: Wanted) -> None:
    """Run a sweep, or go on with it."""
    if wanted.only_status:
        _show_status(wanted.config if wanted.config.is_dir() else wanted.folder.path, wanted.as_json)
        return
    sweep = load_sweep(wanted.config, wanted.settings or ())
    foreign = foreign_modules(choice.name for choice in sweep.scaffolds)
    if not wanted.only_plan:
        _keep_to_the_code(wanted, foreign)
    planned = plan(sweep, wanted.data_dir, wanted.runs_dir, other_gpu=wanted.other_gpu)
    if wanted.only_plan:
        planned = _fitting(wanted.folder, planned)
    if wanted.only_plan or planned.problems:
        raise SystemExit(_show_plan(planned, wanted))
    for end in (signal.SIGTERM, signal.SIGHUP):  # a closed terminal ends the cells as Ctrl-C does
        signal.signal(end, signal.default_int_handler)
    with wanted.folder.alone():
        raise SystemExit(_sweep(planned, foreign, wanted))


def _fitting(folder: SweepFolder, planned: Plan) -> Plan:
    """A plan, with a problem more where its folder holds cells that it does not have."""
    if planned.problems or folder.lock is None:
        return planned
    try:
        folder.check(planned)
    except UserError as error:
        return replace(planned, problems=(Problem("folder", str(error)),))
    return planned


def _show_status(folder: Path, as_json: bool) -> None:
    record = status(folder)
    if as_json:
        typer.echo(orjson.dumps(record).decode())
    else:
        print_status(record, OUT)


def _show_plan(planned: Plan, wanted: Wanted) -> int:
    lock, done = wanted.folder.lock, 0
    if lock and not planned.problems:
        ids = {cell.id for cell in planned.cells()}
        done = len(SweepLedger(wanted.folder.path).done(ids & {*lock.all_cells}))
    words = [word for word in sys.argv[1:] if word not in ("--plan", "--json")]
    again = shlex.join(["python", "-m", "experiments.sweep", *words])
    if wanted.as_json:
        typer.echo(orjson.dumps(plan_record(planned, done, again)).decode())
    else:
        print_plan(planned, done, again, OUT)
    return 1 if planned.problems else 0


def _sweep(planned: Plan, foreign: tuple[str, ...], wanted: Wanted) -> int:
    """Bring all cells to their ends; returns the exit status."""
    folder = wanted.folder
    ids = folder.check(planned)
    ledger = SweepLedger(folder.path)
    ledger.bring_up_to_date(ids)
    done = ledger.done(ids)
    if len(done) == len(ids):
        wanted.out.print(
            f"All {len(ids)} cells in {folder.path} are done: there is nothing to run.", markup=False
        )
        return _conclude(ids, ledger, wanted)
    code = snapshot(folder.path / CODE_FOLDER, foreign)
    lock = folder.enter(planned, ids, running_code(foreign))
    executor = Executor(
        jobs_for(folder.path, (cell for cell in ids if cell not in done)),
        CellPool(folder.path, code),
        Leases(wanted.leases or default_folder(), planned.machine),
        planned.machine,
        ledger,
        lock.added_cells,
        planned.sweep.parallel,
        planned.sweep.max_usd,
        _tally(ledger.rows(done).values()),
        Spending(folder.path),
    )
    wanted.out.print(
        f"{len(ids)} cells in {folder.path}, {len(done)} of them done", markup=False, soft_wrap=True
    )
    with _said_when_stopped(executor, wanted), Progress(_display(wanted), executor) as progress:
        executor.run(progress.tick)
    return _conclude(ids, ledger, wanted)


def _tally(done: Collection[Row]) -> Tally:
    """What earlier processes of the sweep have come to."""
    usd, unpriced = sum(row.known_usd for row in done), any(row.usd is None for row in done)
    return Tally(done=len(done), usd=usd, unpriced=unpriced)


def _keep_to_the_code(wanted: Wanted, foreign: tuple[str, ...]) -> None:
    """Where the code changed since the sweep began, become a process that runs the sweep's copy."""
    recorded = wanted.folder.code
    if recorded is None or wanted.new_code:
        return
    held = snapshot_code(recorded)
    if held is None:
        wanted.out.print(
            f"The sweep's copy of its code, {recorded}, is gone; it goes on with today's.", markup=False
        )
        return
    changed = held.differences(running_code(foreign))
    if not changed:
        return
    if broken := damage(recorded, held):
        raise UserError(f"{str(recorded / broken)!r} is damaged; --new-code goes on with today's code")
    more = " and others" if len(changed) > _SHOWN_CHANGES else ""
    wanted.out.print(
        f"The code changed since this sweep began ({', '.join(changed[:_SHOWN_CHANGES])}{more}). It goes on "
        "with the copy that it began with; --new-code takes today's.",
        markup=False,
        soft_wrap=True,
    )
    sys.stdout.flush()
    words = [sys.executable, "-P", "-m", "experiments.sweep", *sys.argv[1:]]
    os.execve(sys.executable, words, environment(recorded))


@contextmanager
def _said_when_stopped(executor: Executor, wanted: Wanted) -> Generator[None]:
    try:
        yield
    except KeyboardInterrupt:
        wanted.out.print("\nStopped; nothing is lost. The same command goes on from here:")
        type_next("experiments.sweep", *sys.argv[1:], console=wanted.out)
        raise SystemExit(130) from None
    except SpendingLimit:
        raise UserError(
            f"stopped: {dollars(executor.spent_usd, complete=not executor.unpriced)} are spent and `max_usd` "
            f"is ${executor.max_usd:.2f}"
            + ("; the next call could cost more than is left" if executor.spent_out else "")
            + ". Nothing is lost: raise it, and the same command goes on from here"
        ) from None


def _display(wanted: Wanted) -> Display:
    if wanted.as_json:
        return JsonLines()
    return LiveTable(OUT) if OUT.is_terminal else PlainLines(OUT)


def _conclude(ids: Sequence[str], ledger: SweepLedger, wanted: Wanted) -> int:
    """Show what came of it; returns the exit status."""
    rows = list(ledger.rows(ids).values())
    counted = [row for row in rows if row.state == "done"]
    failed = [row for row in rows if row.state == "failed"]
    if wanted.as_json:
        emit("end", {"done": len(counted), "failed": len(failed), "cells": len(ids)})
        return 1 if failed else 0
    OUT.print()
    if counted:
        show(rows, OUT)
    for row in failed:
        OUT.print(f"[red]failed:[/] {row.cell}", soft_wrap=True)
        OUT.print(printable(row.reason), markup=False, soft_wrap=True)
    if counted:
        best = max(counted, key=lambda row: (row.any_medal, row.above_median))
        OUT.print("Read all results, or one run:")
        type_next("experiments.report", wanted.folder.path)
        type_next("experiments.inspect", wanted.folder.path / best.cell, "--plain")
    return 1 if failed else 0


if __name__ == "__main__":
    command(taking(main, Wanted))()

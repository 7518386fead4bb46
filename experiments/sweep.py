"""`python -m experiments.sweep CONFIG`: plan the cells, run what is not done yet, show the results.

The same command again goes on where the last one stopped; it is the only way to resume.
"""

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from experiments.config import load_sweep
from experiments.console import OUT, command, type_next
from experiments.executor import Job, State, run_jobs
from experiments.plan import plan
from experiments.progress import Progress
from experiments.report import load_results, show
from experiments.sweep_folder import enter
from sandbox.text import printable


def main(
    config: Annotated[Path, typer.Argument(help="A sweep file, such as configs/quickstart.yaml.")],
    runs_dir: Annotated[Path, typer.Option(help="Where run folders are kept.")] = Path("runs"),
    data_dir: Annotated[Path, typer.Option(help="Where prepared competitions are kept.")] = Path("data"),
) -> None:
    """Run a sweep, or go on with it."""
    for end in (signal.SIGTERM, signal.SIGHUP):  # a closed terminal ends the cells as Ctrl-C does
        signal.signal(end, signal.default_int_handler)
    sweep = load_sweep(config)
    cells = plan(sweep, data_dir)
    folder = runs_dir / config.stem
    folders = enter(folder, cells)
    jobs = [Job(path) for path in folders]
    OUT.print(f"{len(jobs)} runs in {folder}", markup=False)
    try:
        with Progress(jobs, OUT) as progress:
            run_jobs(jobs, sweep.parallel, progress.tick)
    except KeyboardInterrupt:
        OUT.print("\nStopped; nothing is lost. The same command goes on from here:")
        type_next("experiments.sweep", *sys.argv[1:])
        raise SystemExit(130) from None
    OUT.print()
    results = load_results(folders)
    if results:
        show(results, OUT)
    _say_failures(jobs)
    if results:
        best = max(results, key=lambda result: (result.grade["any_medal"], result.grade["above_median"]))
        OUT.print("Read one run:")
        type_next("experiments.inspect", folder / best.cell.id, "--plain")
    if any(job.state is State.FAILED for job in jobs):
        raise SystemExit(1)


def _say_failures(jobs: list[Job]) -> None:
    for job in jobs:
        if job.state is State.FAILED:
            OUT.print(f"[red]failed:[/] {job.folder.name} after {job.attempts} attempts")
            OUT.print(printable(job.message), markup=False)


if __name__ == "__main__":
    command(main)()

"""`grade`: grades the submissions that a list names, several at a time."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmark.batch import GradingReport, grade_all, read_list, write_report
from benchmark.cli.output import (
    DATA_DIR,
    AsJson,
    DataDir,
    DataVersion,
    clear_errors,
    say,
    say_facts,
    say_json,
    warn,
)
from benchmark.grade import Report
from benchmark.text import plain
from benchmark.verdict import Code

Submissions = Annotated[
    Path,
    typer.Option(
        "--submissions", help="JSONL: competition_id and submission_path in each line.", metavar="FILE"
    ),
]
OutputDir = Annotated[Path, typer.Option("--output-dir", help="The folder that the report is written to.")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="How many are graded at a time.")]


def grade_command(
    submissions: Submissions,
    output_dir: OutputDir,
    data_dir: DataDir = DATA_DIR,
    data_version: DataVersion = 1,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Grade the submissions of a list, and tell and write what they win; exit code 1 if one failed."""
    with clear_errors():
        entries = read_list(submissions)
        console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        shown = console.is_terminal and sys.stderr.isatty()
        with Progress(*columns, console=console, transient=True, disable=not shown) as bar:
            task = bar.add_task("grading", total=len(entries))

            def tick(report: Report) -> None:
                bar.update(task, advance=1, description=plain(report.competition_id))

            report = grade_all(entries, data_dir, data_version=data_version, workers=workers, done=tick)
        path = write_report(report, output_dir)
        if as_json:
            say_json({"report": str(path), **report.model_dump(mode="json")})
        else:
            _tell(report, path)
    if report.total_failed:
        sys.exit(1)


def _score(report: Report) -> str:
    """The score, or a word on why there is none."""
    if report.score is not None:
        return f"{report.score:g}"
    absent = not report.submission_exists and report.verdict.code is not Code.FAILED
    return "no file" if absent else report.verdict.code


def _tell(report: GradingReport, path: Path) -> None:
    for one in report.competition_reports:
        say(f"{one.competition_id:<50}{_score(one):>12}  {one.medal or '-'}")
        if one.verdict.code is Code.FAILED:
            warn(f"error: {one.competition_id}: {one.submission_path[:200]!r}: {one.verdict.message}")
    totals = report.model_dump(exclude={"competition_reports"})
    say_facts(
        {
            **{name.removeprefix("total_").replace("_", " "): count for name, count in totals.items()},
            "report": path,
        }
    )

"""`python -m experiments.report RUNS...`: what sweeps have earned, in tables, JSON, CSV or Markdown.

`docs/results.md` says how to read them.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from experiments.aggregate import AXES, By, Report, aggregate
from experiments.cell import CELL_FILE
from experiments.console import OUT, command
from experiments.report_records import as_csv, as_json
from experiments.report_view import (
    OTHER_CARDS,
    UNRANKED,
    markdown,
    number,
    print_main,
    print_report,
    summary,
    version_column,
)
from experiments.results import Row
from experiments.sweep_rows import read_rows
from experiments.tables import Column, print_table
from sandbox.text import printable
from scaffolds.errors import UserError
from scaffolds.words import count

_LINES = 30
"""Runs that fit in a table with a line for each."""
_MEDALS = ("gold", "silver", "bronze")
_COLORS = {"gold": "bold yellow", "silver": "bold white", "bronze": "bold dark_orange3"}


def main(
    runs: Annotated[list[Path], typer.Argument(help="Sweep folders, run folders, or a folder of sweeps.")],
    by: Annotated[By | None, typer.Option(help="What the lines are; arms if left out.")] = None,
    to_json: Annotated[bool, typer.Option("--json", help="Everything as one JSON object.")] = False,
    to_csv: Annotated[bool, typer.Option("--csv", help="The main table as CSV.")] = False,
    to_markdown: Annotated[bool, typer.Option("--markdown", help="The main table for GitHub.")] = False,
) -> None:
    """Report the results of sweeps as the paper does: percent of competitions, mean ± standard error."""
    if to_json + to_csv + to_markdown > 1:
        raise UserError("--json, --csv and --markdown exclude each other: give one of them")
    report = aggregate(read_rows(runs), by)
    if to_json:
        typer.echo(as_json(report))
    elif to_csv:
        typer.echo(as_csv(report), nl=False)
    elif to_markdown:
        typer.echo(markdown(report), nl=False)
    else:
        print_report(report, OUT)
    if not report.cells:
        raise UserError(_nothing(report, runs))


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the end of a sweep: a line for each counted run where these are few, else a line for each arm."""
    counted = [row for row in rows if row.state == "done"]
    if len(counted) > _LINES:
        print_main(aggregate(rows), console)
        return
    if counted:
        _show_runs(counted, console)
    if left := Counter(row.state for row in rows if row.state != "done"):
        words = ", ".join(f"{many} {state}" for state, many in sorted(left.items()))
        console.print(f"Not counted: {words}.", markup=False)


def _show_runs(rows: Sequence[Row], console: Console) -> None:
    varied = [axis for axis in AXES[2:] if len({getattr(row, axis) for row in rows}) > 1]
    columns: list[Column[Row]] = [
        Column("competition", lambda row: row.competition, folds=True),
        *(_axis(axis) for axis in (*AXES[:2], *varied)),
        *version_column(rows),
        *_RUN,
    ]
    print_table(console, columns, rows, styles=_COLORS)
    backends = [name for row in rows for name in row.backends]
    won = sum(row.any_medal for row in rows)
    console.print(Text(printable(summary(won, len(rows), backends))))
    if unranked := sum(row.median is None for row in rows):
        console.print(Text(f"{count(unranked, 'cell')} {UNRANKED}"))
    for row in rows:
        if row.other_cards:
            cards = ", ".join(row.other_cards)
            console.print(Text(printable(f"{row.cell}: {OTHER_CARDS[:-1]}: {cards}")))
        if row.outcome == "agent":
            fault = f"ended by a fault of the agent, {row.code}; experiments.inspect shows it"
            console.print(Text(printable(f"{row.cell}: {fault}")))


def _nothing(report: Report, runs: Sequence[Path]) -> str:
    names = ", ".join(repr(str(path)) for path in runs)
    alone = [path / CELL_FILE for path in runs if (path / CELL_FILE).exists()]
    again = f"run {quote(str(alone[0]))}" if alone else "sweep CONFIG"
    return (
        f"none of the {len(report.excluded)} cells in {names} is finished and graded. Go on with "
        f"python -m experiments.{again}, and then type this one again"
    )


def _axis(axis: str) -> Column[Row]:
    return Column(axis.replace("_", " "), lambda row: getattr(row, axis), folds=True)


def _score(row: Row) -> str:
    if row.score is None:
        return "invalid" if row.made_submission else "none"
    return number(row.score)


def _medal(row: Row) -> str:
    return next((kind for kind in _MEDALS if getattr(row, kind)), "-")


_RUN: tuple[Column[Row], ...] = (
    Column("seed", lambda row: str(row.seed)),
    Column("scripts", lambda row: f"{row.good}/{row.nodes}" if row.nodes else "-"),
    Column("validation", lambda row: number(row.validation)),
    Column("score", _score),
    Column("median", lambda row: number(row.median)),
    Column("medal", _medal),
)


if __name__ == "__main__":
    command(main)()

"""The table of results at the end of a sweep."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from experiments.cell import Cell
from experiments.files import read_json
from experiments.run import GRADE_FILE, load_cell
from experiments.state import RunState
from scaffolds.runtime.log import LogFollower


@dataclass(frozen=True, slots=True)
class Result:
    """One finished cell: what it was, what it did, what it earned."""

    cell: Cell
    state: RunState
    grade: dict[str, Any]

    @property
    def medal(self) -> str:
        """`gold`, `silver`, `bronze`, or empty."""
        kinds = ("gold", "silver", "bronze")
        return next((kind for kind in kinds if self.grade[f"{kind}_medal"]), "")


def load_results(folders: Sequence[Path]) -> list[Result]:
    """The finished cells among these run folders."""
    results: list[Result] = []
    for folder in folders:
        grade = read_json(folder / GRADE_FILE)
        if grade is not None:
            state = RunState()
            for event in LogFollower(folder).read_new():
                state.apply(event)
            results.append(Result(load_cell(folder), state, grade))
    return results


def show(results: Sequence[Result], console: Console) -> None:
    """Print the table and what it was measured with."""
    table = Table(
        "competition", "scaffold", "model", "seed", "scripts", "validation", "score", "median", "medal",
        box=None, pad_edge=False,
    )  # fmt: skip
    for result in results:
        table.add_row(*_row(result))
    console.print(table)
    backends = sorted({name for result in results for name in result.state.backends})
    medals = sum(bool(result.medal) for result in results)
    console.print(
        f"{medals} of {len(results)} runs won a medal. Isolation: {', '.join(backends) or 'unknown'}.",
        markup=False,
    )


def _row(result: Result) -> list[str]:
    cell, state, grade = result.cell, result.state, result.grade
    score = grade["score"]
    invalid = "invalid" if grade["submission_exists"] else "none"
    colors = {"gold": "bold yellow", "silver": "bold white", "bronze": "bold dark_orange3"}
    medal = f"[{colors[result.medal]}]{result.medal}[/]" if result.medal else "-"
    return [
        cell.competition,
        cell.scaffold,
        cell.models["main"],
        str(cell.seed),
        f"{state.good}/{state.nodes}",
        "-" if state.best is None else f"{state.best:.5g}",
        invalid if score is None else f"{score:.5g}",
        f"{grade['median_threshold']:.5g}",
        medal,
    ]

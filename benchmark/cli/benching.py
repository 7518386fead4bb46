"""`bench`: how long checks and grades take on files of the real sizes."""

from typing import Annotated

import typer

from benchmark.cli.output import AsJson, clear_errors, say, say_json
from benchmark.registry import expand
from benchmark.speed.files import sizes
from benchmark.speed.measure import Figures, measure

Ids = Annotated[
    list[str] | None, typer.Argument(metavar="[ID...]", help="Competitions or splits; all if none.")
]
Scale = Annotated[float, typer.Option("--scale", min=0, max=1, help="The share of the real number of rows.")]


def bench(ids: Ids = None, scale: Scale = 1.0, as_json: AsJson = False) -> None:
    """Measure checks and grades on generated submissions of the real sizes."""
    with clear_errors():
        figures: list[Figures] = []
        chosen = expand(ids) if ids else tuple(sizes())
        if not as_json:
            heads = ("MB", 8), ("read s", 9), ("grade s", 9), ("check s", 9), ("ratio", 7), ("peak MB", 9)
            say(f"{'':<52}{'rows':>9}" + "".join(f"{head:>{width}}" for head, width in heads))
        for one in measure(chosen, scale):
            figures.append(one)
            if not as_json:
                say(
                    f"{one.id:<52}{one.rows:>9}{one.megabytes:>8}{one.read_s:>9}{one.grade_s:>9}"
                    f"{one.check_s:>9}{one.ratio:>7}{one.peak_mb:>9}"
                )
        if as_json:
            say_json([one.model_dump(mode="json") for one in figures])

"""`prepare`: makes the data of competitions."""

from typing import Annotated

import typer

from benchmark.cli.output import DATA_DIR, DataDir, clear_errors, say
from benchmark.cli.selecting import present
from benchmark.errors import MissingCompetitions
from benchmark.prepare import prepare
from benchmark.registry import expand, missing

Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="Splits, and ids of competitions.")]


def prepare_command(names: Names, data_dir: DataDir = DATA_DIR) -> None:
    """Prepare competitions; what is prepared already is left alone."""
    with clear_errors():
        ids = expand(names)
        if missing(ids) == ids:
            raise MissingCompetitions(ids)
        for competition in present(ids, " ".join(names)):
            folders = prepare(competition, data_dir)
            say(f"{competition.id}: prepared in {folders.public.parent}, public digest {folders.digest[:16]}")

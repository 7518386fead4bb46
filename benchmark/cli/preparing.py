"""`prepare`: makes the data of competitions."""

from typing import Annotated

import typer

from benchmark.cli.output import DATA_DIR, DataDir, clear_errors, say
from benchmark.prepare import prepare
from benchmark.registry import find

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="The ids of competitions.")]


def prepare_command(ids: Ids, data_dir: DataDir = DATA_DIR) -> None:
    """Prepare competitions; what is prepared already is left alone."""
    with clear_errors():
        for competition in [find(name) for name in ids]:
            folders = prepare(competition, data_dir)
            say(f"{competition.id}: prepared in {folders.public.parent}, public digest {folders.digest[:16]}")

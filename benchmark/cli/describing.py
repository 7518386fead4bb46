"""`descriptions`: whether the texts that describe competitions are right."""

import sys
from typing import Annotated

import typer

from benchmark.cli.output import AsJson, clear_errors, say, say_json
from benchmark.cli.selecting import present
from benchmark.registry import all_ids, expand

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Ids or splits; all without any.")
]


def descriptions(names: Names = None, as_json: AsJson = False) -> None:
    """Check that both descriptions of each competition and version tell the same task; exit code 1 if not."""
    from benchmark.descriptions import problems_of_versions  # pandas is needed there and not before

    with clear_errors():
        found = present(expand(names) if names else all_ids(), "descriptions")
        wrong = {competition.id: problems_of_versions(competition) for competition in found}
    if as_json:
        say_json(wrong)
    else:
        for competition_id, lines in wrong.items():
            for line in lines:
                say(f"{competition_id}: {line}")
        say(f"{len(wrong)} competitions, {sum(map(len, wrong.values()))} problems")
    if any(wrong.values()):
        sys.exit(1)

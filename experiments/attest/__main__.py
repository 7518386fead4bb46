"""`python -m experiments.attest --backend docker`: set the red team on this machine's isolation.

Prints what was tried, what was expected and what was observed. The exit status is 0 only where every
attack was tried and none got through.
"""

from pathlib import Path
from typing import Annotated, Literal

import orjson
import typer

from experiments.attest.engine import attest
from experiments.attest.trial import Setting
from experiments.attest.view import show
from experiments.console import ERR, OUT, command
from sandbox.spec import IMAGE
from scaffolds.adversary.catalogue import ATTACKS, chosen
from scaffolds.errors import UserError


def main(
    backend: Annotated[Literal["docker", "bwrap", "none"], typer.Option(help="Which isolation to attack.")],
    attack: Annotated[list[str] | None, typer.Option(help="Only this attack; may be repeated.")] = None,
    image: Annotated[str, typer.Option(help="Docker image.")] = IMAGE,
    data_dir: Annotated[Path, typer.Option(help="Prepared data; made where they are missing.")] = Path(
        "data"
    ),
    keep: Annotated[Path | None, typer.Option(help="Keep the attacked runs in this folder, to read.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Attack an isolation with all that the red team has; about two minutes on two cores."""
    if backend == "none":
        raise UserError(
            "the backend 'none' isolates nothing: an agent there can do whatever this user can, so there is "
            "nothing to attest. Choose bwrap or docker"
        )
    attacks = chosen(attack) if attack else ATTACKS
    done = attest(Setting(backend, image), data_dir, attacks=attacks, keep=keep, said=_say)
    if as_json:
        typer.echo(orjson.dumps(done.record(), option=orjson.OPT_INDENT_2).decode())
    else:
        show(done, OUT)
    if not done.held:
        raise typer.Exit(1)


def _say(words: str) -> None:
    ERR.print(f"trying {words}", markup=False)


if __name__ == "__main__":
    command(main)()

"""The terminal: one console, and the one way in which commands end with an error."""

import shlex
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console

from experiments.outcome import Failure, classify
from sandbox.text import printable
from scaffolds.errors import DISK_FULL

OUT = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)

EXIT_USER, EXIT_INFRA = 1, 3


def stop(failure: Failure) -> NoReturn:
    """Say what went wrong in one place and one way, and end the process."""
    ERR.print(f"[red]{failure.family} error:[/red]", end=" ")
    ERR.print(printable(failure.message), markup=False, emoji=False)
    retry = failure.family == "infra" and not failure.bug and failure.code != DISK_FULL
    raise SystemExit(EXIT_INFRA if retry else EXIT_USER)


def type_next(module: str, *words: object) -> None:
    """Print a command on a line of its own, as it can be typed in this terminal."""
    python = "python" if shutil.which("python") == sys.executable else _short(sys.executable)
    OUT.print(
        "  ", shlex.join([python, "-m", module, *map(str, words)]), sep="", markup=False, soft_wrap=True
    )


def _short(path: str) -> str:
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


def command(function: Callable[..., None]) -> Callable[[], None]:
    """Make a command of a function: typer reads its signature, errors become one clear message."""

    def main() -> None:
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command()(function)
        try:
            app(standalone_mode=True)
        except Exception as error:  # noqa: BLE001 - the end of a command is where errors become messages
            failure = classify(error)
            if failure.bug:
                ERR.print(printable(traceback.format_exc()), markup=False, emoji=False)
            stop(failure)

    return main

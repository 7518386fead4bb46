"""The terminal: one console, and the one way in which commands end with an error."""

import sys
from collections.abc import Callable
from typing import NoReturn

import typer
from rich.console import Console

from experiments.outcome import Failure, classify

OUT = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)

EXIT_USER, EXIT_INFRA = 1, 3


def stop(failure: Failure) -> NoReturn:
    """Say what went wrong in one place and one way, and end the process."""
    ERR.print(f"[red]{failure.family} error:[/red]", end=" ")
    ERR.print(failure.message, markup=False)
    raise SystemExit(EXIT_INFRA if failure.family == "infra" else EXIT_USER)


def command(function: Callable[..., None]) -> Callable[[], None]:
    """Make a command of a function: typer reads its signature, errors become one clear message."""

    def main() -> None:
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command()(function)
        try:
            app(standalone_mode=True)
        except Exception as error:
            failure = classify(error)
            if failure.bug:
                raise
            stop(failure)

    return main

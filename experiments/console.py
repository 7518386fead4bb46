"""The terminal: one console, and the one way in which commands end with an error."""

import inspect
import shlex
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import typer
from rich.console import Console

from experiments.model_access import redacted
from experiments.outcome import classify
from experiments.spending import SWEEP_SPENT
from sandbox.text import bear_any_encoding, printable
from scaffolds.errors import DISK_FULL

OUT = Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 160)
ERR = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)

T = TypeVar("T")
EXIT_USER, EXIT_INFRA, EXIT_SPENT = 1, 3, 4


def complain(error: Exception) -> int:
    """Say what went wrong, in one place and one way; returns the exit status that it deserves."""
    failure = classify(error)
    if failure.bug:
        trace = "".join(traceback.format_exception(error))
        ERR.print(printable(redacted(trace)), markup=False)
    ERR.print(f"[red]{failure.family} error:[/red]", end=" ")
    ERR.print(printable(redacted(failure.message)), markup=False)
    if failure.code == SWEEP_SPENT:
        return EXIT_SPENT
    retry = failure.family == "infra" and not failure.bug and failure.code != DISK_FULL
    return EXIT_INFRA if retry else EXIT_USER


def type_next(module: str, *words: object, console: Console = OUT) -> None:
    """Print a command on a line of its own, as it can be typed in this terminal."""
    python = "python" if shutil.which("python") == sys.executable else _short(sys.executable)
    console.print(
        "  ", shlex.join([python, "-m", module, *map(str, words)]), sep="", markup=False, soft_wrap=True
    )


def _short(path: str) -> str:
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


def taking(function: Callable[[T], None], options: type[T]) -> Callable[..., None]:
    """A function of one dataclass as `command` takes it: a parameter for each of the fields."""

    def spread(**said: object) -> None:
        function(options(**said))

    spread.__doc__ = function.__doc__
    spread.__signature__ = inspect.signature(options)  # pyright: ignore[reportFunctionMemberAccess] - see PEP 362
    return spread


def command(function: Callable[..., None]) -> Callable[[], None]:
    """Make a command of a function: typer reads its signature, errors become one clear message."""

    def main() -> None:
        bear_any_encoding()
        app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        app.command()(function)
        try:
            app(standalone_mode=True)
        except Exception as error:  # noqa: BLE001 - the end of a command is where errors become messages
            raise SystemExit(complain(error)) from None

    return main

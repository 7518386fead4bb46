"""How every command speaks: results on standard output, an error as one clear line, and an exit code."""

import json
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from benchmark.errors import BenchmarkError, NoSuchFile
from benchmark.text import plain

LINE = 4000
"""Characters of one printed value: any message of ours is shorter, also one that lists a whole split."""

DataDir = Annotated[Path, typer.Option("--data-dir", help="The folder that holds prepared competitions.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
CompetitionId = Annotated[str, typer.Argument(metavar="ID", help="The id of a competition.")]
SubmissionPath = Annotated[Path, typer.Argument(metavar="CSV", help="The submission file.")]
DataVersion = Annotated[
    int,
    typer.Option("--data-version", min=1, max=2, help="1 is MLE-bench's; 2 closes leaks and mends files."),
]
DATA_DIR = Path("data")


def say(text: str = "") -> None:
    """Prints one line, cleaned of anything that could steer a terminal."""
    typer.echo(plain(text, limit=LINE))


def warn(text: str) -> None:
    """Prints one line on standard error: something to know beside the results."""
    typer.echo(plain(text, limit=LINE), err=True)


def say_json(value: object) -> None:
    """Prints a value as JSON; non-ASCII text is escaped, and with it whatever could steer a terminal."""
    typer.echo(json.dumps(value, indent=2, allow_nan=False))


def say_facts(facts: Mapping[str, object]) -> None:
    """Prints names and values in two columns."""
    width = max(map(len, facts))
    for name, value in facts.items():
        say(f"{name:<{width}}  {value}")


def rank_words(rank: int, teams: int) -> str:
    """`38 of 118`; a score that is worse than all has no rank among them."""
    return f"{rank} of {teams}" if rank <= teams else f"behind all {teams} teams"


@contextmanager
def clear_errors() -> Generator[None]:
    """Turns an error of ours into one line and exit code 1."""
    try:
        yield
    except BenchmarkError as error:
        typer.echo(f"error: {plain(str(error), limit=LINE)}", err=True)
        sys.exit(1)
    except OSError as error:
        where = plain(str(error.filename or ""), limit=LINE)
        typer.echo(f"error: {error.strerror}: {where!r}", err=True)
        sys.exit(1)


def read_submission_file(path: Path, most: int) -> bytes:
    """The bytes of a submission file, one more than `most` at the longest.

    Raises:
        NoSuchFile: It is not there, or no regular file.
    """
    if not path.is_file():
        raise NoSuchFile(path, "it is a folder" if path.is_dir() else "there is no such file")
    with path.open("rb") as file:
        return file.read(most + 1)

"""`python -m sandbox shell`: a sandbox from the inside, as an agent would see it."""

import importlib
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from sandbox.commands.data import make_data
from sandbox.open import open_sandbox
from sandbox.protocols import Sandbox
from sandbox.results import Execution
from sandbox.spec import IMAGE, BackendName, SandboxSpec
from sandbox.text import agent_view, printable

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@dataclass(frozen=True, slots=True)
class Unchecked:
    """The verdict on every file."""

    valid: bool = False
    code: str = "UNCHECKED"
    message: str = "Not checked: this sandbox belongs to no competition."


class Unjudged:
    """Stands where a competition's validator does: the server and its script are there, and judge nothing."""

    max_bytes = 1 << 30

    def check(self, data: bytes) -> Unchecked:
        """See `Validator.check`."""
        del data
        return Unchecked()


@app.command()
def shell(
    backend: Annotated[BackendName, typer.Option(help="docker, bwrap or none.")] = "auto",
    image: Annotated[str, typer.Option(help="The Docker image.")] = IMAGE,
    data: Annotated[
        Path | None, typer.Option(help="The folder to show as /home/data; an empty one by default.")
    ] = None,
    network: Annotated[Literal["none", "open"], typer.Option(help="none or open.")] = "none",
    python: Annotated[
        bool, typer.Option("--python", help="Lines are cells of the kernel, not commands.")
    ] = False,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds for each line.")] = 600.0,
) -> None:
    """Open a sandbox and run what you type, line by line; it is gone when you end the input.

    Each line is one call of an agent: what you see is what an agent would be shown.
    """
    with tempfile.TemporaryDirectory(prefix="sandbox-") as folder:
        shown = data or make_data(Path(folder) / "data")
        root = Path(folder) / "box"
        spec = SandboxSpec(
            backend=backend, image=image, root=root, data=shown, network=network, owner="shell"
        )
        with closing(open_sandbox(spec, Unjudged())) as box:
            _greet(box)
            for line in _lines(box.layout.code if not python else "cell"):
                done = box.python(line, timeout=timeout) if python else box.shell(line, timeout=timeout)
                _show(done)


def _greet(box: Sandbox) -> None:
    facts = "".join(f", {name} {value}" for name, value in box.facts.items())
    typer.echo(f"backend {box.backend}{facts}; end with Ctrl-D", err=True)


def _lines(prompt: str) -> Iterator[str]:
    """What the person types; Ctrl-C drops a line."""
    interactive = sys.stdin.isatty()
    if interactive:
        importlib.import_module("readline")  # gives `input` its line editing
    with suppress(EOFError):
        while True:
            try:
                yield input(f"{prompt}> " if interactive else "")
            except KeyboardInterrupt:
                typer.echo(err=True)


def _show(done: Execution) -> None:
    for stream in (done.stdout, done.stderr):
        if text := agent_view(stream):
            typer.echo(printable(text), nl=not text.endswith("\n"))
    for note in done.notes:
        typer.echo(f"[{note}]", err=True)
    for picture in done.images:
        typer.echo(f"[{picture.mime}, {len(picture.data)} bytes]", err=True)
    if done.ended == "timeout":
        typer.echo("[stopped: it ran past its time limit]", err=True)
    elif done.exit_code:
        typer.echo(f"[exit code {done.exit_code}]", err=True)

"""`python -m sandbox reap`: remove what dead processes left in Docker."""

import typer

from sandbox.backends.engine import Engine
from sandbox.reaper import reap
from sandbox.text import printable

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def reap_command() -> None:
    """Remove the sandboxes in Docker whose processes on this machine are dead; no others are touched.

    Sandboxes of a process that dies end by themselves, and every start of one does this too: it is for
    what a daemon that was down, or a machine that was reset, could not end.
    """
    engine = Engine.connect()
    try:
        reaped = reap(engine)
    finally:
        engine.close()
    for container in reaped:
        typer.echo(
            f"removed {container.id[:12]}" + (f" of {printable(container.run)}" if container.run else "")
        )
    if not reaped:
        typer.echo("nothing to remove: no sandbox in Docker has lost its process")

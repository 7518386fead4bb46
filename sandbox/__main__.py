"""`python -m sandbox`: the image that agents live in, and the sandboxes on this machine."""

import importlib
import signal
import sys
from types import FrameType
from typing import NoReturn

import typer

from sandbox.errors import SandboxError, SandboxUnavailable
from sandbox.text import bear_any_encoding, printable

EXIT_USER, EXIT_USAGE, EXIT_INFRA = 1, 2, 3
COMMANDS = {
    "check": ("sandbox.commands.check", "Say what this machine can do, and how to get what is missing."),
    "shell": ("sandbox.commands.shell", "Open a sandbox as an agent would see it."),
    "build-image": ("sandbox.commands.build_image", "Build the Docker image that agents live in."),
    "reap": ("sandbox.commands.reap", "Remove the sandboxes in Docker whose processes are dead."),
    "bench": ("sandbox.commands.bench", "Measure what calls into a sandbox cost."),
}
"""Each command's module, with the command as its `app`, imported only when it is typed; and its purpose."""


def main() -> None:
    """Run the command that was typed; an error that was foreseen is one message and an exit status."""
    bear_any_encoding()
    name, *arguments = sys.argv[1:] or ["--help"]
    if name not in COMMANDS:
        sys.exit(_usage(name))
    # What a command made for its own time is removed then too, as it is on an interrupt.
    signal.signal(signal.SIGTERM, _terminated)
    module, _ = COMMANDS[name]
    try:
        importlib.import_module(module).app(arguments, prog_name=f"python -m sandbox {name}")
    except SandboxError as error:
        user = isinstance(error, SandboxUnavailable)
        typer.echo(f"{'user' if user else 'infra'} error: {printable(str(error))}", err=True)
        sys.exit(EXIT_USER if user else EXIT_INFRA)


def _usage(name: str) -> int:
    asked = name in ("--help", "-h")
    lines = [] if asked else [f"no command is called {printable(name)!r}"]
    lines += ["Usage: python -m sandbox COMMAND [--help] ...", ""]
    lines += [f"  {command:<12} {purpose}" for command, (_, purpose) in COMMANDS.items()]
    typer.echo("\n".join(lines), err=not asked)
    return 0 if asked else EXIT_USAGE


def _terminated(signum: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + signum)


if __name__ == "__main__":
    main()

"""`python -m experiments`: which commands there are."""

import sys

import typer

COMMANDS = {
    "sweep": "Plan and run a sweep, go on with it, or show how it stands.",
    "report": "Report what sweeps have earned.",
    "inspect": "Read one run.",
    "run": "Run one cell, go on with it, or replay it.",
    "fork": "Begin a new run from the middle of another.",
    "attest": "See attacks on a sandbox fail.",
    "bench": "Measure what the framework costs.",
}
"""Each command's purpose; each is a module of its own."""


def main() -> None:
    """Say what can be typed, whatever was."""
    said = sys.argv[1:2]
    asked = not said or said[0] in ("--help", "-h")
    head = (
        []
        if asked
        else [f"type python -m experiments.{said[0]}" if said[0] in COMMANDS else "no such command"]
    )
    lines = [f"  python -m experiments.{name:<8} {purpose}" for name, purpose in COMMANDS.items()]
    typer.echo(
        "\n".join([*head, "Usage: python -m experiments.COMMAND [--help] ...", "", *lines]), err=not asked
    )
    raise SystemExit(0 if asked else 2)


if __name__ == "__main__":
    main()

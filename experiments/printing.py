"""Texts of agents and models on a terminal: made harmless, cut to a length, indented."""

from rich.text import Text

from experiments.console import OUT
from sandbox.text import printable
from scaffolds.words import middle_cut

_BLOCK_CHARS = 20_000


def say(text: str = "", indent: int = 0) -> None:
    """Print lines."""
    for line in printable(text).splitlines() or [""]:
        OUT.print(Text(" " * indent + line), soft_wrap=True)


def title(text: str) -> None:
    """Print a heading."""
    say()
    OUT.print(Text(printable(text), style="bold"), soft_wrap=True)


def block(name: str, text: str) -> None:
    """Print a longer text under its name; nothing where it is empty."""
    if text.strip():
        say(f"\n── {name}")
        say(middle_cut(text.rstrip(), _BLOCK_CHARS // 2, _BLOCK_CHARS // 2), indent=2)

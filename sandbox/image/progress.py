"""What a long command is doing, on a terminal or in a log."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from sandbox.text import printable


class Progress:
    """Prints a line for each step as it begins; on a terminal the last line lives and shows the details."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._start = time.monotonic()
        self._detail = ""

    def step(self, name: str) -> None:
        """Say that a step begins."""
        self._detail = ""
        self._console.print(self._line(name))

    def detail(self, text: str) -> None:
        """Show what the current step is at; in a log it is left out."""
        self._detail = printable(text)

    @contextmanager
    def live(self) -> Generator[None]:
        """Keep the last line alive while the body runs, where the console is a terminal."""
        with self._console.status(self):
            yield

    def __rich__(self) -> Text:
        """Render the living line: the time so far, and the newest detail as far as it fits."""
        line = self._line(self._detail)
        line.truncate(max(self._console.width - 4, 20), overflow="ellipsis")
        return line

    def _line(self, text: str) -> Text:
        return Text.assemble((f"{time.monotonic() - self._start:6.0f} s  ", "dim"), printable(text))

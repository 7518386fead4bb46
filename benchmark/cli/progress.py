"""Shows how far a long preparation is: a moving line on a terminal, one line per step elsewhere."""

import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from benchmark.cli.output import warn
from benchmark.text import plain

_LOOK = 0.5
"""Seconds between two looks at a growing file."""


class Telling:
    """What is told while competitions are prepared, on standard error."""

    def __init__(self, quiet: bool = False) -> None:
        """Begins to tell.

        Args:
            quiet: Whether to tell nothing.
        """
        self.quiet = quiet
        """Whether nothing is told."""
        self._name = ""
        console = Console(stderr=True)
        self._shown = not quiet and console.is_terminal and sys.stderr.isatty()
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not self._shown,
        )
        self._task = self._bar.add_task("", total=None)
        self._watched: tuple[Path, int] | None = None
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._bar.start()
        if self._shown:
            self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._shown:
            self._watcher.join()
        self._bar.stop()

    def begin(self, name: str) -> None:
        """Names the competition that the next steps belong to."""
        self._name = name

    def say(self, text: str) -> None:
        """Tells of a step."""
        self._watched = None
        line = plain(f"{self._name}: {text}")
        self._bar.reset(self._task, description=line, total=None)
        if not self.quiet and not self._shown:
            warn(line)

    def grow(self, path: Path, size: int) -> None:
        """Tells of a file that grows to a size, until the next step."""
        self._bar.reset(self._task, total=size)
        self._watched = (path, size)

    def _watch(self) -> None:
        while not self._over.wait(_LOOK):
            watched = self._watched
            if watched is not None and watched[0].is_file():
                self._bar.update(self._task, completed=watched[0].stat().st_size)

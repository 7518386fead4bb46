"""Shows how far a long preparation is: a moving line on a terminal, one line per step elsewhere."""

import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from benchmark.cli.output import LINE, warn
from benchmark.text import plain

_LOOK = 0.5
"""Seconds between two looks at a growing file."""


class Telling:
    """What is told on standard error while one competition is prepared."""

    def __init__(self, name: str, quiet: bool = False) -> None:
        """Begins nothing yet.

        Args:
            name: The competition.
            quiet: Whether to tell nothing.
        """
        self._name = name
        self._quiet = quiet
        self._shown = not quiet and sys.stderr.isatty()
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[size]}", markup=False),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not self._shown,
        )
        self._task = self._bar.add_task(name, total=None, size="")
        self._watched: tuple[Path, int] | None = None
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        if self._shown:
            self._bar.start()
            self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            self._over.set()
            self._watcher.join()
            self._bar.stop()

    def say(self, text: str) -> None:
        """Tells of a step."""
        self._watched = None
        line = plain(f"{self._name}: {text}", limit=LINE)
        if self._shown:
            self._bar.reset(self._task, description=line, total=None, size="")
        elif not self._quiet:
            warn(line)

    def grow(self, path: Path, size: int) -> None:
        """Tells of a file that grows to a size, until the next step."""
        self._bar.reset(self._task, total=size)
        self._watched = (path, size)

    def _watch(self) -> None:
        while not self._over.wait(_LOOK):
            watched = self._watched
            if watched is not None and watched[0].is_file():
                there = watched[0].stat().st_size
                words = f"{there / 1e9:.2f} of {watched[1] / 1e9:.2f} GB"
                self._bar.update(self._task, completed=there, size=words)

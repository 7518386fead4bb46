"""What a person sees while a sweep runs: a live table on a terminal, plain lines elsewhere."""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from experiments.executor import Job, State
from experiments.state import RunState
from sandbox.text import printable
from scaffolds.runtime.log import LogFollower

_REFRESH_S = 0.5
_COLORS = {State.WAITING: "dim", State.RUNNING: "cyan", State.DONE: "green", State.FAILED: "red"}


class Watch:
    """One job and what its log says so far."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.state = RunState()
        self._log = LogFollower(job.folder)

    def refresh(self) -> None:
        """Take in the events written since the last look."""
        for event in self._log.read_new():
            self.state.apply(event)


class Progress:
    """Shows jobs while they run. `tick` may be called as often as one likes."""

    def __init__(self, jobs: Sequence[Job], console: Console) -> None:
        self._watches = [Watch(job) for job in jobs]
        self._console = console
        self._next = 0.0
        self._said: dict[int, tuple[State, int]] = {}
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._show()
        if self._live is not None:
            self._live.stop()

    def tick(self) -> None:
        """Show the latest, at most twice a second."""
        if time.monotonic() >= self._next:
            self._show()
            self._next = time.monotonic() + _REFRESH_S

    def _show(self) -> None:
        for watch in self._watches:
            watch.refresh()
        if self._live is not None:
            self._live.update(_table(self._watches), refresh=True)
        else:
            for index, watch in enumerate(self._watches):
                self._say(index, watch)

    def _say(self, index: int, watch: Watch) -> None:
        """A line whenever a cell changes state or begins a step."""
        now = (watch.job.state, watch.state.step)
        if self._said.get(index, (State.WAITING, 0)) != now:
            self._said[index] = now
            name, state, step, best, _, doing = _cells(watch)
            line = f"{name}: {state}" + (f", step {step}, best {best}, {doing}" if step != "-" else "")
            self._console.print(line, markup=False)


def _table(watches: Sequence[Watch]) -> Table:
    table = Table("run", "state", "step", "best validation", "time", "now", box=None, pad_edge=False)
    for watch in watches:
        name, state, *rest = _cells(watch)
        table.add_row(name, f"[{_COLORS[watch.job.state]}]{state}[/]", *rest)
    return table


def _cells(watch: Watch) -> tuple[str, str, str, str, str, str]:
    state = watch.state
    step = f"{state.step}/{state.steps}" if state.steps else str(state.step)
    return (
        printable(watch.job.folder.name),
        str(watch.job.state),
        step if state.step else "-",
        "-" if state.best is None else f"{state.best:.5g}",
        f"{state.spent.seconds:.0f} s",
        state.activity if watch.job.state is State.RUNNING else "",
    )

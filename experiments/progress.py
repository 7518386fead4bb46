"""What a person or a program sees while a sweep runs: a live table, plain lines, or JSON lines.

Names and numbers only: what an agent or a model wrote is not shown.
"""

import sys
import time
from types import TracebackType
from typing import Any, Protocol, Self

import orjson
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from experiments.dollars import dollars
from experiments.executor import Executor, Job, State, Work
from experiments.results import short_reason
from sandbox.text import printable
from scaffolds.words import one_line

_REFRESH_S = 0.5
_SHOWN_FAILURES = 5
_SHOWN_WAITING = 4
_NO_USD = {"usd": 0, "known_usd": 0}
_COLUMNS = ("cell", "state", "step", "best validation", "dollars", "time left", "now")
_STYLES = {State.WAITING: "dim", State.RUNNING: "cyan", State.DONE: "green", State.FAILED: "red"}


class Display(Protocol):
    """One way to show an executor."""

    def show(self, executor: Executor) -> None:
        """Show how things stand now."""
        ...

    def close(self) -> None:
        """Leave the terminal as it should be."""
        ...


class Progress:
    """Shows an executor while it works. `tick` may be called as often as one likes."""

    def __init__(self, display: Display, executor: Executor) -> None:
        self._display = display
        self._executor = executor
        self._next = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._display.show(self._executor)
        self._display.close()

    def tick(self) -> None:
        """Show the latest, at most twice a second."""
        if time.monotonic() >= self._next:
            self._display.show(self._executor)
            self._next = time.monotonic() + _REFRESH_S


def facts(work: Work) -> dict[str, Any]:
    """How a cell at work stands."""
    state, limits = work.watch.state, work.cell.limits
    return {
        "cell": work.job.cell,
        "state": work.job.state.value,
        "attempt": work.job.attempts,
        "step": state.step,
        "steps": limits.steps,
        "validation": state.best,
        "usd": None if state.unpriced else round(state.spent.usd, 4),
        "known_usd": round(state.spent.usd, 4),
        "seconds_left": round(max(0.0, limits.time_s - work.watch.working_s())),
        "waited_s": round(state.spent.waited),
        "doing": _doing(work),
    }


def _doing(work: Work) -> str:
    if work.job.state is not State.RUNNING:
        return work.watch.state.outcome
    return "ending it" if work.job.finalize else work.watch.state.activity or "starting"


class LiveTable:
    """A table of the cells at work, redrawn in place."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._live.start()

    def show(self, executor: Executor) -> None:
        """See `Display.show`."""
        table = Table(*_COLUMNS, box=None, pad_edge=False)
        for work in (*executor.recent, *executor.working.values()):
            table.add_row(
                *(Text(printable(word)) for word in _words(facts(work))), style=_STYLES[work.job.state]
            )
        for job in executor.jobs[:_SHOWN_WAITING]:
            table.add_row(job.cell, job.state, style=_STYLES[job.state])
        lines = [Text(_totals(executor), style="bold")]
        lines += [Text(f"failed: {_failure(job)}", style="red") for job in executor.failed[-_SHOWN_FAILURES:]]
        lines += [Text(printable(executor.blocked))] if _blocked(executor) else []
        self._live.update(Group(table, *lines), refresh=True)

    def close(self) -> None:
        """See `Display.close`."""
        self._live.stop()


class PlainLines:
    """A line whenever a cell begins, takes a step, or ends."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said: dict[str, tuple[int, int]] = {}
        self._ended = 0
        self._blocked = ""

    def show(self, executor: Executor) -> None:
        """See `Display.show`."""
        for work in executor.working.values():
            stand = facts(work)
            now = (stand["attempt"], stand["step"])
            if self._said.get(work.job.cell) != now:
                self._said[work.job.cell] = now
                _, _, step, best, usd, left, doing = _words(stand)
                line = f"{work.job.cell}: step {step}, best {best}, {usd}, {left} left, {doing}"
                self._console.print(printable(line), markup=False, soft_wrap=True)
        at_work = {work.job.cell for work in executor.working.values()}
        self._said = {cell: said for cell, said in self._said.items() if cell in at_work}
        ended = executor.tally.done + executor.tally.failed
        if ended != self._ended:
            self._ended = ended
            self._console.print(_totals(executor), markup=False)
        blocked = executor.blocked if _blocked(executor) else ""
        if blocked and not self._blocked:
            words = f"waiting for room on this machine: {blocked}"
            self._console.print(printable(words), markup=False, soft_wrap=True)
        self._blocked = blocked

    def close(self) -> None:
        """See `Display.close`."""


class JsonLines:
    """An object a line on standard output: `cell` whenever one changes, `sweep` whenever one ends."""

    def __init__(self) -> None:
        self._said: dict[str, dict[str, Any]] = {}
        self._totals: dict[str, Any] = {}

    def show(self, executor: Executor) -> None:
        """See `Display.show`."""
        now = {work.job.cell: facts(work) for work in executor.working.values()}
        for cell, stand in now.items():
            before = self._said.get(cell, {})
            if any(before.get(key) != stand[key] for key in ("attempt", "step", "doing", "validation")):
                emit("cell", stand)
        self._said = now
        known = round(executor.spent_usd, 4)
        usd = {"usd": None if executor.unpriced else known, "known_usd": known}
        totals = {**counts(executor), **usd, "blocked": _blocked(executor)}
        if {**totals, **_NO_USD} != {**self._totals, **_NO_USD}:
            self._totals = totals
            emit("sweep", totals)

    def close(self) -> None:
        """See `Display.close`."""


def emit(event: str, fields: dict[str, Any]) -> None:
    """Print one JSON line."""
    sys.stdout.buffer.write(orjson.dumps({"event": event, "ts": round(time.time(), 3), **fields}) + b"\n")
    sys.stdout.buffer.flush()


def counts(executor: Executor) -> dict[str, int]:
    """How many cells stand where."""
    return {
        State.DONE.value: executor.tally.done,
        State.FAILED.value: executor.tally.failed,
        State.RUNNING.value: len(executor.working),
        State.WAITING.value: len(executor.jobs),
    }


def _blocked(executor: Executor) -> bool:
    return bool(executor.blocked) and not executor.working


def _totals(executor: Executor) -> str:
    numbers = ", ".join(f"{count} {state}" for state, count in counts(executor).items())
    spent = executor.spent_usd or executor.unpriced
    usd = f", {dollars(executor.spent_usd, complete=not executor.unpriced)}" if spent else ""
    return f"{numbers}{usd}"


def _failure(job: Job) -> str:
    return printable(f"{job.cell}: {one_line(short_reason(job.message), 160)}")


def _words(stand: dict[str, Any]) -> tuple[str, str, str, str, str, str, str]:
    step = f"{stand['step']}/{stand['steps']}" if stand["steps"] else str(stand["step"])
    left = int(stand["seconds_left"])
    return (
        stand["cell"],
        stand["state"],
        step if stand["step"] else "-",
        "-" if stand["validation"] is None else f"{stand['validation']:.5g}",
        dollars(stand["known_usd"], complete=stand["usd"] is not None),
        f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02}",
        stand["doing"],
    )

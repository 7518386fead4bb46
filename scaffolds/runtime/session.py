"""What all lanes of one run share: the log, its journal, the ledger, the models, the sandboxes."""

import gc
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.protocols import Sandbox
from scaffolds.errors import UserError
from scaffolds.models.protocol import Model
from scaffolds.runtime.events import RUN_END, RUN_RESUME, RUN_START, Event
from scaffolds.runtime.journal import Journal
from scaffolds.runtime.ledger import Ledger, Limits, Spent
from scaffolds.runtime.log import EventLog
from scaffolds.runtime.toolbox import Validator
from scaffolds.task import Task

SLOW_ANSWER_S = 0.05
"""Answers that took longer are synced at once: losing one costs more than the 0.2 ms of an fsync."""


@dataclass(frozen=True, slots=True)
class World:
    """What a run needs from outside; `open_sandbox` makes a fresh one for a lane."""

    task: Task
    models: Mapping[str, Model]
    """By role; `main` answers for roles that are not named."""
    open_sandbox: Callable[[str], Sandbox]
    validator: Validator
    limits: Limits
    seed: int


class RunClosed(UserError):
    """A finished run was replayed and its code asked for more than the log holds."""


class Session:
    """One process's work on one run folder: replays what the log holds, then goes on live."""

    def __init__(self, folder: Path, world: World, start: Mapping[str, Any]) -> None:
        self.world = world
        self.log = EventLog(folder)
        events, self.log.events = self.log.events, []
        self.finished = any(event.type == RUN_END for event in events)
        self.journal = Journal(events)
        # The journal lives long and a replay leaves no cycles: collecting as often as Python does by default
        # would cost a sixth of a resume's time.
        gc.freeze()
        gc.set_threshold(50_000)
        self.ledger = Ledger(world.limits, _last_spent(events))
        self.lock = threading.RLock()
        self._sandboxes: dict[str, Sandbox] = {}
        self._closing = False
        if not events:
            self.log.append(RUN_START, {**start, "limits": world.limits.model_dump(), "seed": world.seed})
            self.log.sync()
        elif not self.finished:
            self.log.step = events[-1].step
            used = self.ledger.read().record()
            self.log.append(RUN_RESUME, {"in_flight": self.journal.in_flight(), "spent": used})

    def model(self, role: str) -> Model:
        """The model that plays `role`."""
        return self.world.models.get(role) or self.world.models["main"]

    def go_live(self) -> None:
        """Called before anything is done outside the log.

        Raises:
            RunClosed: the run has ended, or is ending; nothing more may happen in it.
        """
        if self.finished or self._closing:
            raise RunClosed(
                "this run has ended, and its scaffold now asks for more than the log holds: its code "
                "changed. Restore the old code, or start a new run in another --runs-dir"
            )
        self.ledger.start()

    def open_sandbox(self, lane: str) -> Sandbox:
        """A fresh sandbox for `lane`, closed with the session."""
        sandbox = self.world.open_sandbox(lane)
        with self.lock:
            if self._closing:
                sandbox.close()
                self.go_live()
            self._sandboxes[lane] = sandbox
        return sandbox

    def sandbox(self, lane: str) -> Sandbox | None:
        """The open sandbox of `lane`, if there is one."""
        return self._sandboxes.get(lane)

    def drop_sandbox(self, lane: str) -> None:
        """Close the sandbox of `lane`; the next call opens a fresh one."""
        with self.lock:
            sandbox = self._sandboxes.pop(lane, None)
        if sandbox is not None:
            sandbox.close()

    def close_sandboxes(self) -> None:
        """End everything that still runs; calls of other lanes fail from here on."""
        with self.lock:
            self._closing = True
            lanes = list(self._sandboxes)
        for lane in lanes:
            self.drop_sandbox(lane)


def _last_spent(events: list[Event]) -> Spent:
    for event in reversed(events):
        if "spent" in event.data:
            return Spent.parse(event.data["spent"])
    return Spent()

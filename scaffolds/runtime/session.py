"""What all lanes of one run share: the log, its journal, the ledger, the models, the sandboxes."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sandbox.portion import WHOLE, Part
from sandbox.protocols import Sandbox, Validator
from scaffolds.errors import UserError
from scaffolds.messages import JsonValue
from scaffolds.models.protocol import Model, Priced
from scaffolds.run import Run
from scaffolds.runtime.events import RUN_END, RUN_RESUME, RUN_START, SUBMISSION_CHECK, Event
from scaffolds.runtime.journal import Journal
from scaffolds.runtime.ledger import Clock, Ledger, Limits, Spent
from scaffolds.runtime.log import EventLog
from scaffolds.runtime.purse import OpenPurse, Purse
from scaffolds.runtime.served import ServedValidator
from scaffolds.task import Task

MAIN_LANE = "main"
"""The scaffold's own thread."""

SLOW_ANSWER_S = 0.05
"""Answers that took longer are synced at once: losing one costs more than the 0.2 ms of an fsync."""


@dataclass(frozen=True, slots=True)
class World:
    """What a run needs from outside."""

    task: Task
    models: Mapping[str, Model]
    """By role; `main` answers for roles that are not named."""
    open_sandbox: Callable[[str, Validator | None, Part], Sandbox]
    """Takes the lane's name, who answers at its validation server, and its part of the machine."""
    validator: Validator
    limits: Limits
    seed: int
    settings: Mapping[str, Mapping[str, JsonValue]] = field(
        default_factory=dict[str, Mapping[str, JsonValue]]
    )
    """Of the calls of these models, by role too; they win over what a scaffold asks for."""
    hidden_tools: frozenset[str] = frozenset()
    """Tools that this run does without."""
    clock: Clock = time.monotonic
    """What working time is read from."""
    purse: Purse = field(default_factory=OpenPurse)
    """The money that this run shares with others."""
    hardware_of: Callable[[Part], str] | None = None
    """A part of the machine in words; where it is left out, lanes are told what the run is."""


class RunClosed(UserError):
    """A finished run was replayed and its code asked for more than the log holds."""


class Session:
    """One process's work on one run folder: replays what the log holds, then goes on live."""

    def __init__(self, folder: Path, world: World, start: Mapping[str, Any]) -> None:
        self.world = world
        self.log = EventLog(folder)
        events, self.log.events = self.log.events, []
        self.ending = next((event for event in reversed(events) if event.type == RUN_END), None)
        self.journal = Journal(events, folder)
        self.runs: dict[str, Run] = {}
        """The lanes that have been entered; a lane goes on where it stopped, whoever starts it."""
        self.busy: set[str] = set()
        """The lanes at work."""
        self.parts: dict[str, Part] = {}
        """The part of the machine that each lane has; the scaffold's own has the whole."""
        self.lock = threading.RLock()
        self._sandboxes: dict[str, Sandbox] = {}
        self.ledger = Ledger(world.limits, _last_spent(events), world.clock, self.agent_runs)
        self.ledger.enter(MAIN_LANE)
        self._closing = False
        self.ended = threading.Event()
        """Set when the sandboxes close: nobody wants to hear from the lanes any more."""
        if not events:
            self.log.append(RUN_START, {**start, "limits": world.limits.model_dump(), "seed": world.seed})
            self.log.sync()
        elif not self.finished:
            facts = {"in_flight": self.journal.in_flight(), "spent": self.ledger.read().record()}
            facts |= {name: start[name] for name in ("code", "cards") if name in start}
            self.log.append(RUN_RESUME, facts, step=events[-1].step)

    @property
    def finished(self) -> bool:
        """Whether the log holds the end of the run: it can be replayed, not gone on with."""
        return self.ending is not None

    def model(self, role: str) -> Model:
        """The model that plays `role`."""
        return self.world.models.get(role) or self.world.models["main"]

    def settings(self, role: str) -> Mapping[str, JsonValue]:
        """What every call of the model that plays `role` is made with."""
        return self.world.settings.get(role if role in self.world.models else "main", {})

    def ceiling(self, model: Model, tokens: int, settings: Mapping[str, JsonValue]) -> float:
        """The most that a call may cost, in dollars; 0 where nobody limits them.

        Raises:
            UserError: there is a limit, and the model has no price.
        """
        unlimited = self.world.limits.usd is None and not self.world.purse.limited
        if unlimited or not isinstance(model, Priced):
            return 0.0
        ceiling = model.ceiling(tokens, settings)
        if ceiling is None:
            raise UserError(
                f"the price of {model.name} is not known, and a limit of dollars cannot hold without it. "
                "Add it to configs/prices.yaml, or take the limit away"
            )
        return ceiling

    def task_of(self, lane: str) -> Task:
        """The task as a lane is told it: with the hardware that is its own."""
        task, part = self.world.task, self.parts.get(lane, WHOLE)
        if part == WHOLE or self.world.hardware_of is None:
            return task
        return replace(task, hardware=self.world.hardware_of(part))

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
        sandbox = self.world.open_sandbox(lane, self._served(lane), self.parts.get(lane, WHOLE))
        with self.lock:
            if self._closing:
                sandbox.close()
                self.go_live()
            self._sandboxes[lane] = sandbox
        return sandbox

    def _served(self, lane: str) -> ServedValidator | None:
        if "validate_submission" in self.world.hidden_tools:
            return None

        def record(check: Mapping[str, Any]) -> None:
            with suppress(RunClosed):
                self.refuse_late(lane)
                self.log.append(SUBMISSION_CHECK, dict(check), lane=lane)

        return ServedValidator(self.world.validator, record)

    def sandbox(self, lane: str) -> Sandbox | None:
        """The open sandbox of `lane`, if there is one."""
        return self._sandboxes.get(lane)

    def agent_runs(self) -> bool:
        """Whether a process of the agent runs in any lane's sandbox."""
        # Not under the lock: the ledger asks under its own, and is itself used under this one.
        return any(sandbox.busy() for sandbox in list(self._sandboxes.values()))

    def drop_sandbox(self, lane: str) -> None:
        """Close the sandbox of `lane`; the next call opens a fresh one."""
        with self.lock:
            sandbox = self._sandboxes.pop(lane, None)
        if sandbox is not None:
            sandbox.close()

    def refuse_late(self, lane: str) -> None:
        """Called before a lane writes: a lane still at work when the run ends has nothing more to say.

        Raises:
            RunClosed: the run is ending and `lane` is not the scaffold's own.
        """
        if self._closing and lane != MAIN_LANE:
            raise RunClosed(f"the run has ended; lane {lane!r} came too late")

    def close_sandboxes(self) -> None:
        """End everything that still runs; calls of other lanes fail from here on."""
        with self.lock:
            self._closing = True
            self.ended.set()
            lanes = list(self._sandboxes)
        for lane in lanes:
            self.drop_sandbox(lane)


def _last_spent(events: list[Event]) -> Spent:
    spent = Spent()
    for event in events:
        if (record := event.data.get("spent")) is not None:
            spent = spent.most(Spent.parse(record))
    return spent

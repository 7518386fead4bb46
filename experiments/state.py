"""What a run has come to, as a fold over its events: what tables and progress displays show."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sandbox.protocols import SYSTEM_CALLS
from scaffolds.runtime import events as ev
from scaffolds.runtime.events import Event
from scaffolds.runtime.ledger import Spent
from scaffolds.runtime.log import LogFollower

_ACTIVITIES = {
    ev.MODEL_REQUEST: "waiting for the model",
    ev.EXEC_START: "running a script",
    ev.RUN_END: "grading",
}


@dataclass(slots=True)
class RunState:
    """The fold; `apply` it to each event in order."""

    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    """The data of `run.start`."""
    backends: tuple[str, ...] = ()
    """Isolation in use: more than one where a run went on under another."""
    step: int = 0
    steps: int | None = None
    """The limit of steps, if there is one."""
    nodes: int = 0
    good: int = 0
    pick: int | None = None
    """Node whose submission stands."""
    best: float | None = None
    """Its validation score, by the agent's own measurement."""
    spent: Spent = field(default_factory=Spent)
    model_calls: int = 0
    unpriced: bool = False
    """Whether a model was used whose price nobody knows."""
    resumes: int = 0
    codes: tuple[str, ...] = ()
    """Digests of the code that it ran under."""
    cards: tuple[str, ...] = ()
    """Kinds of graphics cards that it ran on."""
    final_from: Literal["", "path", "snapshot"] = ""
    """Where the graded submission came from."""
    waiting: frozenset[str] = frozenset()
    """Lanes that wait for a provider."""
    outcome: str = ""
    """`done`, `limit` or `agent`; empty while the run goes on."""
    code: str = ""
    fork: str = ""
    """What it was forked from, in words."""
    activity: str = ""
    """What it is doing now."""

    def apply(self, event: Event) -> None:
        """Take one event in."""
        data = event.data
        if "spent" in data:
            self.spent = Spent.parse(data["spent"])
        self.activity = _ACTIVITIES.get(event.type, self.activity)
        match event.type:
            case ev.RUN_START:
                self.facts = data
                self.steps = data["limits"]["steps"]
                self._ran_under(data)
            case ev.RUN_RESUME:
                self.resumes += 1
                self.waiting = frozenset()
                self._ran_under(data)
            case ev.RUN_FORK:
                self.fork = f"{data['parent']} at event {data['at']}"
            case ev.WAIT_START:
                self.waiting |= {event.lane}
                self.activity = "waiting for the provider"
            case ev.WAIT_END:
                self.waiting -= {event.lane}
            case ev.SANDBOX_OPEN:
                self.backends = tuple(sorted({*self.backends, _isolation(data)}))
            case ev.STEP_START:
                self.step = data["step"]
            case ev.MODEL_RESPONSE:
                self.model_calls += 1
                self.unpriced |= data.get("usd") is None
            case ev.SUBMISSION_SAVED:
                self.final_from = data.get("from", "path")
            case ev.RUN_END:
                self._apply_end(data)
            case _:
                self._apply_note(event)

    def _ran_under(self, data: dict[str, Any]) -> None:
        self.cards = tuple(sorted({*self.cards, *data.get("cards", ())}))
        code = data.get("code")
        if code and code not in self.codes:
            self.codes = (*self.codes, code)

    def _apply_end(self, data: dict[str, Any]) -> None:
        self.outcome, self.code = data["outcome"], data["code"]
        if (score := finite(data.get("score"))) is not None:
            self.best = score

    def _apply_note(self, event: Event) -> None:
        if event.type.endswith(".node"):
            self.nodes += 1
            self.good += event.data.get("status") == "ok"
        elif event.type.endswith(".pick"):
            node = event.data.get("node")
            self.pick = node if isinstance(node, int) else None
            self.best = finite(event.data.get("score"))


def _isolation(opened: dict[str, Any]) -> str:
    """A sandbox's isolation as tables call it, with what it lacks."""
    return f"{opened['backend']} (system calls not filtered)" if SYSTEM_CALLS in opened else opened["backend"]


def finite(value: object) -> float | None:
    """What a scaffold calls a score, if it is a number and no infinite one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def read_state(run: Path) -> RunState:
    """The fold over the whole log of a run folder; that of an empty log where there is none."""
    state = RunState()
    for event in LogFollower(run).read_new():
        state.apply(event)
    return state

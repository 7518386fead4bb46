"""The run: a scaffold's only world.

A scaffold is straight-line code over `Run`. Everything it learns from outside comes through these
methods, which record each answer, so that the same code run again over the same log is a resume, a
replay, or a fork; the scaffold holds no line of code for any of them.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pydantic import BaseModel

from scaffolds.errors import RunError
from scaffolds.messages import Completion, JsonValue, Message
from scaffolds.task import Task
from scaffolds.tools import ToolResult, ToolSpec

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Left:
    """What a budget still holds; None where there is no limit."""

    seconds: float
    """Working time. Not counted is what passes while no process works on the run, and while all that
    the run does is to wait for a model's provider."""
    steps: int | None
    tokens: int | None
    usd: float | None


class Budget(Protocol):
    """The run's limits. Reads only what the log knows, so a replay reads the same."""

    def left(self) -> Left:
        """What is left, as of this lane's last recorded answer."""
        ...

    def take_step(self) -> int:
        """Begin the next step and return its number, from 1.

        Raises:
            LimitReached: no step or no time is left.
        """
        ...


@dataclass(frozen=True, slots=True)
class Failure:
    """What a lane ended with when its work raised a limit or an agent error."""

    error: RunError


class Lanes(Protocol):
    """Parallel workers. Decisions stay in the scaffold's own thread; lanes only perform effects."""

    def start(self, lane: str, work: "Callable[[Run], object]") -> None:
        """Begin `work` in `lane`, which must be free; the lane's sandbox is kept between works."""
        ...

    def next_done(self) -> tuple[str, object | Failure]:
        """Wait for the next lane to finish: its name, and what its work returned."""
        ...


class Run(Protocol):
    """The only things that a scaffold may touch."""

    @property
    def task(self) -> Task:
        """What is to be done."""
        ...

    @property
    def tools(self) -> Mapping[str, ToolSpec]:
        """What can be called, by name."""
        ...

    @property
    def budget(self) -> Budget:
        """What may still be used."""
        ...

    @property
    def rng(self) -> random.Random:
        """Random numbers, seeded by the run and the lane."""
        ...

    def ask(
        self,
        messages: Sequence[Message],
        *,
        role: str = "main",
        tools: Sequence[ToolSpec] = (),
        **settings: JsonValue,
    ) -> Completion:
        """Ask the model that plays `role`.

        Raises:
            LimitReached: a budget is used up; let it pass through.
            ContextOverflow: the conversation is too long for the model.
        """
        ...

    def call(self, tool: str, /, **arguments: JsonValue) -> ToolResult:
        """Use a tool in this lane's sandbox. A failing tool is a result with `ok` false, not an exception.

        It costs neither tokens nor dollars, and is carried out where none of these are left.

        Raises:
            LimitReached: the time is used up; let it pass through.
        """
        ...

    def note(self, type: str, **data: JsonValue) -> None:
        """Record an event of the scaffold's own, named `scaffold.what`."""
        ...

    def lanes(self, n: int) -> Lanes:
        """At most `n` parallel workers, each with a sandbox of its own and an equal part of the machine.

        A lane's task names the hardware that it has. Where there are `n` graphics cards or more, its cards
        are its own.
        """
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a scaffold sees its own run."""

    summary: str
    score: float | None = None
    """Validation score of what it submitted, by its own measurement."""


class Scaffold(Protocol):
    """An agent. `Config` is a frozen pydantic model beside the class; its default suits the paper."""

    name: str
    version: str

    def __init__(self, config: BaseModel) -> None: ...

    def run(self, run: Run) -> Outcome:
        """Work on `run.task` until done or until `LimitReached` passes through."""
        ...

"""What a run has used of its budgets, and what is left."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict

from scaffolds.errors import LimitReached
from scaffolds.messages import Usage
from scaffolds.run import Left

Clock = Callable[[], float]


class Limits(BaseModel):
    """Budgets of one run; None means no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    time_s: float
    """Working seconds."""
    steps: int | None = None
    """Steps of the scaffold: nodes of a tree, turns of a conversation."""
    tokens: int | None = None
    """Input and output tokens over all roles."""
    usd: float | None = None
    """Dollars over all roles; calls of unknown price do not count."""


@dataclass(frozen=True, slots=True)
class Spent:
    """A reading of the ledger, as it is written beside each answer."""

    seconds: float = 0.0
    steps: int = 0
    tokens: int = 0
    usd: float = 0.0

    def most(self, other: "Spent") -> "Spent":
        """The greater of two readings, field by field: lanes may write theirs in another order."""
        return Spent(
            max(self.seconds, other.seconds),
            max(self.steps, other.steps),
            max(self.tokens, other.tokens),
            max(self.usd, other.usd),
        )

    def left(self, limits: Limits) -> Left:
        """What the limits still allow."""
        return Left(
            max(0.0, limits.time_s - self.seconds),
            None if limits.steps is None else max(0, limits.steps - self.steps),
            None if limits.tokens is None else max(0, limits.tokens - self.tokens),
            None if limits.usd is None else max(0.0, limits.usd - self.usd),
        )

    def record(self) -> list[float]:
        """As it is written."""
        return [round(self.seconds, 3), self.steps, self.tokens, self.usd]

    @classmethod
    def parse(cls, record: list[float]) -> "Spent":
        """The inverse of `record`."""
        return cls(record[0], int(record[1]), int(record[2]), record[3])


class Ledger:
    """Counts for all lanes of a run. Its clock stands where an earlier process stopped until `start`."""

    def __init__(self, limits: Limits, spent: Spent, clock: Clock = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._spent = spent
        self._began: float | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Let working time run: the replay is over. Safe to repeat."""
        with self._lock:
            if self._began is None:
                self._began = self._clock() - self._spent.seconds

    def read(self) -> Spent:
        """What has been used up to now."""
        with self._lock:
            if self._began is None:
                return self._spent
            return replace(self._spent, seconds=self._clock() - self._began)

    def book(self, usage: Usage, usd: float | None) -> None:
        """Add one model call."""
        with self._lock:
            self._spent = replace(
                self._spent,
                tokens=self._spent.tokens + usage.input + usage.output,
                usd=self._spent.usd + (usd or 0.0),
            )

    def count_step(self) -> int:
        """Add one step; returns its number."""
        with self._lock:
            self._spent = replace(self._spent, steps=self._spent.steps + 1)
            return self._spent.steps

    def left(self) -> Left:
        """What the limits still allow."""
        return self.read().left(self._limits)


def refuse_exhausted(left: Left, *, step: bool) -> None:
    """Raise `LimitReached` when a budget is used up; steps are looked at only where one begins."""
    if left.seconds <= 0:
        raise LimitReached("time", "the time limit is reached")
    if step and left.steps == 0:
        raise LimitReached("steps", "the step limit is reached")
    if left.tokens == 0:
        raise LimitReached("tokens", "the token limit is reached")
    if left.usd is not None and left.usd <= 0:
        raise LimitReached("usd", "the spending limit is reached")

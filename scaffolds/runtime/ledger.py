"""What a run has used of its budgets, and what is left."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
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
    """Dollars over all roles. The run ends before a call that could pass them; models of unknown price are
    not asked."""


@dataclass(frozen=True, slots=True)
class Spent:
    """A reading of the ledger, as it is written beside each answer."""

    seconds: float = 0.0
    """Working seconds."""
    steps: int = 0
    tokens: int = 0
    usd: float = 0.0
    waited: float = 0.0
    """Seconds in which the run only waited for a provider; no part of `seconds`."""

    def most(self, other: "Spent") -> "Spent":
        """The greater of two readings, field by field: lanes may write theirs in another order."""
        return Spent(
            max(self.seconds, other.seconds),
            max(self.steps, other.steps),
            max(self.tokens, other.tokens),
            max(self.usd, other.usd),
            max(self.waited, other.waited),
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
        return [round(self.seconds, 3), self.steps, self.tokens, self.usd, round(self.waited, 3)]

    @classmethod
    def parse(cls, record: list[float]) -> "Spent":
        """The inverse of `record`; older records do not say what was waited."""
        waited = record[4] if len(record) > 4 else 0.0
        return cls(record[0], int(record[1]), int(record[2]), record[3], waited)


class Ledger:
    """Counts for all lanes of a run. Its clock stands where an earlier process stopped until `start`.

    Working time pauses while every lane at work waits for a provider and nothing of the agent runs; the
    seconds of a pause are `waited`. A lane is at work from `enter` to `leave`, except while it is
    `blocked` until another one finishes.

    Whether anything of the agent runs is measured whenever a lane enters or leaves a wait, begins,
    finishes or blocks while all lanes at work wait, and not in between. So a job in the background that
    still runs at that moment keeps the clock going for the whole of the wait, even if it ends soon
    after: the next entry decides anew. Clients enter once for each try, so that is the next try.
    """

    def __init__(
        self,
        limits: Limits,
        spent: Spent,
        clock: Clock = time.monotonic,
        agent_runs: Callable[[], bool] = lambda: False,
    ) -> None:
        """Go on from a reading.

        Args:
            limits: the budgets.
            spent: what earlier processes have used.
            clock: gives seconds.
            agent_runs: says whether a process of the agent runs now; called under the ledger's lock.
        """
        self._limits = limits
        self._clock = clock
        self._agent_runs = agent_runs
        self._spent = spent
        self._since: float | None = None
        """When the clock was last started, paused or continued."""
        self._paused = False
        self._entered: set[str] = set()
        self._blocked: set[str] = set()
        self._reserved = 0.0
        """Dollars that calls in flight may cost."""
        self._waits: Counter[str] = Counter()
        """Waits of each lane: a client with several tries in the air has several."""
        self._lock = threading.Lock()

    def start(self) -> None:
        """Let time run: the replay is over. Safe to repeat."""
        with self._lock:
            if self._since is None:
                self._since = self._clock()

    def read(self) -> Spent:
        """What has been used up to now."""
        with self._lock:
            return self._spent if self._since is None else self._until(self._clock())

    def enter(self, lane: str) -> None:
        """A lane goes to work."""
        with self._changing():
            self._entered.add(lane)

    def leave(self, lane: str) -> None:
        """A lane has finished; those that are blocked have something to do again."""
        with self._changing():
            self._entered.discard(lane)
            self._blocked.clear()

    @contextmanager
    def blocked(self, lane: str) -> Generator[None]:
        """Around a lane's waiting for another one to finish."""
        try:
            with self._changing():
                self._blocked.add(lane)
            yield
        finally:
            with self._changing():
                self._blocked.discard(lane)

    @contextmanager
    def waiting(self, lane: str) -> Generator[bool]:
        """Around a lane's waiting for a provider; says whether the clock stands at its beginning."""
        try:
            with self._changing():
                self._waits[lane] += 1
            yield self._paused
        finally:
            with self._changing():
                self._waits[lane] -= 1

    @contextmanager
    def _changing(self) -> Generator[None]:
        """Around a change of what lanes do: decides anew whether the clock stands."""
        with self._lock:
            yield
            at_work = self._entered - self._blocked
            idle = bool(at_work) and all(self._waits[lane] for lane in at_work)
            paused = idle and not self._agent_runs()
            if paused != self._paused:
                self._turn(paused)

    def _turn(self, paused: bool) -> None:
        if self._since is not None:
            now = self._clock()
            self._spent, self._since = self._until(now), now
        self._paused = paused

    def _until(self, now: float) -> Spent:
        spent, passed = self._spent, 0.0 if self._since is None else now - self._since
        worked, waited = (0.0, passed) if self._paused else (passed, 0.0)
        # Made anew, not by `replace`: this is asked for many times a step.
        return Spent(spent.seconds + worked, spent.steps, spent.tokens, spent.usd, spent.waited + waited)

    def book(self, usage: Usage, usd: float | None) -> None:
        """Add one model call."""
        with self._lock:
            self._spent = replace(
                self._spent,
                tokens=self._spent.tokens + usage.input + usage.output,
                usd=self._spent.usd + (usd or 0.0),
            )

    def reserve(self, usd: float) -> None:
        """Set dollars aside for a call; `release` gives them back.

        Raises:
            LimitReached: fewer are left.
        """
        with self._lock:
            if self._limits.usd is not None and usd > 0:
                left = self._limits.usd - self._spent.usd - self._reserved
                if usd > left:
                    words = f"the next call may cost ${usd:.4g}, and ${max(0.0, left):.4g} are left"
                    raise LimitReached("usd", f"the spending limit is reached: {words}")
            self._reserved += usd

    def release(self, usd: float) -> None:
        """Give back what was reserved for a call."""
        with self._lock:
            self._reserved -= usd

    def count_step(self) -> int:
        """Add one step; returns its number."""
        with self._lock:
            self._spent = replace(self._spent, steps=self._spent.steps + 1)
            return self._spent.steps

    def left(self) -> Left:
        """What the limits still allow."""
        return self.read().left(self._limits)


def refuse_exhausted(left: Left, *, step: bool = False, asks: bool = False) -> None:
    """Raise `LimitReached` when a budget is used up that an effect would draw on.

    Everything takes time. Steps are looked at only where one begins; tokens and dollars only where a model
    is asked (`asks`), since tools cost neither.
    """
    if left.seconds <= 0:
        raise LimitReached("time", "the time limit is reached")
    if step and left.steps == 0:
        raise LimitReached("steps", "the step limit is reached")
    if asks and left.tokens == 0:
        raise LimitReached("tokens", "the token limit is reached")
    if asks and left.usd is not None and left.usd <= 0:
        raise LimitReached("usd", "the spending limit is reached")

"""The one protocol that every model client satisfies, and its errors."""

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from scaffolds.errors import InfraError, LimitReached
from scaffolds.messages import Completion, JsonValue, Message
from scaffolds.tools import ToolSpec

Waiting = Callable[[str], AbstractContextManager[None]]
"""Takes a reason, in words; what is entered while a client waits."""


_NEVER = threading.Event()


_LOOK_S = 1.0
"""Between two looks at the time limit."""


def _unlimited() -> float:
    return math.inf


def _unobserved(reason: str) -> AbstractContextManager[None]:
    del reason
    return nullcontext()


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One call of a model."""

    messages: Sequence[Message]
    tools: Sequence[ToolSpec] = ()
    settings: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """`temperature`, `max_tokens`, `tool_choice` (a tool's name) and the like."""
    seed: int = 0
    """Differs for every call of a run and is the same when the run is replayed."""
    waiting: Waiting = field(default=_unobserved, compare=False, repr=False)
    """Entered by a client for as long as the provider does not serve it: at a rate limit or an outage,
    backing off, queueing for a slot. Such time is no working time. It is entered anew for each try, and
    never while an answer is being made, however slowly:

        with request.waiting("rate limited, next try in 45 s"):
            request.pause(45)
    """
    ended: threading.Event = field(default=_NEVER, compare=False, repr=False)
    """Set when the run is over and nobody wants the answer any more."""
    left_s: Callable[[], float] = field(default=_unlimited, compare=False, repr=False)
    """Seconds of working time that the run still has. An answer takes of them; no try outlasts them."""

    def refuse_overtime(self) -> None:
        """Raise `LimitReached` where the run's time is up."""
        if self.left_s() <= 0:
            raise LimitReached("time", "the time limit is reached")

    def pause(self, seconds: float) -> None:
        """Sleep, but not past the end of the run.

        Raises:
            InfraError: the run has ended.
            LimitReached: its time is up.
        """
        until = time.monotonic() + seconds
        while True:
            self.refuse_overtime()
            left = until - time.monotonic()
            if self.ended.wait(max(0.0, min(left, _LOOK_S))):
                raise InfraError("the run ended while it waited for a model", code="infra.ended")
            if left <= _LOOK_S:
                return


class Model(Protocol):
    """Something that answers requests."""

    name: str

    def complete(self, request: ModelRequest) -> Completion:
        """Answer `request`.

        Raises:
            InfraError: the provider cannot be reached or gave up; worth a retry later.
            ContextOverflow: the request is longer than the model accepts.
            UserError: the request can never succeed (unknown model, bad key).
            LimitReached: the run's time was up before there was an answer.
        """
        ...


@runtime_checkable
class Priced(Protocol):
    """A model whose answers cost money; all others are free."""

    def ceiling(self, input_tokens: int, settings: Mapping[str, JsonValue]) -> float | None:
        """The most that a call may cost, in dollars; None where nobody knows its price.

        Args:
            input_tokens: at most so many are sent.
            settings: as in a request; `max_tokens` among them bounds the answer.
        """
        ...


def as_asked(settings: Mapping[str, JsonValue]) -> int | None:
    """The longest answer that settings allow, in tokens; None where they leave it open."""
    longest = settings.get("max_tokens")
    return longest if isinstance(longest, int) else None

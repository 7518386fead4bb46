"""The one retry layer: a client that tries once becomes a model that waits until it is served.

Whatever a later try may mend is tried again; all waiting is said to the run, so that it is no working time.
Waits are drawn at random and recorded by nobody: a replay needs none of them.
"""

import random
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from scaffolds.errors import InfraError
from scaffolds.messages import Completion, JsonValue
from scaffolds.models.client import Client
from scaffolds.models.failures import Transient
from scaffolds.models.protocol import ModelRequest, as_asked
from scaffolds.models.rates import Price
from scaffolds.models.slots import Slots

FIRST_S = 1.0
"""The longest wait before the second try; it doubles with every further one."""
LONGEST_S = 60.0
"""The longest wait that is our own choice: limits per minute are the usual ones."""
LONGEST_ASKED_S = 900.0
"""The longest wait that a provider may ask for: some answer with the end of the day, and mean the minute."""

Pause = Callable[[ModelRequest, float], None]
Longest = Callable[[Mapping[str, JsonValue]], int | None]
"""Takes a request's settings: the most tokens that its answer can have; None where the model decides."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and in what way to wait for a provider."""

    outage_s: float
    """Seconds of failed tries and waits between them, in one call, after which it is an outage."""
    chance: Callable[[], float] = field(default_factory=lambda: random.Random().random)
    """Between 0 and 1. Seeded by the system: cells forked from one process must not wait in step."""
    clock: Callable[[], float] = time.monotonic
    pause: Pause = ModelRequest.pause

    def wait_s(self, tries: int, retry_after: float | None) -> float:
        """Seconds to wait after so many failed tries: full jitter, on top of what the provider asks for."""
        longest = min(LONGEST_S, FIRST_S * 2.0 ** min(tries - 1, 32))
        asked = min(max(retry_after or 0.0, 0.0), LONGEST_ASKED_S)
        return asked + self.chance() * longest


class Patient:
    """A client with patience: see `Model`. Safe to use from several threads."""

    def __init__(
        self,
        client: Client,
        slots: Slots,
        patience: Patience,
        price: Price | None,
        longest: Longest = as_asked,
    ) -> None:
        self.name = client.name
        self._client = client
        self._slots = slots
        self._patience = patience
        self._price = price
        self._longest = longest

    def complete(self, request: ModelRequest) -> Completion:
        """See `Model.complete`; raises `InfraError` when an outage outlasts the patience."""
        call = _Call(self._client, self._slots, self._patience, request)
        again = Retrying(
            retry=retry_if_exception_type(Transient),
            wait=call.wait_s,
            stop=call.is_outage,
            sleep=call.sleep,
            reraise=True,
        )
        try:
            completion = again(call.attempt)
        except Transient as error:
            raise InfraError(
                f"{self.name} has not answered in {call.tries} tries and {call.lost_s / 60:.0f} minutes; "
                f"the last one said: {error}",
                code="infra.model",
            ) from error
        return replace(completion, usd=self._price.usd(completion.usage) if self._price else None)

    def ceiling(self, input_tokens: int, settings: Mapping[str, JsonValue]) -> float | None:
        """See `Priced.ceiling`."""
        return self._price.ceiling(input_tokens, self._longest(settings)) if self._price else None


@dataclass(slots=True)
class _Call:
    """One call and its tries."""

    client: Client
    slots: Slots
    patience: Patience
    request: ModelRequest
    tries: int = 0
    lost_s: float = 0.0
    """Seconds of failed tries and waits after them; queueing for a slot is nobody's outage."""
    reason: str = ""

    def attempt(self) -> Completion:
        """One try, in a slot."""
        with self.slots.one(self._queueing, lambda seconds: self.patience.pause(self.request, seconds)):
            began = self.patience.clock()
            self.tries += 1
            try:
                return self.client.complete(self.request)
            except Transient as error:
                self.lost_s += self.patience.clock() - began
                self.reason = str(error)
                self.request.refuse_overtime()
                raise

    def wait_s(self, state: RetryCallState) -> float:
        """Seconds until the next try: the last one is made when the patience ends."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, Transient) else None
        return min(self.patience.wait_s(self.tries, asked), self.patience.outage_s - self.lost_s)

    def is_outage(self, state: RetryCallState) -> bool:
        """Whether the patience is over."""
        del state
        return self.lost_s >= self.patience.outage_s

    def sleep(self, seconds: float) -> None:
        """Wait for the next try."""
        with self.request.waiting(f"try {self.tries + 1} in {seconds:.0f} s: {self.reason}"):
            self.patience.pause(self.request, seconds)
        self.lost_s += seconds

    def _queueing(self) -> AbstractContextManager[None]:
        return self.request.waiting(f"queueing: all requests that may be in flight to {self.client.name} are")

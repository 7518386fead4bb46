"""The border between a provider's client and the layer that has patience with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from scaffolds.messages import Completion
from scaffolds.models.protocol import ModelRequest

TIMEOUT_S = 600.0
"""Of silence in one try; a reasoning model may think for minutes before its first byte."""
ANSWER_S = 3600.0
"""For one answer: 128,000 tokens at 36 a second."""
_CONNECT_S = 10.0
"""To open a connection; a provider that is there answers within one."""
_BEYOND_S = 0.1
"""How long a try outlasts the run's time, so that the time is surely up when it ends for that."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is, and what opens it."""

    name: str
    """As users write it, the provider included: `openai/gpt-4o-2024-08-06`. Stands in every message."""
    model: str
    """As the provider calls it: `gpt-4o-2024-08-06`."""
    key: str | None = field(default=None, repr=False)
    """None where the provider asks for none."""
    base_url: str | None = None
    """None for the provider's own."""
    timeout_s: float = TIMEOUT_S
    """Seconds without a byte from the provider after which a try is given up."""
    tools: Literal["native", "text"] | None = None
    """Whether the model calls tools by itself or in its text; None for what the capability table says.
    For servers, which may be started without tools whatever their model can do."""
    answer_s: float = ANSWER_S
    """Seconds after which a try is given up though the provider still sends something."""
    options: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """Whatever else opens it, as arguments of litellm."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Everything else that no text may show, the longest first."""

    def silence_s(self, request: ModelRequest) -> float:
        """Seconds without a byte after which a try for `request` is given up."""
        return min(self.timeout_s, _left_s(request))

    def connect_s(self, request: ModelRequest) -> float:
        """Seconds after which it is given up while nobody has taken the connection."""
        return min(_CONNECT_S, self.silence_s(request))

    def longest_s(self, request: ModelRequest) -> float:
        """Seconds after which it is given up, though something still comes."""
        return min(self.answer_s, _left_s(request))


def _left_s(request: ModelRequest) -> float:
    return max(request.left_s(), 0.0) + _BEYOND_S


class Client(Protocol):
    """One provider's wire format. Every client is a `Model` without patience."""

    @property
    def name(self) -> str:
        """`Endpoint.name`."""
        ...

    def complete(self, request: ModelRequest) -> Completion:
        """Answer `request` with exactly one try on the wire, from any thread, within the run's time.

        A model that refuses to answer is a completion with `stop` "refusal", no error. `usd` of the
        completion is None: prices are another module's.

        Raises:
            Transient: a later try may go well.
            ContextOverflow: the request is longer than the model accepts.
            UserError: no try will ever go well: a bad key, an unknown model, no quota, a setting that
                does not exist, a request that the provider's filter refuses.
        """
        ...

"""The one protocol that every model client satisfies, and its errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from scaffolds.messages import Completion, JsonValue, Message
from scaffolds.tools import ToolSpec


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One call of a model."""

    messages: Sequence[Message]
    tools: Sequence[ToolSpec] = ()
    settings: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """`temperature`, `max_tokens`, `tool_choice` (a tool's name) and the like."""
    seed: int = 0
    """Differs for every call of a run and is the same when the run is replayed."""


class Model(Protocol):
    """Something that answers requests."""

    name: str

    def complete(self, request: ModelRequest) -> Completion:
        """Answer `request`.

        Raises:
            InfraError: the provider cannot be reached or gave up; worth a retry later.
            ContextOverflow: the request is longer than the model accepts.
            UserError: the request can never succeed (unknown model, bad key).
        """
        ...

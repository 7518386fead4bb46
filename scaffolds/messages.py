"""What passes between a scaffold and a model: messages, tool calls, completions and their usage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["system", "user", "assistant", "tool"]
JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's wish to use a tool; `arguments` is the text the model wrote, not yet parsed."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    """For role `tool`: which call this answers."""
    provider: Mapping[str, JsonValue] | None = None
    """Opaque items that the provider wants back, such as reasoning; empty for other providers."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one model call.

    `input` counts all input tokens, `cached` those of them read from a cache; `output` counts all output
    tokens, `reasoning` those of them that the model thought with.
    """

    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0
    estimated: bool = False
    """Whether these are our own guesses, because the provider counted nothing."""
    written: int = 0
    """Those of `input` that were written into a cache, where the provider charges for that."""

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input + other.input,
            self.cached + other.cached,
            self.output + other.output,
            self.reasoning + other.reasoning,
            self.estimated or other.estimated,
            self.written + other.written,
        )

    def record(self) -> list[int]:
        """As it is written: a fifth number, 1, marks an estimate; a sixth is what went into a cache."""
        last = [int(self.estimated), self.written]
        while last and not last[-1]:
            last.pop()
        return [self.input, self.cached, self.output, self.reasoning, *last]

    @classmethod
    def parse(cls, record: Sequence[int]) -> "Usage":
        """The inverse of `record`."""
        return cls(*record[:4], estimated=bool(sum(record[4:5])), written=sum(record[5:6]))


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's answer."""

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    stop: str = "stop"
    """Why it ended: `stop`, `length`, `tool_calls` or `refusal`."""
    usage: Usage = field(default_factory=Usage)
    usd: float | None = None
    """Price of the call; None when it is not known, never 0 for that."""
    provider: Mapping[str, JsonValue] | None = None

    def message(self) -> Message:
        """This answer as the next message of the conversation."""
        return Message("assistant", self.text, self.tool_calls, provider=self.provider)

"""What an action is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from scaffolds.messages import JsonValue
from scaffolds.mlab.desk import Desk
from scaffolds.tools import ToolResult, ToolSpec

Arguments = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Observed:
    """What came of an action."""

    text: str
    status: Literal["ok", "failed", "timeout"] = "ok"
    final: bool = False
    """Whether it ends the session."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something that the agent can do."""

    spec: ToolSpec
    """Its name, what it does, and its arguments, all of them required."""
    perform: Callable[[Desk, Arguments], Observed]
    """Does it; never raises for what the agent did wrong."""
    needs: tuple[str, ...] = ()
    """Tools without which there is no such action."""
    hidden: bool = False
    """Whether prompts leave it out; it can be called all the same."""
    retrieval: bool = False
    """Whether it is there only with retrieval."""
    script: bool = False
    """Whether it runs a script of the agent's."""


def seen(result: ToolResult) -> Observed:
    """What a tool answered; where it could not do its work, as an error of the environment."""
    return Observed(result.text) if result.ok else failed(result.text)


def failed(text: str) -> Observed:
    """An error of the environment, for the agent to read."""
    return Observed(f"EnvError: {text}", "failed")


def helper_failed(text: str) -> Observed:
    """An error of a model that helps, for the agent to read."""
    return Observed(f"LLMError: {text}", "failed")

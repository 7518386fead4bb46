"""The settings of a model call: what a scaffold or a config may ask for, in the same words everywhere."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scaffolds.errors import UserError
from scaffolds.messages import JsonValue
from scaffolds.tools import ToolSpec

_CHOICES = ("auto", "none", "required")
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class Settings(BaseModel):
    """What a call asks for. What a model does not know is left out of its request; see `capabilities`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    """Sampling temperature; null leaves it to the provider."""
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    """Share of the probability that is sampled from; null leaves it to the provider."""
    max_tokens: Annotated[int, Field(gt=0)] | None = None
    """The longest answer; null for the model's default. Reasoning counts into it, but for Claude's, where
    it comes on top."""
    reasoning_effort: Effort | None = None
    """How much a reasoning model thinks; null leaves it to the provider."""
    stop: tuple[str, ...] = ()
    """Texts that end the answer."""
    tool_choice: str | None = None
    """The name of the tool that must be called, or `auto`, `none`, `required`."""


def read_settings(values: Mapping[str, JsonValue], model: str) -> Settings:
    """The settings of a request.

    Raises:
        UserError: one does not exist or has a value that no model takes.
    """
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"][:1])
        known = ", ".join(Settings.model_fields)
        found = None if first["type"] == "extra_forbidden" else first["msg"]
    wrong = f"value {values.get(name)!r}: {found}" if found else f"no such setting; there are {known}"
    raise UserError(f"{model}: setting {name!r}: {wrong}", code="model.setting")


def names_a_tool(choice: str, tools: Sequence[ToolSpec]) -> bool:
    """Whether a `tool_choice` names a tool: also one that is called like another choice."""
    return choice not in _CHOICES or any(tool.name == choice for tool in tools)

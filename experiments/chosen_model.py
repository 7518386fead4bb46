"""A model as a config chooses it: by its name, or by its name and how much it is to reason."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_serializer, model_validator

from scaffolds.messages import JsonValue
from scaffolds.models.settings import Effort


class ChosenModel(BaseModel):
    """A model: `openai/o3`, or `{name: openai/o3, reasoning_effort: high}`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """Its name, the provider's before it."""
    reasoning_effort: Effort | None = None
    """How much it reasons, whatever its scaffold says; where left out, that or the provider decides."""

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, value: Any) -> Any:  # noqa: ANN401 - whatever the YAML holds
        return {"name": value} if isinstance(value, str) else value

    @model_serializer
    def _as_written(self) -> str | dict[str, str]:
        """A plain name where that is all, so that it is what it was before there was more to say."""
        if self.reasoning_effort is None:
            return self.name
        return {"name": self.name, "reasoning_effort": self.reasoning_effort}

    @property
    def label(self) -> str:
        """The name, with the effort where one is chosen."""
        chosen = f" (reasoning_effort {self.reasoning_effort})" if self.reasoning_effort else ""
        return f"{self.name}{chosen}"

    @property
    def settings(self) -> dict[str, JsonValue]:
        """What its calls are to be made with."""
        return {} if self.reasoning_effort is None else {"reasoning_effort": self.reasoning_effort}

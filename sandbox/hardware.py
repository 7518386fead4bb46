"""Hardware profiles, and what this machine has."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Hardware(BaseModel):
    """What an agent is given: a profile. None stands for whatever the machine has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """What configs and tables call it: `host`, `cpu`, `1xA10`."""
    cores: int | None = Field(None, ge=1)
    """Processor cores."""
    memory_gb: float | None = Field(None, gt=0)
    """Memory, in GiB."""
    gpus: int | Literal["all"] = Field(0, ge=0)
    """Graphics cards; `all` that the machine has."""
    gpu: str | None = None
    """The kind of card, as a part of its name: `A10`."""

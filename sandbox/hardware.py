"""Hardware profiles: what an agent is given. `sandbox.machine` knows what is here."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Hardware(BaseModel):
    """What an agent is given: a profile. None stands for whatever the machine has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """What configs and tables call it: `host`, `cpu`, `1xA10`."""
    cores: Annotated[int, Field(ge=1)] | None = None
    """Processor cores."""
    memory_gb: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Memory, in GiB."""
    gpus: Annotated[int, Field(ge=0)] | Literal["all"] = 0
    """Graphics cards; `all` that the machine has."""
    gpu: Annotated[str, Field(min_length=1)] | None = None
    """The kind of card, as a whole word of its name, and its memory at least: `A10 24GB`. `A10` is neither an
    A100 nor an A10G, but any part of an A10 that a virtual machine was given."""


def any_card(hardware: Hardware) -> Hardware:
    """Return the same with cards of any kind."""
    return hardware.model_copy(update={"gpu": None})

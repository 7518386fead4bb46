"""What a cell's process may use of the machine: what its sandboxes show the agent and hold it to."""

import dataclasses
import os
from collections.abc import Sequence
from typing import Self

from pydantic import BaseModel, ConfigDict

from experiments.cell import Cell
from sandbox.hardware import Hardware
from sandbox.machine import Gpu, Machine
from sandbox.portion import Part, dealt
from scaffolds.errors import UserError


class Means(BaseModel):
    """One run's part of the machine; the defaults are for runs that open no sandbox."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cores: float | None = None
    """Processor cores, where the profile names a figure: without one, a run that others leave alone may
    use them all."""
    memory_gb: float | None = None
    """Memory, in GiB."""
    gpus: tuple[str, ...] = ()
    """UUIDs of its graphics cards."""
    cards: tuple[str, ...] = ()
    """What their driver calls them."""

    def part(self, part: Part) -> Self:
        """What a worker with one of several equal parts gets: cards of its own where there are enough."""
        return self.model_copy(
            update={
                "cores": None if self.cores is None else self.cores / part.of,
                "memory_gb": None if self.memory_gb is None else self.memory_gb / part.of,
                "gpus": dealt(self.gpus, part),
                "cards": dealt(self.cards, part),
            }
        )


def means(needs: Hardware, machine: Machine, parallel: int, gpus: Sequence[Gpu]) -> Means:
    """What one of `parallel` runs gets that needs this, and to which these cards are leased."""
    return Means(
        cores=needs.cores,
        memory_gb=machine.memory_limit_gb(needs, parallel),
        gpus=tuple(gpu.uuid for gpu in gpus),
        cards=tuple(gpu.name for gpu in gpus),
    )


def means_alone(cell: Cell) -> Means:
    """What a cell gets that no sweep runs: of the cards, those that CUDA_VISIBLE_DEVICES leaves.

    Raises:
        UserError: this machine cannot give what the cell needs.
    """
    machine = Machine.here()
    machine = dataclasses.replace(
        machine, gpus=_visible(machine.gpus, os.environ.get("CUDA_VISIBLE_DEVICES"))
    )
    needs = cell.needs
    if lacks := machine.lacks(needs):
        raise UserError(
            f"the hardware profile {needs.name!r} is more than this machine has: {'; '.join(lacks)}. "
            "Run the cell on one that has it"
        )
    return means(needs, machine, 1, machine.cards(needs.gpu)[: machine.share(needs).gpus])


def _visible(gpus: Sequence[Gpu], words: str | None) -> tuple[Gpu, ...]:
    """The cards that a value of CUDA_VISIBLE_DEVICES names, by their numbers or how their UUIDs begin."""
    if words is None:
        return tuple(gpus)
    names = [word.strip() for word in words.split(",") if word.strip()]
    return tuple(gpu for gpu in gpus if any(_is(gpu, name) for name in names))


def _is(gpu: Gpu, name: str) -> bool:
    return gpu.index == int(name) if name.isdecimal() else gpu.uuid.startswith(name)

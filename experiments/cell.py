"""One cell of a sweep: everything that makes a run what it is."""

import difflib
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from experiments.chosen_model import ChosenModel
from experiments.faults import explain
from experiments.files import read_json
from sandbox.hardware import Hardware, any_card
from sandbox.portion import Part, Portion
from sandbox.spec import IMAGE, BackendName
from scaffolds.errors import UserError
from scaffolds.runtime.ledger import Limits

CELL_FILE = "cell.json"
"""The cell, in its run folder."""
PROCESS_LOG = "process.log"
"""What a run's process printed, there too."""


Description = Literal["original", "obfuscated"]

ELSEWHERE = frozenset(
    {"labels", "machine", "portion", "backend", "image", "other_gpu", "grace_s", "data_dir", "home"}
)
"""Fields of a cell that are about the place and the words for it, not about what is run."""

_TASK = frozenset({"competition", "data_version", "data_digest", "seed"})
"""Fields in which the cells of one arm differ."""


class Labels(BaseModel):
    """What tables call a cell's parts: as short as the sweep's config allows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scaffold: str
    """The scaffold's name, with its settings where the sweep has several of that name."""
    model: str
    """The main model, and other roles where they are named."""
    time_limit: str
    """The budget as the config says it: `24h`, `100h, 5000 steps`."""
    variant: str = "base"
    """Name of the variant."""


class Cell(BaseModel):
    """What one run does (`identity`), and where and how it is done (the rest)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scaffold: str
    """Name of the scaffold."""
    scaffold_version: str
    """Its version."""
    scaffold_config: Mapping[str, Any]
    """Its whole config, defaults included."""
    templates: Mapping[str, str]
    """Its prompt templates, whole: another prompt is another agent."""
    models: Mapping[str, ChosenModel]
    """Model by role."""
    competition: str
    """Competition id."""
    data_version: int
    """Version of the split and the metric."""
    data_digest: str
    """Digest of the public files' content."""
    description: Description = "original"
    """Which of the competition's descriptions the agent reads."""
    hardware: Hardware
    """Hardware profile."""
    network: Literal["none", "open"] = "none"
    """Whether the sandbox reaches the network."""
    hidden_tools: tuple[str, ...] = ()
    """Tools that the agent does not have."""
    final: Literal["path", "last_valid"] = "path"
    """Which submission is graded: the file at the path, or else the last snapshot that was well-formed."""
    limits: Limits
    """Budgets."""
    seed: int
    """Seed of everything random."""

    labels: Labels
    """Words for tables. Not identity."""

    machine: str
    """The hardware in words, as the agent is told; fixed when the cell is planned. Not identity."""
    portion: Portion | None = None
    """The same as figures: what workers of one run are told about their parts. Not identity."""
    backend: BackendName
    """Isolation asked for. Not identity."""
    image: str = IMAGE
    """Docker image, for that backend; its digest is in the log. Not identity."""
    other_gpu: bool = False
    """Whether cards of another kind stand in for those of the hardware profile; which, is in the log. Not
    identity: reports mark such runs."""
    grace_s: float = 300.0
    """Seconds past the time limit at which the run is ended from outside. Not identity."""
    data_dir: str
    """Where prepared data lie on this machine. Not identity."""
    home: str = "."
    """Folder whose `configs` and `.env` say how models are reached from here. Not identity."""

    def identity(self) -> dict[str, Any]:
        """What the id is made of: nothing about the place, the backend or the speed of the machine."""
        return self.model_dump(mode="json", exclude=set(ELSEWHERE))

    @property
    def needs(self) -> Hardware:
        """What it asks of a machine."""
        return any_card(self.hardware) if self.other_gpu else self.hardware

    def machine_of(self, part: Part) -> str:
        """What a worker is told that has one of several equal parts of the machine."""
        return self.machine if self.portion is None else self.portion.part(part).words()

    @property
    def id(self) -> str:
        """Readable, and different for every different identity."""
        words = (self.scaffold, self.models["main"].name, self.competition, f"s{self.seed}")
        return "_".join(re.sub(r"[^A-Za-z0-9.-]+", "-", w) for w in words) + f"_{_digest(self.identity())}"

    @property
    def arm(self) -> str:
        """The same for cells that differ only in competition and seed: what a table compares."""
        return _digest({name: value for name, value in self.identity().items() if name not in _TASK})

    def differences(self, other: "Cell") -> list[str]:
        """Names of the identity's parts in which two cells differ, nested ones with dots."""
        return sorted(_different(self.identity(), other.identity()))


def load_cell(run: Path) -> Cell:
    """The cell that a run folder was made for.

    Raises:
        UserError: it is no run folder, or its cell is not one.
    """
    record = read_json(run / CELL_FILE)
    if record is None:
        if not run.is_dir():
            raise UserError(f"{str(run)!r} is not a run folder; give the {CELL_FILE} of one below runs/")
        raise UserError(
            f"{str(run)!r} is not a run folder: it has no {CELL_FILE}. If it was one, remove what is left of "
            "it, and its sweep's command makes it anew"
        )
    try:
        return Cell.model_validate(record)
    except ValidationError as error:
        raise UserError(f"{str(run / CELL_FILE)!r} is not a cell:\n{explain(error, Cell)}") from error


def _digest(value: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()[:8]


def _different(a: Mapping[str, Any], b: Mapping[str, Any], prefix: str = "") -> list[str]:
    found: list[str] = []
    for key in {*a, *b}:
        x, y = a.get(key), b.get(key)
        if isinstance(x, dict) and isinstance(y, dict):
            found += _different(x, y, f"{prefix}{key}.")  # pyright: ignore[reportUnknownArgumentType] - JSON
        elif x != y:
            found.append(prefix + key)
    return found


def template_difference(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """A unified diff of two sets of templates; empty when they are equal."""
    rows: list[str] = []
    for name in sorted({*old, *new}):
        before, after = old.get(name, ""), new.get(name, "")
        if before != after:
            lines = before.splitlines(), after.splitlines()
            rows += difflib.unified_diff(*lines, f"{name} (recorded)", f"{name} (now)", n=1, lineterm="")
    return "\n".join(rows[:60])

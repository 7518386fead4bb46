"""One cell of a sweep: everything that makes a run what it is."""

import difflib
import hashlib
import re
from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict

from sandbox.protocols import BackendName
from scaffolds.runtime.ledger import Limits

CELL_FILE = "cell.json"
"""The cell, in its run folder."""


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
    models: Mapping[str, str]
    """Model by role."""
    competition: str
    """Competition id."""
    data_version: int
    """Version of the split and the metric."""
    data_digest: str
    """Digest of the public files' content."""
    hardware: str
    """Hardware profile."""
    limits: Limits
    """Budgets."""
    seed: int
    """Seed of everything random."""

    machine: str
    """The hardware in words, as the agent is told; fixed when the cell is planned. Not identity."""
    backend: BackendName
    """Isolation asked for. Not identity."""
    data_dir: str
    """Where prepared data lie on this machine. Not identity."""

    def identity(self) -> dict[str, Any]:
        """What the id is made of: nothing about the place, the backend or the speed of the machine."""
        return self.model_dump(mode="json", exclude={"machine", "backend", "data_dir"})

    @property
    def id(self) -> str:
        """Readable, and different for every different identity."""
        digest = hashlib.sha256(orjson.dumps(self.identity(), option=orjson.OPT_SORT_KEYS)).hexdigest()
        words = (self.scaffold, self.models["main"], self.competition, f"s{self.seed}")
        return "_".join(re.sub(r"[^A-Za-z0-9.-]+", "-", word) for word in words) + f"_{digest[:8]}"

    def differences(self, other: "Cell") -> list[str]:
        """Names of the identity's parts in which two cells differ, nested ones with dots."""
        return sorted(_different(self.identity(), other.identity()))


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

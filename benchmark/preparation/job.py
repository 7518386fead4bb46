"""What a preparation works with, and which function carries it out."""

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from benchmark.competition import Competition
from benchmark.errors import BadCompetition
from benchmark.preparation.errors import NoPreparer
from benchmark.preparation.raw import Raw, silent


@dataclass(frozen=True)
class Job:
    """One competition on its way into two folders."""

    competition: Competition
    """What is prepared; its `data_version` says which version."""
    raw: Raw
    """The raw files."""
    public: Path
    """The folder that the agent may see; empty at the start."""
    private: Path
    """The folder with the answers, for the grader alone; empty at the start."""
    scratch: Path
    """A folder on the same disk for what is in between; it is gone when the preparation is done."""
    say: Callable[[str], None] = silent
    """Is told what takes long."""

    def place(self, name: str) -> Path:
        """Where `public/...` or `private/...` lies.

        Raises:
            ValueError: The name begins with neither.
        """
        side, _, rest = name.partition("/")
        if side not in ("public", "private"):
            raise ValueError(f"{name!r} is neither in public/ nor in private/")
        return (self.public if side == "public" else self.private) / rest


Preparer = Callable[[Job], None]
"""Fills the two empty folders of a competition."""


def preparer(competition: Competition, data_dir: Path) -> Preparer:
    """The function that prepares a competition for a folder of data.

    Raises:
        NoPreparer: The facts name none.
        BadCompetition: They name one that does not exist.
    """
    from benchmark.preparation.recipe import follow

    facts = competition.preparation
    path = competition.folder / "competition.yaml"
    if facts is None:
        raise NoPreparer(competition, data_dir)
    if facts.function is None:
        return follow
    place, _, function = facts.function.partition(":")
    try:
        return getattr(_module(place, competition), function)
    except (ImportError, AttributeError, FileNotFoundError) as error:
        raise BadCompetition(path, f"preparation: no function {facts.function}") from error


def _module(place: str, competition: Competition) -> ModuleType:
    """A module by its name, or a file in the competition's folder."""
    if not place.endswith(".py"):
        return importlib.import_module(place)
    name = f"benchmark.competitions.{competition.id}.{place.removesuffix('.py')}"
    spec = importlib.util.spec_from_file_location(name, competition.folder / place)
    if spec is None or spec.loader is None:
        raise ImportError(place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

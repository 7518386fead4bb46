"""What one sandbox is made of, and where things are in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sandbox.image.names import REPOSITORY

Isolation = Literal["docker", "bwrap", "none"]
BackendName = Literal["auto", "docker", "bwrap", "none"]
IMAGE = REPOSITORY
"""What `python -m sandbox build-image` tags its latest image."""

_Amount = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class SandboxSpec(BaseModel):
    """What one sandbox is made of; `root` belongs to it alone and is wiped when it opens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: BackendName = "auto"
    """Which isolation; `auto` takes bwrap where it is installed."""
    root: Path
    """Host folder that holds the sandbox's files; created if missing, emptied at the start."""
    data: Path
    """Host folder that the agent sees, read-only, as its data."""
    network: Literal["none", "open"] = "none"
    """`none` leaves only a loopback interface."""
    env: Mapping[str, str] = {}
    """Extra environment variables inside; nothing of the host's environment is passed on."""
    image: str = IMAGE
    """Docker image; the other backends show the agent this process's own Python environment."""
    cores: _Amount | None = None
    """Processor cores; None for all that this process may use."""
    memory_gb: _Amount | None = None
    """Memory of all processes together, in GiB; None for no limit of its own."""
    disk_gb: _Amount = 100.0
    """Files of the home folder and the temporary folder together, in GiB."""
    gpus: tuple[str, ...] = ()
    """Graphics cards that the agent sees, as UUIDs; it sees no others."""
    owner: str = ""
    """Whose it is, for `python -m sandbox reap` and for people who wonder; a run's folder, say."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths as the agent sees them."""

    home: str
    data: str
    submission: str
    code: str
    logs: str
    tmp: str = "/tmp"
    """For temporary files; not part of snapshots."""
    python: str = ""
    """Interpreter of the agent's code; empty for the one that runs the driver."""
    port: int = 5000
    """Where the validation server listens on the loopback interface; 0 for any port that is free."""
    mounted: tuple[str, ...] = ()
    """Names in the home folder through which the host's Python is mounted; not part of snapshots."""

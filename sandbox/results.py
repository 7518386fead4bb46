"""What calls into a sandbox return.

Everything here is the agent's claim, except where a field says that the host measured it.
"""

from dataclasses import dataclass, field
from typing import Literal

Ended = Literal["exit", "signal", "timeout"]


@dataclass(frozen=True, slots=True)
class Captured:
    """One output stream: its first and last bytes, and how many there were in all."""

    head: bytes = b""
    tail: bytes = b""
    """Bytes after the dropped middle; empty when `head` holds everything."""
    total: int = 0


@dataclass(frozen=True, slots=True)
class Execution:
    """How a command or script ended."""

    ended: Ended
    exit_code: int | None
    """Exit status; the negative signal number when a signal ended it; None at a timeout."""
    stdout: Captured
    """For the shell: both streams, merged in order."""
    stderr: Captured
    wall_s: float
    """Measured by the host."""
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    cwd: str = ""
    """Where the shell stands afterwards (scripts: the directory they ran in)."""
    notes: tuple[str, ...] = ()
    """What the agent must be told, e.g. that its shell had to be restarted."""


@dataclass(frozen=True, slots=True)
class FileText:
    """Part of a text file, decoded with replacement characters."""

    text: str
    total_bytes: int
    truncated: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a directory listing."""

    path: str
    kind: Literal["file", "dir", "link", "other"]
    size: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The workspace at one instant: a tree object in the blob store."""

    tree: str
    """Hash of the tree; equal trees have equal hashes."""
    files: int
    bytes: int
    skipped: tuple[str, ...] = field(default=())
    """Paths left out, the first hundred: over a cap, unreadable, hard-linked, or no file, folder or link."""

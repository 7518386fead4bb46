"""What calls into a sandbox return.

Everything here is the agent's claim, except where a field says that the host measured it.
"""

from dataclasses import dataclass, field
from typing import Literal

ROOM = 2 * 1024**3
"""Bytes that a snapshot may copy if nothing is said: all that it can hold, and what changes meanwhile."""

Ended = Literal["exit", "signal", "timeout"]


@dataclass(frozen=True, slots=True)
class Captured:
    """One output stream: its first and last bytes, and how many there were in all."""

    head: bytes = b""
    tail: bytes = b""
    """Bytes after the dropped middle; empty when `head` holds everything."""
    total: int = 0
    path: str = ""
    """File inside the sandbox with the first and last 64 MB of it; empty where an agent's view shows all."""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that a cell displayed."""

    mime: str
    """`image/png`, `image/jpeg` or `image/svg+xml`, as the cell claims."""
    data: bytes


@dataclass(frozen=True, slots=True)
class Execution:
    """How a command, a script or a cell ended."""

    ended: Ended
    exit_code: int | None
    """Exit status; the negative signal number when a signal ended it; None at a timeout."""
    stdout: Captured
    """For the shell: both streams, merged in order; for a cell: all text that a notebook would show."""
    stderr: Captured
    wall_s: float
    """Measured by the host."""
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    cwd: str = ""
    """Where the shell stands afterwards (scripts: the directory they ran in)."""
    notes: tuple[str, ...] = ()
    """What the agent must be told, e.g. that its shell had to be restarted."""
    images: tuple[Image, ...] = ()
    """What a cell displayed, in order; where each stood is said in `stdout`."""


@dataclass(frozen=True, slots=True)
class Job:
    """A command in the background, as of one look at it."""

    number: int
    running: bool
    ended: Ended | None
    """None while it runs; `signal` also when it was killed on request."""
    exit_code: int | None
    """Exit status; the negative signal number when a signal ended it; None while it runs."""
    output: Captured
    """What it printed, both streams merged, since the last look."""
    log: str
    """File inside the sandbox with the first and last 64 MB of all that it printed."""
    wall_s: float
    """Since its start; until its end, once it has ended."""
    notes: tuple[str, ...] = ()
    """What the agent must be told."""


@dataclass(frozen=True, slots=True)
class Edited:
    """A text file after an edit."""

    window: str
    """The lines around the change, each after its number and a tab."""
    lint: str
    """What is wrong with the file now, for kinds of files that can be checked; else empty."""
    gone: bool = False
    """Whether there is no such file any more: what was taken back had made it."""


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

"""The types that cross the border of a sandbox.

`Sandbox` is what the rest of the project sees; `Backend` and `Channel` are what a new kind of
isolation (Docker, say) has to bring. Everything in a result is the agent's claim, except where a field
says that the host measured it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

BackendName = Literal["auto", "bwrap", "none"]
Ended = Literal["exit", "signal", "timeout"]


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


class BlobStore(Protocol):
    """A content-addressed store of bytes, as snapshots need it."""

    def put(self, data: bytes) -> str:
        """Keep `data` and return its SHA-256 in hex."""
        ...

    def get(self, digest: str) -> bytes:
        """Return the bytes of `digest`; KeyError when the store has none."""
        ...


class Sandbox(Protocol):
    """One lane's isolated workspace. Every method but `busy` and `close` may raise `SandboxLost`."""

    layout: Layout
    backend: str
    """The backend in use: `bwrap` or `none`, never `auto`."""

    def shell(self, command: str, *, timeout: float) -> Execution:
        """Run `command` in the persistent bash: working directory and variables are kept between calls."""
        ...

    def run_script(self, source: str, *, directory: str, env: Mapping[str, str], timeout: float) -> Execution:
        """Run Python `source` as `__main__` of a fresh process in `directory` (relative to the code folder).

        The directory is created with `input` linked to the data; the source is kept there as
        `solution.py`. The process and all its descendants are gone when this returns.
        """
        ...

    def read_file(self, path: str, *, offset: int = 0, limit: int = 65536) -> FileText:
        """Read `limit` bytes of the agent's file at `offset`; relative paths start at the code folder.

        Raises:
            PathRefused: there is no such regular file.
        """
        ...

    def write_file(self, path: str, content: str) -> int:
        """Write a text file, creating its folders; returns the number of bytes.

        Raises:
            PathRefused: the path cannot be written.
        """
        ...

    def list_files(self, path: str = ".", *, limit: int = 200) -> tuple[Entry, ...]:
        """List a directory, sorted by name, at most `limit` rows.

        Raises:
            PathRefused: there is no such directory.
        """
        ...

    def fetch(self, path: str, *, max_bytes: int) -> bytes:
        """Read a file from the host's side: no links followed, regular file, one name, size cap.

        Raises:
            PathRefused: any of these does not hold.
        """
        ...

    def snapshot(self, store: BlobStore) -> Snapshot:
        """Copy what changed in the workspace since the last snapshot into `store`."""
        ...

    def restore(self, tree: str, store: BlobStore) -> None:
        """Make the (fresh) workspace equal to `tree`."""
        ...

    def busy(self) -> bool:
        """Whether a process of the agent runs inside now, be it a call's or one left in the background.

        The driver and its idle shell are none. Measured by the host; a sandbox that is lost or closed
        is not busy. Costs a look at the process table.
        """
        ...

    def close(self) -> None:
        """Kill everything inside and remove the workspace. Safe to repeat."""
        ...


class Channel(Protocol):
    """A byte pipe to a driver process running inside the isolation."""

    def write(self, data: bytes) -> None:
        """Send all of `data`; raises `SandboxLost` when the other end is gone."""
        ...

    def read(self, size: int, deadline: float) -> bytes:
        """Receive exactly `size` bytes before `deadline` (time.monotonic); raises `SandboxLost` otherwise."""
        ...

    def busy(self) -> bool:
        """Whether a process of the agent runs inside, besides an idle shell, as the host measures it."""
        ...

    def kill(self) -> None:
        """End every process inside. Safe to repeat."""
        ...

    def killed(self) -> bool:
        """Whether a signal ended it; asked when it does not answer, before `kill`."""
        ...

    def diagnose(self) -> str:
        """Say in one line why the other end is gone, as far as the host can tell."""
        ...


class Backend(Protocol):
    """One way to isolate: starts the driver over a prepared host folder."""

    name: str
    isolated: bool

    def layout(self, spec: SandboxSpec) -> Layout:
        """Where things are for the agent."""
        ...

    def start(self, spec: SandboxSpec, layout: Layout) -> Channel:
        """Start the driver inside; raises `SandboxUnavailable` when this machine cannot."""
        ...

"""What stands at the border of this package.

`Sandbox` is what the rest of the project sees; `Backend` and `Channel` are what a new kind of
isolation has to bring; `Validator` and `BlobStore` are brought by whoever opens a sandbox.
"""

from collections.abc import Collection, Mapping
from typing import Protocol

from sandbox.edits import Edit
from sandbox.results import ROOM, Edited, Entry, Execution, FileText, Job, Snapshot
from sandbox.spec import Layout, SandboxSpec

SYSTEM_CALLS = "system_calls"
"""The fact that is told where the kernel refuses an isolated agent no call: see `driver.syscalls`."""


class Verdict(Protocol):
    """Whether a submission is well-formed; never how good it is."""

    @property
    def valid(self) -> bool:
        """Whether the grader would score it."""
        ...

    @property
    def code(self) -> str:
        """`OK`, or the kind of fault: `COLUMNS`, `NAN`, ..."""
        ...

    @property
    def message(self) -> str:
        """What is wrong, in words for the agent."""
        ...


class Validator(Protocol):
    """Checks the form of a submission, knowing only public files. Called from any thread."""

    @property
    def max_bytes(self) -> int:
        """Files above this size are refused unread."""
        ...

    def check(self, data: bytes) -> Verdict:
        """Judge the bytes of a submission file."""
        ...


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
    """The backend in use, never `auto`."""
    facts: Mapping[str, str]
    """What else decides how code runs here: `image`, a digest, `engine`, and `system_calls` where none are
    refused; empty where there is none of that."""

    def shell(self, command: str, *, timeout: float) -> Execution:
        """Run `command` in the persistent bash: working directory and variables are kept between calls."""
        ...

    def start_job(self, command: str) -> Job:
        """Run `command` in the background by a bash of its own, from the shell's directory.

        It has the variables that the shell exports, and lives on until it ends, is killed or the sandbox
        closes.

        Raises:
            PathRefused: too many jobs run already.
        """
        ...

    def poll_job(self, job: int, *, wait: float = 0.0, kill: bool = False) -> Job:
        """Return what a job printed since the last look, and whether it runs.

        Args:
            job: its number.
            wait: seconds to wait for its end.
            kill: end it and all that it started, by INT, TERM and KILL.

        Raises:
            PathRefused: there is no such job.
        """
        ...

    def python(self, code: str, *, timeout: float) -> Execution:
        """Run one cell in the persistent IPython kernel, which starts in the code folder at the first one.

        Its exit status is 1 after an exception. A cell that has to be killed costs the kernel all its
        variables, and a note says so.

        Raises:
            PathRefused: the sandbox's Python has no kernel.
        """
        ...

    def run_script(
        self,
        source: str | None = None,
        *,
        path: str | None = None,
        directory: str | None = None,
        env: Mapping[str, str],
        timeout: float,
    ) -> Execution:
        """Run a Python script as `__main__` of a fresh process: either `source` or the file at `path`.

        A source needs a `directory` (relative to the code folder), which is created with `input` linked
        to the data; it is kept there as `solution.py`. A file runs in `directory` or, without one, in its
        own folder. The process and all its descendants are gone when this returns.

        Raises:
            PathRefused: the directory is not below the code folder, or there is no such file.
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

        An undo by `edit_file` brings back the text that was there, or takes a new file away.

        Raises:
            PathRefused: the path cannot be written.
        """
        ...

    def put_file(self, path: str, data: bytes) -> None:
        """Put a file of any size in its place at once, creating its folders.

        Raises:
            PathRefused: the path cannot be written.
        """
        ...

    def edit_file(self, path: str, edit: Edit) -> Edited:
        """Change a part of a text file, or take back the last change that `write_file` or an edit made.

        An edit that leaves it faulty is kept, and the fault told.

        Raises:
            PathRefused: no such text file, or the edit does not fit it.
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

    def snapshot(self, store: BlobStore, room: int = ROOM, *, last: bool = False) -> Snapshot:
        """Copy what changed in the workspace since the last snapshot into `store`, at most `room` bytes.

        With `last`, what lies in `submission` is read again, whatever its times say.
        """
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

    facts: Mapping[str, str]
    """Of the sandbox."""

    def write(self, data: bytes) -> None:
        """Send all of `data`; raises `SandboxLost` when the other end is gone."""
        ...

    def read(self, size: int, deadline: float) -> bytes:
        """Receive exactly `size` bytes before `deadline` (time.monotonic, or math.inf).

        Raises:
            SandboxLost: they do not come; also in a thread that waits while another one kills.
        """
        ...

    def busy(self) -> bool:
        """Whether a process of the agent runs inside, besides an idle shell, as the host measures it."""
        ...

    def inside(self) -> Collection[int]:
        """Processes inside, as this machine numbers them; none where they cannot be told."""
        ...

    def news(self) -> tuple[str, ...]:
        """What the host saw happen inside since it was last asked and no driver can tell, for the agent."""
        ...

    def holds_memory(self) -> bool:
        """Whether the kernel limits the memory of all processes inside, so that nobody has to watch it."""
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
    """Processes of the agent are in a namespace of their own, and the driver is its process 1."""
    owner: tuple[int, int] | None
    """User and group that the agent's files have on the host; None for those of this process."""

    def layout(self, spec: SandboxSpec) -> Layout:
        """Where things are for the agent."""
        ...

    def start(self, spec: SandboxSpec, layout: Layout) -> Channel:
        """Start the driver inside; raises `SandboxUnavailable` when this machine cannot."""
        ...

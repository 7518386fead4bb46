"""An open sandbox: the protocol's methods, carried out by the driver or, where bytes count, by the host."""

import contextlib
import dataclasses
import re
import secrets
import time
from collections.abc import Generator, Mapping
from pathlib import Path

from sandbox import answers, ownership
from sandbox.driver import frames
from sandbox.edits import Edit, Insert, Replace
from sandbox.errors import PathRefused, SandboxLost
from sandbox.hostfiles import fetch
from sandbox.protocols import BlobStore
from sandbox.results import ROOM, Edited, Entry, Execution, FileText, Job, Snapshot
from sandbox.snapshot import Snapshots
from sandbox.spec import Layout
from sandbox.watch import Watch
from sandbox.wire import Wire
from sandbox.workspace import Workspace

_SLACK_S = 15.0
"""Seconds past a call's timeout at which a driver that has not answered counts as dead."""
_MAX_S = 1e6  # what poll takes ends at 24 days
_KERNEL_S = 60.0
"""The most that the start of a kernel takes; it is no part of a cell's timeout."""
_FILES_S = 60.0
_PIECE = 8 * 1024 * 1024
"""Bytes of a file that are written at a time, well within a frame."""
_MAX_READ = 4 * 1024 * 1024
_MAX_ROWS = 2000
_MAX_INTEGER = 2**62
"""No file is as long; agents name larger ones."""
_UNUSABLE = re.compile("[\0\ud800-\udfff]")
"""What no variable of a process can hold."""
_SHOWN = 80
"""Characters of a name that cannot be used."""


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a sandbox is."""

    layout: Layout
    """Paths inside."""
    data: Path
    """The folder on the host that is seen as the data."""
    backend: str
    facts: Mapping[str, str]
    """See `Sandbox.facts`."""
    owner: tuple[int, int] | None
    """User and group that the agent's files are given to; None where they are the harness's own."""


class Session:
    """The `Sandbox` of every backend."""

    def __init__(self, wire: Wire, workspace: Workspace, watch: Watch, place: Place) -> None:
        self.layout = place.layout
        self.backend = place.backend
        self.facts = place.facts
        self._place = place
        self._wire = wire
        self._workspace = workspace
        self._watch = watch
        self._snapshots = Snapshots(workspace.home, leave_out=workspace.left_out())
        self._closed = False

    def shell(self, command: str, *, timeout: float) -> Execution:
        """Run `command` in the persistent bash: working directory and variables are kept between calls."""
        return self._execute("shell", {}, command, timeout)

    def start_job(self, command: str) -> Job:
        """Run `command` in the background by a bash of its own, from the shell's directory."""
        answer = self._wire.ask("job", {}, command.encode(errors="replace"), timeout=_FILES_S)
        with self._checked():
            return answers.job(answer)

    def poll_job(self, job: int, *, wait: float = 0.0, kill: bool = False) -> Job:
        """Return what a job printed since the last look, and whether it runs."""
        wait = min(max(wait, 0.0), _MAX_S)
        fields = {"job": _within(job), "timeout": wait, "kill": kill}
        answer = self._wire.ask("poll", fields, timeout=wait + _SLACK_S)
        with self._checked():
            return answers.job(answer)

    def python(self, code: str, *, timeout: float) -> Execution:
        """Run one cell in the persistent IPython kernel."""
        return self._execute("cell", {}, code, timeout, starting=min(_KERNEL_S, max(timeout, 0.0) + _SLACK_S))

    def run_script(
        self,
        source: str | None = None,
        *,
        path: str | None = None,
        directory: str | None = None,
        env: Mapping[str, str],
        timeout: float,
    ) -> Execution:
        """Run Python `source`, or the file at `path`, as `__main__` of a fresh process in `directory`.

        Raises:
            PathRefused: the directory is not below the code folder, or cannot be written.
        """
        if (source is None) == (path is None) or (path is None and directory is None):
            raise ValueError("a script is either a source with its directory, or a path")
        fields = {"path": path, "directory": directory, "env": pairs(env)}
        return self._execute("script", fields, source or "", timeout)

    def read_file(self, path: str, *, offset: int = 0, limit: int = 65536) -> FileText:
        """Read at most `limit` bytes (and 4 MiB) of a text file at `offset`."""
        fields = {"path": path, "offset": _within(offset), "limit": _within(limit, _MAX_READ)}
        answer = self._wire.ask("read", fields, timeout=_FILES_S)
        with self._checked():
            total = answer.header.integer("size")
            content = b"".join(answer.chunks)
        return FileText(content.decode(errors="replace"), total, offset + len(content) < total)

    def write_file(self, path: str, content: str) -> int:
        """Write a text file, creating its folders, so that it can be undone; returns the number of bytes."""
        data = content.encode(errors="replace")
        if len(data) > frames.MAX_PAYLOAD:
            raise PathRefused(f"{path}: {len(data)} bytes are more than one call can write")
        answer = self._wire.ask("write", {"path": path, "keep": True}, data, timeout=_FILES_S)
        with self._checked():
            return answer.header.integer("size")

    def put_file(self, path: str, data: bytes) -> None:
        """Put a file of any size in its place at once, creating its folders."""
        pieces = [data[k : k + _PIECE] for k in range(0, len(data), _PIECE)]
        if len(pieces) <= 1:
            self._wire.ask("write", {"path": path, "keep": False}, data, timeout=_FILES_S)
            return
        fields = {"path": f"{path}.{secrets.token_hex(8)}", "to": path}
        try:
            for op, piece in zip(("begin", *["append"] * (len(pieces) - 1)), pieces, strict=True):
                self._wire.ask(op, fields, piece, timeout=_FILES_S)
            self._wire.ask("move", fields, timeout=_FILES_S)
        except PathRefused:
            self._wire.ask("drop", fields, timeout=_FILES_S)
            raise

    def edit_file(self, path: str, edit: Edit) -> Edited:
        """Change a part of a text file."""
        fields, payload = _edit(edit)
        if len(payload) > frames.MAX_PAYLOAD:
            raise PathRefused(f"{path}: {len(payload)} bytes are more than one call can write")
        answer = self._wire.ask("edit", {"path": path, **fields}, payload, timeout=_FILES_S)
        with self._checked():
            return answers.edited(answer)

    def list_files(self, path: str = ".", *, limit: int = 200) -> tuple[Entry, ...]:
        """List a directory, sorted by name, at most `limit` rows (and 2000)."""
        fields = {"path": path, "limit": _within(limit, _MAX_ROWS)}
        answer = self._wire.ask("list", fields, timeout=_FILES_S)
        with self._checked():
            return answers.entries(answer)

    def fetch(self, path: str, *, max_bytes: int) -> bytes:
        """Read a file from the host's side; works when the driver is dead, too."""
        roots = {self.layout.data: self._place.data, self.layout.home: self._workspace.home}
        return fetch(path, self.layout, roots, max_bytes)

    def snapshot(self, store: BlobStore, room: int = ROOM, *, last: bool = False) -> Snapshot:
        """Copy what changed in the workspace since the last snapshot into `store`, at most `room` bytes.

        With `last`, what lies in `submission` is read again, whatever its times say.
        """
        try:
            taken = self._snapshots.take(store, room, last=last)
            self._workspace.set_whole()
            return taken
        except FileNotFoundError as error:
            raise SandboxLost("the workspace is gone") from error

    def restore(self, tree: str, store: BlobStore) -> None:
        """Make the workspace equal to `tree`."""
        self._snapshots.restore(tree, store)
        if self._place.owner:
            ownership.give((self._workspace.home,), self._place.owner)
        self._workspace.set_whole()

    def busy(self) -> bool:
        """Whether a process of the agent runs inside now, as the host sees it."""
        return self._wire.busy()

    def memory_mb(self) -> float:
        """Memory that the processes inside hold together, what they share counted once, in MiB."""
        return self._watch.memory_mb()

    def close(self) -> None:
        """Kill everything inside and remove the workspace. Safe to repeat."""
        self._watch.end()
        self._wire.close()
        if not self._closed:
            self._closed = True
            self._workspace.remove()

    def _execute(
        self, op: str, fields: Mapping[str, object], text: str, timeout: float, starting: float = 0.0
    ) -> Execution:
        payload = text.encode(errors="replace")
        timeout = min(max(timeout, 0.0), _MAX_S)
        fields = {**fields, "timeout": timeout}
        start = time.monotonic()
        answer = self._wire.ask(op, fields, payload, timeout=timeout + starting + _SLACK_S)
        wall_s = time.monotonic() - start
        with self._checked():
            execution = answers.execution(answer, wall_s)
        return dataclasses.replace(execution, notes=(*execution.notes, *self._wire.news()))

    @contextlib.contextmanager
    def _checked(self) -> Generator[None]:
        try:
            yield
        except frames.FrameError as error:
            raise self._wire.lose(error) from error


def pairs(env: Mapping[str, str]) -> list[str]:
    """Return variables as the driver takes them.

    Raises:
        ValueError: a name or value that no process can have.
    """
    for name, value in env.items():
        if not name or "=" in name or _UNUSABLE.search(name + value):
            raise ValueError(f"not an environment variable: {name[:_SHOWN]!r}")
    return [f"{name}={value}" for name, value in env.items()]


def _within(value: int, most: int = _MAX_INTEGER) -> int:
    """The nearest integer that the driver takes."""
    return max(0, min(value, most))


def _edit(edit: Edit) -> tuple[dict[str, object], bytes]:
    """The fields and the payload of a request for an edit."""
    if isinstance(edit, Replace):
        old = edit.old.encode(errors="replace")
        return {"edit": "replace", "old": len(old)}, old + edit.new.encode(errors="replace")
    if isinstance(edit, Insert):
        return {"edit": "insert", "line": _within(edit.line)}, edit.text.encode(errors="replace")
    return {"edit": "undo"}, b""

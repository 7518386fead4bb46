"""What the sandbox's tests share."""

import hashlib
import os
import shlex
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from hypothesis import HealthCheck, settings

from sandbox.errors import SandboxLost
from sandbox.open import open_sandbox
from sandbox.protocols import Sandbox
from sandbox.results import Execution
from sandbox.spec import SandboxSpec

RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For property tests: how long an example takes says something about the machine only."""

Name = Literal["bwrap", "docker", "none"]
IMAGE = "mle-sandbox:slim"
Open = Callable[..., Sandbox]
"""Opens a sandbox of a backend; keyword arguments go into its spec."""


class Store:
    """A blob store in memory that counts what is put into it."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.puts = 0

    def put(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        self.blobs[digest] = data
        self.puts += 1
        return digest

    def get(self, digest: str) -> bytes:
        return self.blobs[digest]


class Lasting:
    """A sandbox that tests use one after the other: each finds it without files, and its shell at home.

    For tests that leave no process behind, and to which it does not matter who was here before them.
    """

    def __init__(self, backend: Name, folder: Path) -> None:
        data = folder / "public"
        data.mkdir()
        (data / "train.csv").write_text("id,y\n1,0\n")
        self._spec = SandboxSpec(backend=backend, root=folder / "box", data=data, image=IMAGE)
        self._open()

    def _open(self) -> None:
        self._store = Store()
        self._box = open_sandbox(self._spec)
        self._empty = self._box.snapshot(self._store).tree

    def fresh(self) -> Sandbox:
        """The sandbox, emptied; another one where it is lost."""
        try:
            self._box.restore(self._empty, self._store)
            self._box.shell(f"cd {shlex.quote(self._box.layout.code)}", timeout=60)
        except SandboxLost:
            self.close()
            self._open()
        return self._box

    def close(self) -> None:
        self._box.close()


def out(execution: Execution) -> str:
    """Return a short output as text."""
    assert execution.stdout.tail == b""
    return execution.stdout.head.decode()


def errors(execution: Execution) -> str:
    """Return a short standard error as text."""
    return execution.stderr.head.decode(errors="replace")


def begun(call: Callable[[float], Execution], deadline: float = 1.0) -> Execution:
    """Have a deadline end something that says `begun`: another one, should it have come before that."""
    ran = call(deadline)
    for later in (4 * deadline, 16 * deadline):
        if b"begun\n" not in ran.stdout.head:
            ran = call(later)
    return ran


def host_path(root: Path, box: Sandbox, path: str) -> Path:
    """Return where an agent's path in its home folder is on the host."""
    return root / "home" / Path(path).relative_to(box.layout.home)


def processes_with(mark: str) -> list[int]:
    """Return the processes of this machine that have `mark` in their command line."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if mark.encode() in line:
                found.append(int(entry.name))
    return found


def gone(marks: Sequence[str], seconds: float = 60.0) -> bool:
    """Wait until no process carries any of `marks`; says whether it came to that."""
    deadline = time.monotonic() + seconds
    while any(processes_with(mark) for mark in marks):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def eventually(happens: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Wait until something is so; says whether it came to that."""
    deadline = time.monotonic() + seconds
    while not happens():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True

"""What the sandbox's tests share."""

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from hypothesis import HealthCheck, settings

from sandbox.protocols import Sandbox
from sandbox.results import Execution

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


def out(execution: Execution) -> str:
    """Return a short output as text."""
    assert execution.stdout.tail == b""
    return execution.stdout.head.decode()


def errors(execution: Execution) -> str:
    """Return a short standard error as text."""
    return execution.stderr.head.decode(errors="replace")


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

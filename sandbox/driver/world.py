"""What the host tells the driver when they meet, and limits that hold for everything inside."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import posixpath
import resource
import sys
from typing import NamedTuple

from sandbox.driver import frames

_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
TASKS = 16384
"""Processes and threads of one isolated sandbox; the kernel does not hold root to it."""
MAX_PATH = 4096
"""Bytes of a path that system calls take."""


class World(NamedTuple):
    """Where the driver is."""

    home: str
    data: str
    code: str
    scratch: str
    """Folder for the driver's own files, apart from the agent's."""
    python: str
    env: dict[str, str]
    """The environment of everything the agent starts."""
    isolated: bool
    """Process 1 of a namespace of its own."""
    port: int
    """Where the validation server is to listen; 0 for any port."""
    max_bytes: int
    """The largest submission that the host takes; 0 where it takes none."""
    disk_bytes: int
    """The most that files may hold together, and so each of them."""

    @property
    def logs(self) -> str:
        """Folder for output that is too long to be shown."""
        return f"{self.home}/logs"

    def absolute(self, path: str) -> str:
        """Return an agent's path, made absolute from the code folder; ValueError for one too long."""
        if len(path) > MAX_PATH:
            raise ValueError(f"a path has at most {MAX_PATH} characters")
        return posixpath.normpath(posixpath.join(self.code, path))

    def standing(self, wanted: bytes = b"") -> bytes:
        """Return the first folder that is there: the one that is wanted, that of code, home, or the root."""
        folders = (wanted, os.fsencode(self.code), os.fsencode(self.home), b"/")
        return next(folder for folder in folders if os.path.isdir(folder))  # noqa: PTH112


def from_hello(header: frames.Header, scratch: str) -> World:
    """Read the host's first frame."""
    python = header.text("python") or sys.executable
    path = f"{posixpath.dirname(python)}:{_SYSTEM_PATH}"
    return World(
        home=header.text("home"),
        data=header.text("data"),
        code=header.text("code"),
        scratch=scratch,
        python=python,
        env={"PATH": path, **variables(header)},
        isolated=header.flag("isolated"),
        port=header.integer("port", 0, 65535),
        max_bytes=header.integer("max_bytes"),
        disk_bytes=header.integer("disk_bytes", 1),
    )


def variables(header: frames.Header) -> dict[str, str]:
    """Read the field `env`, a list of NAME=value."""
    pairs = (item.partition("=") for item in header.texts("env"))
    return {name: value for name, _, value in pairs}


def harden() -> None:
    """Close the driver to its own user, and become the parent of every orphan below it."""
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((_PR_SET_DUMPABLE, 0), (_PR_SET_CHILD_SUBREAPER, 1)):
        if libc.prctl(option, value, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), f"prctl {option} failed")


def limit(*, isolated: bool, disk_bytes: int) -> None:
    """Set resource limits that every child inherits."""
    # With 0, a crash would still start the host's own program for core dumps, if it has one.
    core = 0 if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0 else 1
    resource.setrlimit(resource.RLIMIT_CORE, (core, core))
    with contextlib.suppress(ValueError, OSError):  # lower than that already
        resource.setrlimit(resource.RLIMIT_FSIZE, (disk_bytes, disk_bytes))
    # Not where a control group counts: the kernel's count by user has all containers in one.
    if isolated and not _counted_tasks():  # elsewhere it would include all else that this user runs
        hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
        most = TASKS if hard == resource.RLIM_INFINITY else min(TASKS, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NPROC, (most, most))


def tasks() -> int:
    """Return how many processes and threads there may be."""
    return min(_counted_tasks() or TASKS, TASKS)


@functools.lru_cache
def _counted_tasks() -> int:
    """The limit of the control group at the root; 0 where none is seen."""
    for path in ("/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max"):
        with contextlib.suppress(OSError), open(path, encoding="ascii") as file:  # noqa: PTH123 - starts sooner
            text = file.read(32).strip()
            return int(text) if text.isdigit() else 0
    return 0

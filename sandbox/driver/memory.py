"""What happens to processes when memory runs out: who is killed first, and that it is told.

Both hold where the sandbox is a control group that can be seen from inside, as in a container.
"""

# Plain functions for files: the driver starts sooner without pathlib.
# ruff: noqa: PTH123

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Generator

_GROUP = "/sys/fs/cgroup"
_COUNTS = (f"{_GROUP}/memory.events", f"{_GROUP}/memory/memory.oom_control")
"""Where version 2 and version 1 of control groups count, among other things, what was killed."""
_LIMITS = (f"{_GROUP}/memory.max", f"{_GROUP}/memory/memory.limit_in_bytes")
_ABOVE = 500
"""Of 1000, which stands for all memory there is: whatever the agent starts is killed before the driver."""


class Oom:
    """Notices that the kernel has killed processes of this sandbox for want of memory."""

    def __init__(self, *, isolated: bool) -> None:
        """Begin to watch; only in a sandbox of its own is the control group at the root its own."""
        self._isolated = isolated
        self._seen = self._count()

    def check(self) -> list[str]:
        """Return what the agent has to hear of the time since the last check."""
        before, self._seen = self._seen, self._count()
        if self._seen <= before:
            return []
        size = next((int(text) for text in map(_text, _LIMITS) if text.strip().isdigit()), 0)
        limit = f" of {size / 2**30:.3g} GB" if 0 < size < 2**60 else ""
        return [f"A process was killed: all processes together reached the memory limit{limit}."]

    def _count(self) -> int:
        if not self._isolated:
            return 0
        rows = [line.split() for path in _COUNTS for line in _text(path).splitlines()]
        return sum(int(row[1]) for row in rows if row[:1] == ["oom_kill"])


@contextlib.contextmanager
def expendable() -> Generator[None]:
    """Have processes that are started meanwhile killed before this one when memory runs out."""
    if _score is None:
        yield
        return
    own = os.pread(_score, 16, 0)
    try:
        os.pwrite(_score, b"%d" % min(int(own) + _ABOVE, 1000), 0)
        yield
    finally:
        os.pwrite(_score, own, 0)


def _text(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read(65536)
    except OSError:
        return ""


def _open_score() -> int | None:
    try:
        fd = os.open("/proc/self/oom_score_adj", os.O_RDWR | os.O_CLOEXEC)
    except OSError:  # /proc can only be read
        return None
    try:
        return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)  # the numbers below are for the agent's shell
    finally:
        os.close(fd)


_score = _open_score()
"""This process's own. Opened at once: later the driver closes itself to its own user, and so to itself."""

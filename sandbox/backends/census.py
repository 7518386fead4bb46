"""Who is inside a container: by this machine's process table, else by the daemon's word."""

import contextlib
import os
import signal
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from sandbox.backends.engine import Engine, Row
from sandbox.backends.inhabitants import SHELL, agent_runs, found
from sandbox.driver import processes
from sandbox.errors import SandboxError


class Census(Protocol):
    """The processes of one container."""

    def busy(self) -> bool:
        """Whether any runs but the driver and an idle shell."""
        ...

    def inside(self) -> Collection[int]:
        """All of them, as this machine numbers them; none where it does not."""
        ...

    def kill(self) -> None:
        """End them all without the daemon, where that can be done."""
        ...


def of(engine: Engine, container: str, pid: int) -> Census:
    """Choose how to look into a container whose process 1 has `pid` on the daemon's machine."""
    return Visible(container, pid) if _belongs(pid, container) else Remote(engine, container, pid)


class Visible:
    """A container whose processes this machine's table shows."""

    def __init__(self, container: str, pid: int) -> None:
        self._container = container
        self._driver = pid

    def busy(self) -> bool:
        """Whether any runs but the driver and an idle shell."""
        if not _belongs(self._driver, self._container):
            return False
        try:
            return found(lambda: agent_runs(processes.below(self._driver), self._driver))
        except OSError:  # what cannot be looked at may be at work
            return True

    def inside(self) -> Collection[int]:
        """Process 1 and all below it."""
        inside = _belongs(self._driver, self._container)
        return (self._driver, *processes.below(self._driver)) if inside else ()

    def kill(self) -> None:
        """End process 1, and with it all others."""
        with contextlib.suppress(OSError):
            process = os.pidfd_open(self._driver)
            try:  # what has the number now is what had it when it was looked at
                if _belongs(self._driver, self._container):
                    signal.pidfd_send_signal(process, signal.SIGKILL)
            finally:
                os.close(process)


class Remote:
    """A container of a daemon that numbers processes differently, as in a virtual machine of its own.

    A kernel counts as busy from its start to its end: what it does cannot be seen from here.
    """

    def __init__(self, engine: Engine, container: str, pid: int) -> None:
        self._engine = engine
        self._container = container
        self._driver = pid

    def busy(self) -> bool:
        """Whether any runs but the driver and an idle shell."""
        try:
            rows = self._engine.rows(self._container)
        except SandboxError:
            return False  # the next call finds out what has become of it
        others = [row for row in rows if row.pid != self._driver]
        return len(others) > 1 or not all(map(self._is_shell, others))

    def inside(self) -> Collection[int]:
        """None that this machine knows."""
        return ()

    def kill(self) -> None:
        """Cannot be done from here."""

    def _is_shell(self, row: Row) -> bool:
        line = SHELL.replace(b"\0", b" ").decode()
        return row.parent == self._driver and row.session == row.pid and row.command.startswith(line)


def _belongs(pid: int, container: str) -> bool:
    """Whether a process of this machine is in a container; its control groups are named after it."""
    try:
        return pid > 0 and container in Path(f"/proc/{pid}/cgroup").read_text(errors="replace")
    except OSError:
        return False

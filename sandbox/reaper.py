"""Containers whose owners died before they could remove them.

A sandbox ends with its owner's process by itself; what is left for this are containers that never began,
and those of a daemon that was down at the wrong moment.
"""

import os
import re
import threading
import time
from pathlib import Path
from typing import NamedTuple

from sandbox.backends.engine import Container, Engine
from sandbox.driver import processes
from sandbox.errors import SandboxLost

_PREFIX = "org.mle-sandbox.owner"
PLACE, PROCESS, RUN = f"{_PREFIX}.place", f"{_PREFIX}.process", f"{_PREFIX}.run"
_EVERY_S = 60.0
_OWNER = re.compile(r"([0-9]{1,9}) ([0-9]{1,20})")

_turn = threading.Lock()
_last = -_EVERY_S


class Reaped(NamedTuple):
    """A container that was removed."""

    id: str
    run: str
    """Whose it was: a run's folder, or nothing."""


def labels(run: str) -> dict[str, str]:
    """Say that a container is this process's, which is known by its start, on this machine since its boot."""
    own = processes.read(os.getpid())
    return {PLACE: _place(), PROCESS: f"{os.getpid()} {own.started}" if own else "", RUN: run}


def reap(engine: Engine) -> list[Reaped]:
    """Remove the containers whose owners on this machine, processes of this user, are dead.

    Raises:
        SandboxLost: the daemon does not answer.
    """
    place = _place()
    orphans = [found for found in engine.containers(PLACE) if _orphaned(found, place)]
    return [Reaped(found.id, found.labels.get(RUN, "")) for found in orphans if engine.remove(found.id)]


def reap_sometimes(engine: Engine) -> None:
    """The same at most once a minute; a daemon that does not answer is no matter here."""
    global _last
    if not _turn.acquire(blocking=False):
        return
    try:
        if time.monotonic() - _last >= _EVERY_S:
            reap(engine)
            _last = time.monotonic()
    except SandboxLost:
        pass  # the caller asks it something next
    finally:
        _turn.release()


def _orphaned(container: Container, place: str) -> bool:
    """Whether its owner is known to be dead: one elsewhere cannot be looked for."""
    owner = _OWNER.fullmatch(container.labels.get(PROCESS, ""))
    return (
        container.labels.get(PLACE) == place
        and owner is not None
        and not processes.lives(*map(int, owner.groups()))
    )


def _place() -> str:
    """This boot of this machine, the table in which its processes are numbered, and the user.

    Processes of other users may be hidden, and their containers are theirs to remove.
    """
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot} {Path('/proc/self/ns/pid').readlink()} {os.geteuid()}"

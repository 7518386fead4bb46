"""Control groups: the kernel holds all processes of a sandbox together to memory, processors and a number.

Version 1 has a tree for every kind of limit, version 2 one for all. A group's name says which process made
it, so that what a killed one has left is found and removed.
"""

import contextlib
import functools
import os
import re
import secrets
import shlex
import subprocess
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from sandbox.driver import processes
from sandbox.machine import group_folders

CONTROLLERS = ("memory", "cpu", "pids")
_NAME = re.compile(r"mle-([0-9]{1,10})-([0-9]{1,20})-[0-9a-f]{8}")
_PERIOD_US = 100_000
_REMOVE_S = 3.0


class Limits(NamedTuple):
    """What a group is held to."""

    memory_bytes: int | None
    """Of all processes together, what is swapped out included."""
    cores: float | None
    tasks: int
    """Processes and threads."""


class Place(NamedTuple):
    """A folder in which this process can make groups."""

    folder: Path
    controllers: frozenset[str]
    """What groups in it can limit."""
    version: int


class Group:
    """The control group of one sandbox: a folder in every tree that is needed."""

    def __init__(self, places: Sequence[Place], limits: Limits) -> None:
        self.limits = limits
        self._folders: list[Path] = []
        self.held: frozenset[str] = frozenset()
        """What it limits: some of `CONTROLLERS`."""
        name = _name()
        for place in places:
            folder = place.folder / name
            with contextlib.suppress(OSError):
                folder.mkdir()
                self._folders.append(folder)
                self.held |= {each for each in place.controllers if _limit(folder, each, limits)}

    def joining(self, argv: Sequence[str]) -> list[str]:
        """Return a command that is in the group before it becomes `argv`."""
        steps = [f"echo $$ > {shlex.quote(str(folder / 'cgroup.procs'))}" for folder in self._folders]
        return ["/bin/sh", "-c", " && ".join([*steps, 'exec "$@"']), "sh", *argv]

    def oom_kills(self) -> int:
        """Return how many of its processes the kernel has ended for want of memory."""
        names = ("memory.oom_control", "memory.events")
        return max((_oom_kills(folder / name) for folder in self._folders for name in names), default=0)

    def remove(self) -> None:
        """Remove it; waits a moment for its last processes to be gone."""
        deadline = time.monotonic() + _REMOVE_S
        while left := [folder for folder in self._folders if not _removed(folder)]:
            if time.monotonic() > deadline:  # the next sandbox that is opened tries again
                return
            self._folders = left
            time.sleep(0.01)
        self._folders = []


def make_group(limits: Limits, root: Path = Path("/")) -> Group | None:
    """Make a group for one sandbox; None where this process cannot make any.

    Args:
        limits: what it is held to.
        root: where `/proc` and the mounted groups are looked for.
    """
    found = places(root)
    remove_dead(found)
    return Group(found, limits) if found else None


@functools.cache
def places(root: Path = Path("/")) -> tuple[Place, ...]:
    """Return where this process can make groups and put processes into them; tried once."""
    return tuple(place for place in candidates(root) if _works(place))


def candidates(root: Path = Path("/")) -> tuple[Place, ...]:
    """Return where groups might be made, by what the kernel says of this process's own and those above."""
    found: dict[Path, Place] = {}
    for controller in CONTROLLERS:
        if (place := _place(root, controller)) is not None:
            known = found.get(place.folder, place).controllers
            found[place.folder] = place._replace(controllers=known | place.controllers)
    return tuple(found.values())


def remove_dead(places: Collection[Place]) -> None:
    """Remove the groups of processes that are gone; one that still holds a process stays."""
    for place in places:
        with contextlib.suppress(OSError):
            for folder in place.folder.iterdir():
                if (match := _NAME.fullmatch(folder.name)) and not processes.lives(*map(int, match.groups())):
                    _removed(folder)


def _place(root: Path, controller: str) -> Place | None:
    """The folder for groups that limit one kind of thing; version 1 where it has that kind."""
    folders = list(group_folders(root, controller))
    old = [folder for folder in folders if not (folder / "cgroup.controllers").exists()]
    if old:
        return Place(old[0], frozenset({controller}), 1)
    for folder in folders:
        if given := _passed_on(folder):
            return Place(folder, given, 2) if controller in given else None
        if _is_limited(folder):  # whoever limits this process limits its sandboxes: they stay inside
            break
    return None


def _passed_on(folder: Path) -> frozenset[str]:
    """What groups in a folder of version 2 can limit; refused where processes are in the folder itself."""
    if not os.access(folder, os.W_OK):
        return frozenset()
    control = folder / "cgroup.subtree_control"
    for controller in {*CONTROLLERS} - {*_text(control).split()}:
        with contextlib.suppress(OSError):
            control.write_text(f"+{controller}")
    return frozenset(CONTROLLERS) & {*_text(control).split()}


def _is_limited(folder: Path) -> bool:
    limits = (_text(folder / name).split()[:1] for name in ("memory.max", "cpu.max"))
    return any(limit not in ([], ["max"]) for limit in limits)


def _works(place: Place) -> bool:
    """Whether a process can be put into a group there."""
    folder = place.folder / _name()
    with contextlib.suppress(OSError):
        folder.mkdir()
        join = f"echo $$ > {shlex.quote(str(folder / 'cgroup.procs'))}"
        done = subprocess.run(["/bin/sh", "-c", join], stderr=subprocess.DEVNULL, check=False)
        return _removed(folder) and done.returncode == 0
    return False


def _limit(folder: Path, controller: str, limits: Limits) -> bool:
    """Set one kind of limit, if there is one; says whether it holds."""
    values = _values(controller, limits)
    try:
        for name, value in values.items():
            if (folder / name).exists():
                (folder / name).write_text(value)
    except OSError:
        return False
    return any((folder / name).exists() for name in values)


def _values(controller: str, limits: Limits) -> dict[str, str]:
    """Files of both versions and what is written into them, in this order."""
    if controller == "pids":
        return {"pids.max": str(limits.tasks)}
    if controller == "cpu" and limits.cores is not None:
        quota = max(1000, round(limits.cores * _PERIOD_US))
        return {
            "cpu.cfs_period_us": str(_PERIOD_US),
            "cpu.cfs_quota_us": str(quota),
            "cpu.max": f"{quota} {_PERIOD_US}",
        }
    if controller == "memory" and limits.memory_bytes is not None:
        size = str(limits.memory_bytes)
        return {
            "memory.limit_in_bytes": size,
            "memory.memsw.limit_in_bytes": size,
            "memory.max": size,
            "memory.swap.max": "0",
        }
    return {}


def _name() -> str:
    own = processes.read(os.getpid())
    return f"mle-{os.getpid()}-{own.started if own else 0}-{secrets.token_hex(4)}"


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _oom_kills(path: Path) -> int:
    words = _text(path).split()
    counts = dict(zip(words[::2], words[1::2], strict=False))
    number = counts.get("oom_kill", "0")
    return int(number) if number.isdecimal() else 0


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""

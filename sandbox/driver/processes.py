"""The processes below one ancestor: who they are, who began when, and how they are ended.

The driver is the reaper of everything it starts (process 1 of its namespace, or a subreaper), so a
daemon that forks twice, changes its session and clears its environment is still its descendant.
"""

# Plain strings for paths: the driver starts sooner without pathlib.
# ruff: noqa: PTH123, PTH208

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

TICKS = os.sysconf("SC_CLK_TCK")


class Process(NamedTuple):
    """One row of the process table."""

    parent: int
    started: int
    """Clock ticks after boot."""
    session: int
    """Process that began the session."""
    cpu_ticks: int
    """Own time and that of the children it has waited for."""
    threads: int
    runs: bool
    """Its first thread is on a processor, or waits for one."""


def read(pid: int) -> Process | None:
    """Return a process's row, or None when it is gone or only waits to be reaped."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            stat = file.read(4096)
    except OSError:
        return None
    fields = stat[stat.rfind(b")") + 2 :].split()  # the name before it may hold anything
    if len(fields) < 20 or (fields[0] in (b"Z", b"X") and int(fields[17]) < 2):
        return None  # dead; one whose first thread alone has ended is not
    cpu_ticks = sum(map(int, fields[11:15]))
    return Process(
        int(fields[1]), int(fields[19]), int(fields[3]), cpu_ticks, int(fields[17]), fields[0] == b"R"
    )


def lives(pid: int, started: int) -> bool:
    """Say whether the process that began then goes on, also where `/proc` hides those of other users."""
    process = read(pid)
    if process is not None:
        return process.started == started
    try:
        os.kill(pid, 0)
    except PermissionError:  # somebody has the number: nobody can tell that it is not the same
        return True
    except ProcessLookupError:
        return False
    return False  # it only waits to be reaped


def below(ancestor: int) -> dict[int, Process]:
    """Return the living descendants of a process, each after its parent."""
    table: dict[int, Process] = {}
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        process = read(int(name)) if name.isdigit() else None
        if process is not None:
            table[int(name)] = process
            children.setdefault(process.parent, []).append(int(name))
    found: dict[int, Process] = {}
    queue = list(children.get(ancestor, ()))
    while queue:
        pid = queue.pop()
        if pid not in found:
            found[pid] = table[pid]
            queue.extend(children.get(pid, ()))
    return found


def begun_since(
    before: Mapping[int, Process],
    ancestor: int,
    *,
    through: Collection[int] = (),
    spared: Collection[int] = (),
) -> dict[int, Process]:
    """Return the descendants of `ancestor` that were not there `before`, each after its parent.

    What an older process starts belongs to an earlier call (a job left in the background) and is left
    out, as are the `spared` and all they start. The children of a process in `through` count as the
    ancestor's own. Not told apart: what an older process, none of the spared, has detached since.
    """
    young: dict[int, Process] = {}
    for pid, process in below(ancestor).items():
        ours = process.parent == ancestor or process.parent in through or process.parent in young
        old = pid in before and before[pid].started == process.started
        if ours and not old and pid not in spared and pid not in through:
            young[pid] = process
    return young


def send(pids: Iterable[int], number: int) -> None:
    """Signal processes; those that are gone or belong to another user are passed over."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def end(targets: Callable[[], Collection[int]], pause: Callable[[float], None], *, alone: bool) -> bool:
    """Kill until no target is left, for at most five seconds; says whether it came to that.

    Targets are to come after their parents: a shell that outlives its child writes of that death to an
    output that the next call may be reading by then.

    With `alone` (own pid namespace) processes that breed faster than they are found are first stopped,
    all at once, which only the namespace's process 1 can do.
    """
    deadline = time.monotonic() + 5.0
    delay = 0.001
    frozen = False
    while (found := targets()) and time.monotonic() < deadline:
        if alone and delay > 0.01 and not frozen:
            frozen = True
            os.kill(-1, signal.SIGSTOP)
        send(found, signal.SIGKILL)
        pause(delay)
        delay = min(delay * 2, 0.05)
    if frozen:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGCONT)
    return not found

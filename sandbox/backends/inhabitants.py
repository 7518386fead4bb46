"""Who is inside a sandbox, by the host's own process table: nothing is asked of the driver."""

import os
import re
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from sandbox.driver import processes
from sandbox.driver.bash import BASH, OPTIONS
from sandbox.driver.processes import Process

SHELL = "".join(f"{word}\0" for word in (BASH, *OPTIONS)).encode()
"""How the command line of the driver's shell begins."""
_PROGRAMS = (BASH, "/usr/bin/bash", os.path.realpath(BASH))
"""Where it may be, as text: in a container it is another file than this machine's."""
_KEEPER = b"\0--keeper\0"
_KERNEL = b"/startup.py\0-f\0"
_LOOK_S = 0.1
_LOOKS = 10
_STILL = 1
"""Clock ticks that a process may use meanwhile and still count as idle."""
_TRIES = 5
_PAUSE_S = 0.01


def found(look: Callable[[], bool]) -> bool:
    """Say whether anybody is found; looks again until a look can be trusted, for some tenths of a second.

    The table is read one process after the other: a program that goes on in a child which begins when the
    list is already made, and ends itself before it is its turn, is missed. Nobody is missed while no process
    begins on the whole machine. Two looks, since a child may be read just before its parent ends.
    """
    for _ in range(_TRIES):
        before = _begun()
        if look() or look():
            return True
        if before and _begun() == before:
            return False
        time.sleep(_PAUSE_S)
    return False


def agent_runs(inside: Mapping[int, Process], driver: int, marked: Collection[int] = ()) -> bool:
    """Say whether a process of the agent runs: any but the driver, and a shell or a kernel without company.

    A kernel is looked at for a tenth of a second, and again while it waits for a processor: one that uses its
    processor runs something, be it in a thread. So is a shell that does not just wait for its next commands:
    an agent can load a builtin into it.

    Args:
        inside: the processes below the one that the host started.
        driver: which of them is the driver, if it is not the one above them all.
        marked: processes that are known to be the agent's, wherever they are.
    """
    kernel = _kernel(inside, driver)
    others = {*inside, *marked} - {driver, *kernel}
    if len(others) > 1 or not all(_is_shell(pid, inside.get(pid), driver) for pid in others):
        return True
    awake = {pid: inside[pid] for pid in others if inside[pid].runs or inside[pid].threads > 1}
    return bool(kernel or awake) and _works({**kernel, **awake})


def _begun() -> bytes:
    """The line that counts all processes and threads which this machine has begun; empty if it has none."""
    lines = re.findall(rb"^processes .*", Path("/proc/stat").read_bytes(), re.MULTILINE)
    return lines[0] if lines else b""


def _kernel(inside: Mapping[int, Process], driver: int) -> dict[int, Process]:
    """The kernel and its keeper, if there are any."""
    keepers = _leaders(inside, driver, _KEEPER)
    return {pid: inside[pid] for keeper in keepers for pid in (keeper, *_leaders(inside, keeper, _KERNEL))}


def _leaders(inside: Mapping[int, Process], parent: int, words: bytes) -> list[int]:
    """The one child, if any, that began its own session and has these words in its command line."""
    leaders = [pid for pid, row in inside.items() if row.parent == parent and row.session == pid]
    return [pid for pid in leaders if words in _command_line(pid)][:1]


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _works(before: Mapping[int, Process]) -> bool:
    for _ in range(_LOOKS):
        time.sleep(_LOOK_S)
        now = {pid: processes.read(pid) for pid in before}
        if any(row.cpu_ticks > before[pid].cpu_ticks + _STILL for pid, row in now.items() if row):
            return True
        if not any(map(_ready, before)):
            return False
    return True  # it has waited for a processor all the time


def _ready(pid: int) -> bool:
    """Say whether a thread of a process is on a processor, or waits for one as on a crowded machine."""
    try:
        threads = [processes.read(int(entry.name)) for entry in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return False
    return any(thread.runs for thread in threads if thread)


def _is_shell(pid: int, process: Process | None, driver: int) -> bool:
    # A subshell that outlives the shell has its command line, but did not begin its session.
    if process is None or process.parent != driver or process.session != pid:
        return False
    entry = Path("/proc", str(pid))
    try:
        line = (entry / "cmdline").read_bytes()
        return line.startswith(SHELL) and str((entry / "exe").readlink()) in _PROGRAMS
    except OSError:
        return False

"""Holding one call to its deadline, and ending what it started."""

# Plain strings for paths: the driver starts sooner without pathlib.
# ruff: noqa: PTH208

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Collection

from sandbox.driver import processes
from sandbox.driver.loop import Loop

GRACE = ((signal.SIGINT, 3.0), (signal.SIGTERM, 2.0))
"""Signals in order, and the seconds a program gets to act on each before the next."""
_PROCESSES = 2048  # a kernel does not hold root to its limit, so that a fork bomb must be seen from here
_LOOK_EVERY_S = 0.5

CROWDED = f"All processes were killed, those in the background too: there were more than {_PROCESSES}."


def await_end(
    loop: Loop, ended: Callable[[], bool], deadline: float, watched: Callable[[], Collection[int]] = tuple
) -> str:
    """Wait until `ended`; returns `exit`, `timeout` (monotonic `deadline`) or `cleared`.

    The last means that everything has to end, for the loop's `reason`. `watched` names the descriptors at
    whose bytes it is worth asking again.
    """
    look = time.monotonic() + _LOOK_EVERY_S
    while not ended():
        if loop.reason:
            return "cleared"
        now = time.monotonic()
        if now >= deadline:
            return "timeout"
        if now >= look:
            if crowded():
                loop.reason = CROWDED
            look = now + _LOOK_EVERY_S
        loop.wait(min(deadline, look) - now, watched())
    return "cleared" if loop.reason else "exit"  # the reason is this call's, and no matter of the next


def stop(loop: Loop, targets: Callable[[], Collection[int]], *, alone: bool) -> None:
    """Ask the targets to end, then make them; returns within ten seconds."""
    for number, grace in GRACE:
        processes.send(targets(), number)
        until = time.monotonic() + grace
        delay = 0.002
        while time.monotonic() < until:
            if not targets():
                return
            loop.wait(delay)
            delay = min(delay * 2, 0.05)
    processes.end(targets, loop.pause, alone=alone)


def clear(loop: Loop, *, alone: bool) -> None:
    """Kill every process but this one."""
    processes.end(lambda: processes.below(os.getpid()), loop.pause, alone=alone)


def crowded() -> bool:
    """Say whether there are more processes than any program needs."""
    if os.getpid() == 1:
        return sum(name.isdigit() for name in os.listdir("/proc")) > _PROCESSES
    return len(processes.below(os.getpid())) > _PROCESSES

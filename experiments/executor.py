"""Cells at work: one operating-system process each, a few at a time."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from experiments.cell import CELL_FILE
from experiments.console import EXIT_INFRA
from experiments.run import GRADE_FILE

PROCESS_LOG = "process.log"
INFRA_ATTEMPTS = 3
"""How often a cell is started when the world fails under it."""
_POLL_S = 0.1
_STOP_S = 10.0


class State(StrEnum):
    """Where a cell stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(slots=True)
class Job:
    """One cell's process over time."""

    folder: Path
    state: State = State.WAITING
    attempts: int = 0
    process: "subprocess.Popen[bytes] | None" = None
    message: str = ""
    """Why it failed: the last words of its process."""
    log_start: int = 0
    """Where in the process log the present attempt begins."""

    def start(self) -> None:
        """Start the cell's process; what it prints goes to a file in its folder."""
        self.attempts += 1
        self.state = State.RUNNING
        cell = str(self.folder / CELL_FILE)
        command = [sys.executable, "-m", "experiments.run", cell, "--parent", str(os.getpid())]
        with (self.folder / PROCESS_LOG).open("ab") as log:
            self.log_start = log.tell()
            # A session of its own: Ctrl-C reaches the sweep alone, which then ends its cells in order.
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def poll(self) -> None:
        """See whether the process has ended, and how."""
        if self.process is None or (status := self.process.poll()) is None:
            return
        self.process = None
        if status == 0 and (self.folder / GRADE_FILE).exists():
            self.state = State.DONE
            return
        words = _last_words(self.folder / PROCESS_LOG, self.log_start)
        self.message = words or f"its process ended with status {status}"
        retry = status in (EXIT_INFRA, -9) and self.attempts < INFRA_ATTEMPTS
        self.state = State.WAITING if retry else State.FAILED


def run_jobs(jobs: Sequence[Job], parallel: int, tick: Callable[[], None]) -> None:
    """Bring every job to its end, `parallel` at a time; calls `tick` after each look at them."""
    for job in jobs:
        if (job.folder / GRADE_FILE).exists():
            job.state = State.DONE
    try:
        while any(job.state in (State.WAITING, State.RUNNING) for job in jobs):
            for job in jobs:
                job.poll()
            running = sum(job.state is State.RUNNING for job in jobs)
            waiting = [job for job in jobs if job.state is State.WAITING]
            for job in waiting[: max(0, parallel - running)]:
                job.start()
            tick()
            time.sleep(_POLL_S)
    finally:
        stop_jobs(jobs)


def stop_jobs(jobs: Sequence[Job]) -> None:
    """End all processes: what their logs hold stays, and the next start goes on from there."""
    alive = [job.process for job in jobs if job.process is not None]
    for process in alive:
        process.terminate()
    deadline = time.monotonic() + _STOP_S
    for process in alive:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _last_words(path: Path, start: int) -> str:
    return path.read_bytes()[start:][-4000:].decode(errors="replace").strip()

"""Breaks a sweep and types its command again until it is done: `python -m tests.experiments.chaos PLAN`.

PLAN is a JSON file: a `Storm`. Its strikes are drawn beforehand: each says whom to hit, and how many cells
must have their grade before it falls, so that slow machines and fast ones see the same storm. Where nobody
of its kind is alive it waits until somebody is.

This process adopts whoever the sweep leaves behind, so that nobody is overlooked: the answer names those
who are still there when the command has succeeded.
"""

import ctypes
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from pydantic import BaseModel

from experiments.results import GRADE_FILE

KINDS = {"interrupt": 1, "terminate": 1, "sweep": 1, "server": 1, "guard": 1, "cell": 4, "sandbox": 4}
"""Who is hit, and how often. The first two are signals to the sweep that it may act on."""
_SIGNALS = {"interrupt": signal.SIGINT, "terminate": signal.SIGTERM}
_PR_SET_CHILD_SUBREAPER = 36
_MOST_ROUNDS = 60
_FIRST_S, _PAUSE_S, _BURY_S = 2.0, 0.4, 60.0


class Storm(BaseModel):
    """What is to be done."""

    words: list[str]
    """The sweep's command, after `python -m`."""
    folder: Path
    """The sweep's folder."""
    output: Path
    """What the command says, every time."""
    seed: int
    cells: int
    """How many the sweep has."""


class Damage(BaseModel):
    """What was done."""

    statuses: list[int]
    """How the command ended, every time."""
    hits: dict[str, int]
    """By kind."""
    survivors: list[str]
    """Processes that outlived the last command."""


@dataclass(slots=True)
class Chaos:
    """One storm over one sweep."""

    storm: Storm
    rng: random.Random
    due: list[tuple[int, str]]
    """Strikes to come, the next one last: how many grades there must be, and whom to hit."""
    hits: Counter[str] = field(default_factory=Counter[str])
    lost: set[str] = field(default_factory=set[str])
    """Cells whose sandbox was hit. The second loss in one call is the agent's to see, so it has none."""

    def run(self) -> list[int]:
        """Type the command until it succeeds; returns how it ended, every time."""
        statuses: list[int] = []
        while 0 not in statuses and len(statuses) < _MOST_ROUNDS:
            statuses.append(self._round())
            bury()
        return statuses

    def _round(self) -> int:
        with self.storm.output.open("ab") as output:
            words = [sys.executable, "-m", *self.storm.words]
            sweep = subprocess.Popen(words, stdout=output, stderr=output)
        time.sleep(self.rng.uniform(0, _FIRST_S))
        while self.due and sweep.poll() is None:
            self._strike(psutil.Process(sweep.pid))
            time.sleep(self.rng.uniform(0, _PAUSE_S))
        return sweep.wait()

    def _strike(self, sweep: psutil.Process) -> None:
        grades, kind = self.due[-1]
        if len(list(self.storm.folder.glob(f"*/{GRADE_FILE}"))) < grades:
            return
        try:
            found = list(self._victims(sweep, kind))
            if found:
                self._hit(self.rng.choice(found), kind)
                self.due.pop()
        except psutil.NoSuchProcess:
            return  # it has ended meanwhile

    def _hit(self, victim: psutil.Process, kind: str) -> None:
        if kind == "sandbox":
            self.lost.add(_home(victim))
            victim = self.rng.choice([victim, *victim.children()])
        victim.send_signal(_SIGNALS.get(kind, signal.SIGKILL))
        self.hits[kind] += 1

    def _victims(self, sweep: psutil.Process, kind: str) -> Iterator[psutil.Process]:
        if kind in ("interrupt", "terminate", "sweep"):
            yield sweep
            return
        for server in sweep.children():
            if kind == "server":
                yield server
            for child in server.children():
                guard = "benchmark.guard_worker" in child.cmdline()
                if kind == ("guard" if guard else "cell"):
                    yield child
                if kind == "sandbox" and not guard:
                    yield from (found for found in child.children() if _home(found) not in {"", *self.lost})


def _home(process: psutil.Process) -> str:
    """A path of the sandbox that a process isolates; empty when it does not."""
    if process.name() != "bwrap":
        return ""
    return next((word for word in process.cmdline() if "/sandbox/" in word), "")


def bury() -> None:
    """Wait for the dead among those that were adopted."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def survivors() -> list[str]:
    """Who is still there, after a while in which the dying may die."""
    deadline = time.monotonic() + _BURY_S
    while (left := psutil.Process().children(recursive=True)) and time.monotonic() < deadline:
        time.sleep(0.1)
        bury()
    return [repr(process) for process in left]


def main() -> None:
    """Do it; prints the damage."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    storm = Storm.model_validate_json(Path(sys.argv[1]).read_text())
    rng = random.Random(storm.seed)
    due = [(rng.randrange(storm.cells * 9 // 10), kind) for kind in KINDS for _ in range(KINDS[kind])]
    chaos = Chaos(storm, rng, sorted(due, reverse=True))
    statuses = chaos.run()
    damage = Damage(statuses=statuses, hits=dict(chaos.hits), survivors=survivors())
    sys.stdout.write(json.dumps(damage.model_dump()))


if __name__ == "__main__":
    main()

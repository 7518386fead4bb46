"""Runs one cell to its end through kills: `python -m tests.experiments.killer FOLDER HOW SEED`.

With `kinds` each process kills itself right after the first event of a kind at which none before it died;
so a death falls behind every kind of event. With `events` it does so right after the first event that is new
in the log, or a later one where the process before got no further; so a death falls behind every event. With
a number each is killed from outside after a random time up to that many seconds, longer where the process
before got nowhere. Processes are forked from this one, so that a death costs no new imports.
"""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from experiments.results import GRADE_FILE
from experiments.run import run_cell
from scaffolds.messages import Completion
from scaffolds.models.offline.tabular import OfflineTabular
from scaffolds.models.protocol import ModelRequest
from scaffolds.runtime.events import RUN_RESUME, RUN_START, Event
from scaffolds.runtime.log import EventLog, read_log

CALLS_FILE = "calls.txt"
_ENOUGH = 400


def die_after(last: Callable[[str], bool]) -> None:
    """SIGKILL this process after the first event whose kind satisfies `last`."""
    append = EventLog.append

    def killing(self: EventLog, kind: str, *args: Any, **named: Any) -> Event:  # noqa: ANN401
        event = append(self, kind, *args, **named)
        if last(kind):
            os.kill(os.getpid(), signal.SIGKILL)
        return event

    EventLog.append = killing


def new_event(number: int) -> Callable[[str], bool]:
    """Say of kinds, as their events come, whether this is the event of that number, resumes not counted."""
    seen = count(1)
    return lambda kind: kind not in (RUN_START, RUN_RESUME) and next(seen) == number


def count_calls(folder: Path) -> None:
    """Write down every real call of the model, by its seed, before it is answered."""
    complete = OfflineTabular.complete

    def counted(self: OfflineTabular, request: ModelRequest) -> Completion:
        with (folder / CALLS_FILE).open("a") as file:
            file.write(f"{request.seed}\n")
        return complete(self, request)

    OfflineTabular.complete = counted


def progress(folder: Path) -> int:
    """How many of the run's own effects the log holds."""
    return sum(event.n is not None for event in read_log(folder)[0])


def main() -> int:
    """Start, die, start again, until the cell has its grade; prints the number of deaths."""
    folder, how, rng = Path(sys.argv[1]), sys.argv[2], random.Random(int(sys.argv[3]))
    count_calls(folder)
    reached, patience = 0, 1
    kinds = {RUN_START, RUN_RESUME}
    for deaths in range(_ENOUGH):
        child = os.fork()
        if child == 0:
            if how == "kinds":
                die_after(lambda kind: kind not in kinds)
            if how == "events":
                die_after(new_event(patience))
            run_cell(folder)
            os._exit(0)
        if how not in ("kinds", "events"):
            time.sleep(rng.uniform(0, float(how) * patience))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if (folder / GRADE_FILE).exists():
            print(deaths)  # noqa: T201 - the answer to the test that started this
            return 0
        if not os.WIFSIGNALED(status):
            return os.waitstatus_to_exitcode(status)
        kinds.update(event.type for event in read_log(folder)[0][-1:])  # none, where it died before the first
        now = progress(folder)
        reached, patience = (now, 1) if now > reached else (reached, patience + 1)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())

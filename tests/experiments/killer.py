"""Runs one cell to its end through kills: `python -m tests.experiments.killer FOLDER HOW SEED`.

HOW is `events`, `events/N` or a number of seconds. With `events` each process kills itself right after an
event: the first that it writes, or, where the process before died there without having got anywhere, the one
after; so a death falls on every event boundary of the run. With `events/8` it is the eighth event. With a
number each is killed from outside after a random time up to that many seconds, longer where the process
before got nowhere. Processes are forked from this one, so that a death costs no new imports.
"""

import os
import random
import signal
import sys
import time
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


def die_after(count: int) -> None:
    """SIGKILL this process after so many events, the beginning of the run and the resume aside."""
    append, left = EventLog.append, count

    def killing(self: EventLog, kind: str, *args: Any, **named: Any) -> Event:  # noqa: ANN401
        nonlocal left
        event = append(self, kind, *args, **named)
        left -= kind not in (RUN_START, RUN_RESUME)
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return event

    EventLog.append = killing


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
    by_events, _, every = how.partition("/")
    reached, patience = 0, 1
    for deaths in range(_ENOUGH):
        child = os.fork()
        if child == 0:
            if by_events == "events":
                die_after(int(every or 1) - 1 + patience)
            run_cell(folder)
            os._exit(0)
        if by_events != "events":
            time.sleep(rng.uniform(0, float(how) * patience))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if (folder / GRADE_FILE).exists():
            print(deaths)  # noqa: T201 - the answer to the test that started this
            return 0
        if not os.WIFSIGNALED(status):
            return os.waitstatus_to_exitcode(status)
        now = progress(folder)
        reached, patience = (now, 1) if now > reached else (reached, patience + 1)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())

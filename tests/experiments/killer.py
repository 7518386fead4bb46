"""Runs one cell to its end through kills: `python -m tests.experiments.killer FOLDER events|SECONDS SEED`.

With `events` each process kills itself right after its first new event, so that a death falls on every
event boundary of the run. With a number each is killed from outside after a random time up to that many
seconds. Processes are forked from this one, so that a death costs no new imports.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

from experiments.run import GRADE_FILE, run_cell
from scaffolds.runtime.events import RUN_RESUME, RUN_START
from scaffolds.runtime.log import EventLog

_ENOUGH = 400


def die_after_one_event() -> None:
    """SIGKILL this process after its first event, beginnings aside."""
    append = EventLog.append

    def killing(self: EventLog, kind: str, *args: object, **named: object) -> object:
        event = append(self, kind, *args, **named)  # type: ignore[arg-type]  # pyright: ignore
        if kind not in (RUN_START, RUN_RESUME):
            os.kill(os.getpid(), signal.SIGKILL)
        return event

    EventLog.append = killing  # type: ignore[method-assign]  # pyright: ignore


def main() -> int:
    """Start, die, start again, until the cell has its grade; prints the number of deaths."""
    folder, how, rng = Path(sys.argv[1]), sys.argv[2], random.Random(int(sys.argv[3]))
    for deaths in range(_ENOUGH):
        child = os.fork()
        if child == 0:
            if how == "events":
                die_after_one_event()
            run_cell(folder)
            os._exit(0)
        if how != "events":
            time.sleep(rng.uniform(0, float(how)))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if (folder / GRADE_FILE).exists():
            print(deaths)  # noqa: T201 - the answer to the test that started this
            return 0
        if not os.WIFSIGNALED(status):
            return os.waitstatus_to_exitcode(status)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())

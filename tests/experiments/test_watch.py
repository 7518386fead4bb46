"""The working time of a run as seen from outside, under a clock that the test moves."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from experiments.watch import Watch
from scaffolds.runtime import events as ev
from scaffolds.runtime.ledger import Spent
from scaffolds.runtime.log import EventLog

HOUR = 3600.0


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def spent(hours: float) -> dict[str, list[float]]:
    return {"spent": Spent(seconds=hours * HOUR).record()}


def test_time_passes_from_the_last_reading_and_stands_still_in_a_provider_wait(tmp_path: Path) -> None:
    clock = Clock()
    log, watch = EventLog(tmp_path), Watch(tmp_path, clock)
    log.append(ev.MODEL_RESPONSE, {"usd": 0.0, **spent(1)})
    watch.refresh()
    clock.now = 23 * HOUR
    assert watch.working_s() == pytest.approx(24 * HOUR)  # silent for 23 hours: as far as we know at work
    log.append(ev.WAIT_START, {"reason": "outage", "paused": True, **spent(24)}, lane="a")
    log.append(ev.WAIT_START, {"reason": "outage", "paused": True, **spent(24)}, lane="b")
    watch.refresh()
    clock.now = 30 * HOUR
    assert watch.working_s() == pytest.approx(24 * HOUR)
    log.append(ev.WAIT_END, spent(24), lane="a")
    watch.refresh()
    clock.now = 31 * HOUR
    assert watch.working_s() == pytest.approx(24 * HOUR)
    log.append(ev.WAIT_END, spent(24), lane="b")
    watch.refresh()
    clock.now = 32 * HOUR
    assert watch.working_s() == pytest.approx(25 * HOUR)
    log.append(ev.RUN_END, {"outcome": "done", "code": "", "submission": None, **spent(25)})
    watch.refresh()
    clock.now = 99 * HOUR
    assert watch.working_s() == pytest.approx(25 * HOUR)


def test_what_passes_between_two_processes_is_nobodys_work(tmp_path: Path) -> None:
    clock = Clock()
    log = EventLog(tmp_path)
    log.append(ev.MODEL_RESPONSE, {"usd": 0.0, **spent(5)})
    log.append(ev.WAIT_START, {"reason": "outage", "paused": True, **spent(5)})
    watch = Watch(tmp_path, clock)
    watch.refresh()
    clock.now = 50 * HOUR
    watch.restart()
    clock.now = 51 * HOUR
    assert watch.working_s() == pytest.approx(6 * HOUR)

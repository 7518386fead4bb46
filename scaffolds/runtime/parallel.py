"""Lanes: parallel workers whose finishing order is recorded, so that a replay repeats it."""

import queue
import threading
from collections.abc import Callable

from sandbox.portion import Part
from scaffolds.errors import AgentError, LimitReached
from scaffolds.run import Failure, Run
from scaffolds.runtime import events as ev
from scaffolds.runtime.lane import Lane, digest_of
from scaffolds.runtime.session import MAIN_LANE

Work = Callable[[Run], object]


class DurableLanes:
    """See `scaffolds.run.Lanes`. Each lane is a thread while it works."""

    def __init__(self, n: int, main: Lane, enter: Callable[[str], Run]) -> None:
        self._n = n
        self._main = main
        self._enter = enter
        self._started: set[str] = set()
        self._done: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._results: dict[str, object | BaseException] = {}
        self._names: list[str] = []

    def start(self, lane: str, work: Work) -> None:
        """See `Lanes.start`."""
        busy = self._main.session.busy
        if self._main.name != MAIN_LANE or lane == MAIN_LANE:
            raise ValueError("lanes are started by the scaffold's own thread, and none is called 'main'")
        if lane in busy or len(self._started) == self._n:
            raise ValueError(f"lane {lane!r} cannot start: {len(self._started)} of {self._n} are at work")
        self._give_part(lane)
        self._main.record(ev.LANE_START, {"name": lane})
        run = self._enter(lane)
        busy.add(lane)
        self._started.add(lane)
        self._main.session.ledger.enter(lane)
        threading.Thread(target=self._work, args=(lane, run, work), name=f"lane-{lane}", daemon=True).start()

    def next_done(self) -> tuple[str, object | Failure]:
        """See `Lanes.next_done`."""
        if not self._started:
            raise ValueError("no lane is at work")
        n, digest = self._main.place(), digest_of(ev.LANE_DONE, {})
        known = self._main.take(n, ev.LANE_DONE, digest, lambda event: str(event.data))
        told = known.request.data if known and known.request else None
        lane = self._wait(told["name"] if told else None)
        if told:
            self._main.replayed_reading(told)
        else:
            self._main.answer(ev.LANE_DONE, n, {"name": lane}, digest=digest, sync=False)
        self._started.remove(lane)
        self._main.session.busy.remove(lane)
        result = self._results.pop(lane)
        if isinstance(result, LimitReached | AgentError):
            return lane, Failure(result)
        if isinstance(result, BaseException):
            raise result
        return lane, result

    def _give_part(self, lane: str) -> None:
        """A lane has one part of the machine for good: its sandbox is kept between works."""
        if lane not in self._names:
            if len(self._names) == self._n:
                raise ValueError(f"lane {lane!r} cannot start: the {self._n} lanes are {self._names}")
            self._names.append(lane)
        self._main.session.parts.setdefault(lane, Part(self._names.index(lane), self._n))

    def _wait(self, lane: str | None) -> str:
        """Until `lane` is done, or any when it is None."""
        if lane in self._results:
            return lane
        if lane is None and self._results:
            return next(iter(self._results))
        while True:
            with self._main.session.ledger.blocked(self._main.name):
                name = self._done.get()
            if name in self._results and lane in (None, name):
                return name

    def _work(self, lane: str, run: Run, work: Work) -> None:
        try:
            result: object | BaseException = work(run)
        except BaseException as error:  # noqa: BLE001 - handed to the scaffold's thread by next_done
            result = error
        # Left first: whoever finds the result may start the lane anew at once, and that is another stay.
        self._main.session.ledger.leave(lane)
        self._results[lane] = result
        self._done.put(lane)

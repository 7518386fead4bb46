"""A cell at work as seen from outside: what its log says, and how long it has been working."""

import time
from collections.abc import Callable
from pathlib import Path

from experiments.state import RunState
from scaffolds.runtime.log import LogFollower


class Watch:
    """Follows the log of one run folder.

    Its estimate of the working time needs nothing but the log and a clock, so that it holds for a process
    that hangs: the last reading in the log, and all that has passed since, unless a lane said that it waits
    for a provider: then the run may have stopped its clock.
    """

    def __init__(self, run: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.state = RunState()
        self._log = LogFollower(run)
        self._clock = clock
        self._seen = clock()

    def refresh(self) -> None:
        """Take in the events written since the last look."""
        for event in self._log.read_new():
            self.state.apply(event)
            if "spent" in event.data:
                self._seen = self._clock()

    def restart(self) -> None:
        """A new process begins on the run: what passed since the last event was nobody's work."""
        self.state.waiting = frozenset()
        self._seen = self._clock()

    def working_s(self) -> float:
        """Working seconds up to now."""
        idle = self.state.waiting or self.state.outcome
        return self.state.spent.seconds + (0.0 if idle else self._clock() - self._seen)

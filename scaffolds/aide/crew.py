"""Who does the work of a search: one worker in the run's own sandbox, or several with one each."""

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar, cast

from scaffolds.run import Failure, Lanes, Run

T = TypeVar("T")


class Crew(Protocol[T]):
    """Workers. All decisions stay in the thread that starts them and hears of their ends."""

    @property
    def free(self) -> bool:
        """Whether a worker has nothing to do."""
        ...

    @property
    def busy(self) -> bool:
        """Whether a worker is at work."""
        ...

    def start(self, work: Callable[[Run], T]) -> None:
        """Have a free worker do this."""
        ...

    def next_done(self) -> T:
        """What the next worker to finish brings; raises the limit or agent error that it met."""
        ...


class Alone(Generic[T]):
    """One worker, in the run's own sandbox; it is done when it has been started."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._work: Callable[[Run], T] | None = None

    @property
    def free(self) -> bool:
        """See `Crew.free`."""
        return self._work is None

    @property
    def busy(self) -> bool:
        """See `Crew.busy`."""
        return self._work is not None

    def start(self, work: Callable[[Run], T]) -> None:
        """See `Crew.start`; it happens when it is waited for."""
        self._work = work

    def next_done(self) -> T:
        """See `Crew.next_done`."""
        work, self._work = self._work, None
        assert work is not None
        return work(self._run)


class Team(Generic[T]):
    """Several workers, each a lane of the run with a sandbox and a part of the machine of its own."""

    def __init__(self, lanes: Lanes, size: int) -> None:
        self._lanes = lanes
        self._idle = [f"worker-{number}" for number in range(1, size + 1)]
        self._size = size

    @property
    def free(self) -> bool:
        """See `Crew.free`."""
        return bool(self._idle)

    @property
    def busy(self) -> bool:
        """See `Crew.busy`."""
        return len(self._idle) < self._size

    def start(self, work: Callable[[Run], T]) -> None:
        """See `Crew.start`; the first free worker by number."""
        self._lanes.start(self._idle.pop(0), work)

    def next_done(self) -> T:
        """See `Crew.next_done`."""
        name, result = self._lanes.next_done()
        self._idle = sorted([*self._idle, name], key=lambda worker: int(worker.partition("-")[2]))
        if isinstance(result, Failure):
            raise result.error
        return cast("T", result)


def crew_of(run: Run, workers: int) -> Crew[Any]:
    """Workers for a run."""
    return Alone(run) if workers == 1 else Team(run.lanes(workers), workers)

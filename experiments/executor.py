"""Brings the cells of a sweep to their ends: as many at a time as the machine has room for.

A cell that overstays its time limit is killed and finalized; one under which the world fails is started
again, a bounded number of times; what a cell's agent does wrong is its score, and no reason to run it again.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from experiments.cell import PROCESS_LOG, Cell, load_cell
from experiments.cell_pool import CellPool, Ended
from experiments.console import EXIT_INFRA, EXIT_SPENT
from experiments.files import read_json
from experiments.leases import Lease, Leases, claim_of
from experiments.means import means
from experiments.results import GRADE_FILE, make_row
from experiments.spending import Spending
from experiments.state import read_state
from experiments.sweep_ledger import SweepLedger
from experiments.watch import Watch
from sandbox.hardware import Hardware
from sandbox.machine import Machine

INFRA_ATTEMPTS = 3
"""How often a cell is started when the world fails under it."""
RETRY_S = 2.0
"""Before the second attempt; twice as long before the third."""
GRADING_S = 3600.0
"""For all that follows the end of a run; then its process is killed and the cell tried again."""
_POLL_S = 0.2
_RECENT = 8
_REASON_CHARS = 4000
_SIGNALLED = range(-64, 0)


class State(StrEnum):
    """Where a cell stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(slots=True, eq=False)
class Job:
    """A cell that has to be run."""

    cell: str
    folder: Path
    state: State = State.WAITING
    attempts: int = 0
    finalize: bool = False
    """Whether nothing is left to do but to end it and grade what it has."""
    killed: bool = False
    """Whether its process was killed because it overstayed its time limit."""
    hardware: Hardware | None = None
    """What it needs, once somebody has looked."""
    usd: float = 0.0
    """Dollars it had spent when its last process ended."""
    unpriced: bool = False
    """Whether calls of unknown price come on top."""
    not_before: float = 0.0
    message: str = ""
    """Why it failed: the last words of its process."""


@dataclass(slots=True, eq=False)
class Work:
    """A job at work."""

    job: Job
    cell: Cell
    watch: Watch
    lease: Lease
    log_start: int
    """Where in the process log this attempt begins."""
    ending_since: float
    """When the run ended and only its grade was left to be made; until then, when the process started."""


@dataclass(slots=True)
class Tally:
    """How many cells stand where, and what the sweep has spent."""

    done: int = 0
    failed: int = 0
    usd: float = 0.0
    """Dollars of the cells that are done."""
    unpriced: bool = False
    """Whether calls of unknown price come on top."""


class SpendingLimit(Exception):
    """The sweep has spent what it may, or its next calls could pass that."""


@dataclass(slots=True)
class Executor:
    """The cells of one sweep at work on this machine."""

    jobs: list[Job]
    """What is to be done; jobs leave the list when they are done."""
    pool: CellPool
    leases: Leases
    machine: Machine
    ledger: SweepLedger
    added: frozenset[str]
    parallel: int
    max_usd: float | None
    tally: Tally
    spending: Spending
    working: dict[Path, Work] = field(default_factory=dict[Path, Work])
    blocked: str = ""
    """Who holds what the next cell needs; empty while nothing is in the way."""
    failed: list[Job] = field(default_factory=list[Job])
    spent_out: bool = False
    """Whether a call was refused because it could pass `max_usd`: nothing more is started."""
    recent: deque[Work] = field(default_factory=lambda: deque[Work](maxlen=_RECENT))
    """The work that ended last."""

    def run(self, tick: Callable[[], None]) -> None:
        """Bring every job to its end; calls `tick` after each look at them.

        Raises:
            SpendingLimit: `max_usd` is spent, or so nearly that no cell at work may ask a model.
        """
        self.spending.begin(self.max_usd, {"": self.tally.usd, **{job.cell: job.usd for job in self.jobs}})
        try:
            while self.jobs or self.working:
                self._refuse_overspending()
                self._start_some()
                for end in self.pool.ended(_POLL_S):
                    self._take_in(end)
                for work in self.working.values():
                    work.watch.refresh()
                    self._end_overdue(work)
                tick()
        finally:
            self.pool.close()
            for work in self.working.values():
                work.watch.refresh()
                work.lease.release()

    @property
    def spent_usd(self) -> float:
        """Dollars up to now, cells at work included, as far as they are known."""
        at_work = sum(work.watch.state.spent.usd for work in self.working.values())
        return self.tally.usd + at_work + sum(job.usd for job in (*self.jobs, *self.failed))

    @property
    def unpriced(self) -> bool:
        """Whether calls of unknown price come on top of `spent_usd`."""
        at_work = any(work.watch.state.unpriced for work in self.working.values())
        return at_work or self.tally.unpriced or any(job.unpriced for job in (*self.jobs, *self.failed))

    def _refuse_overspending(self) -> None:
        if self.max_usd is not None and self.spent_usd >= self.max_usd:
            raise SpendingLimit
        if self.spent_out and not self.working:
            raise SpendingLimit

    def _start_some(self) -> None:
        if self.spent_out:
            return
        now = time.monotonic()
        refused: set[Hardware] = set()  # kinds of machine that there is no room for now
        for job in [job for job in self.jobs if job.not_before <= now]:
            if len(self.working) >= self.parallel:
                break
            if job.hardware is None:
                job.hardware = load_cell(job.folder).needs
            if job.hardware not in refused and not self._start(job, job.hardware):
                refused.add(job.hardware)
        self.blocked = "; ".join(held.words() for held in self.leases.holders()) if refused else ""

    def _start(self, job: Job, hardware: Hardware) -> bool:
        """Start a job if the machine has room for it now."""
        claim = claim_of(hardware, self.machine, self.parallel)
        lease = self.leases.take(claim, f"{job.folder.parent.name}/{job.cell}", hardware.gpu)
        if lease is None:
            return False
        cell = load_cell(job.folder)
        self.jobs.remove(job)
        job.state = State.RUNNING
        job.attempts += 1
        log = job.folder / PROCESS_LOG
        start = log.stat().st_size if log.exists() else 0
        watch = Watch(job.folder)
        watch.refresh()
        watch.restart()
        self.working[job.folder] = Work(job, cell, watch, lease, start, time.monotonic())
        part = means(hardware, self.machine, self.parallel, lease.gpus)
        self.pool.start(job.folder, cell.scaffold, part, finalize=job.finalize)
        return True

    def _end_overdue(self, work: Work) -> None:
        """Kill a run that overstays its time limit: what it has is graded; and a grading that hangs."""
        limit_s = work.cell.limits.time_s + work.cell.grace_s
        if work.job.finalize or work.watch.state.outcome:
            if time.monotonic() - work.ending_since > GRADING_S:
                self.pool.kill(work.job.folder)
            return
        work.ending_since = time.monotonic()
        if work.watch.working_s() > limit_s:
            work.job.finalize = work.job.killed = True
            self.pool.kill(work.job.folder)

    def _take_in(self, end: Ended) -> None:
        work = self.working.pop(end.folder)
        work.lease.release()
        work.watch.refresh()
        job, grade = work.job, read_json(end.folder / GRADE_FILE)
        job.usd, job.unpriced = work.watch.state.spent.usd, work.watch.state.unpriced
        self.spending.ended(job.cell, job.usd)
        if grade is not None:
            job.state = State.DONE
            self.tally.done += 1
            self.tally.usd += job.usd
            self.tally.unpriced |= job.unpriced
            self._note(work)
            return
        job.message = _last_words(end.folder / PROCESS_LOG, work.log_start) or _ending(end.status)
        if job.killed:
            job.killed, job.attempts = False, 0
            self._again(job, 0.0)
        elif end.status == EXIT_SPENT:
            self.spent_out = True
            self._again(job, 0.0)
        elif (end.status == EXIT_INFRA or end.status in _SIGNALLED) and job.attempts < INFRA_ATTEMPTS:
            self._again(job, RETRY_S * 2 ** (job.attempts - 1))
        else:
            job.state = State.FAILED
            self.tally.failed += 1
            self.failed.append(job)
            self._note(work)

    def _again(self, job: Job, delay_s: float) -> None:
        job.state = State.WAITING
        job.not_before = time.monotonic() + delay_s
        self.jobs.insert(0, job)

    def _note(self, work: Work) -> None:
        """Write the cell's row into the ledger."""
        row = make_row(work.cell, work.watch.state, work.job.folder, reason=work.job.message)
        self.ledger.add(row.model_copy(update={"added": work.job.cell in self.added}))
        self.recent.append(work)


def jobs_for(folder: Path, cells: Iterable[str]) -> list[Job]:
    """A job for each of these cells; earlier processes may have spent on them already."""
    states = ((cell, read_state(folder / cell)) for cell in cells)
    return [Job(cell, folder / cell, usd=state.spent.usd, unpriced=state.unpriced) for cell, state in states]


def _ending(status: int) -> str:
    return f"its process was killed by signal {-status}" if status < 0 else f"it ended with status {status}"


def _last_words(path: Path, start: int) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(start, path.stat().st_size - _REASON_CHARS))
            return file.read().decode(errors="replace").strip()
    except FileNotFoundError:
        return ""

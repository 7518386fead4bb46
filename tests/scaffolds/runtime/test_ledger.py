"""Accounts of time: whatever lanes do, each second is a working second or a waited one."""

from contextlib import AbstractContextManager

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from scaffolds.messages import Usage
from scaffolds.runtime.ledger import Ledger, Limits, Spent
from tests.scaffolds.runtime.clockwork import FakeClock

LANES = st.sampled_from(["main", "a", "b"])
DAY = Limits(time_s=86_400)


class LedgerMachine(RuleBasedStateMachine):
    """Any interleaving, beside an account that is kept second by second."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.busy = False
        self.started = False
        self.spent = self.before = Spent()
        self.elapsed = 0
        self.open(Spent())

    def open(self, spent: Spent) -> None:
        self.ledger = Ledger(DAY, spent, self.clock, lambda: self.busy)
        self.at_work: set[str] = set()
        self.blocked: list[AbstractContextManager[None]] = []
        self.waits: list[tuple[str, AbstractContextManager[bool]]] = []
        self.started = False
        self.paused = False

    def decide(self) -> None:
        lanes = self.at_work - ({"main"} if self.blocked else set())
        waiting = {lane for lane, _ in self.waits}
        self.paused = bool(lanes) and lanes <= waiting and not self.busy

    @rule()
    def start(self) -> None:
        self.ledger.start()
        self.started = True

    @rule(seconds=st.integers(0, 10_000))
    def pass_time(self, seconds: int) -> None:
        self.clock.sleep(seconds)
        self.elapsed += seconds if self.started else 0
        if self.started and self.paused:
            self.spent = Spent(self.spent.seconds, waited=self.spent.waited + seconds)
        elif self.started:
            self.spent = Spent(self.spent.seconds + seconds, waited=self.spent.waited)

    @rule(busy=st.booleans())
    def the_agents_jobs_change(self, busy: bool) -> None:
        self.busy = busy

    @rule(lane=LANES)
    def enter(self, lane: str) -> None:
        self.ledger.enter(lane)
        self.at_work.add(lane)
        self.decide()

    @rule(lane=LANES)
    def leave(self, lane: str) -> None:
        self.ledger.leave(lane)
        self.at_work.discard(lane)
        unblocked, self.blocked = self.blocked, []
        self.decide()
        for context in unblocked:
            context.__exit__(None, None, None)

    @precondition(lambda self: not self.blocked)
    @rule()
    def block(self) -> None:
        self.blocked.append(self.ledger.blocked("main"))
        self.blocked[0].__enter__()
        self.decide()

    @precondition(lambda self: self.blocked)
    @rule()
    def unblock(self) -> None:
        self.blocked.pop().__exit__(None, None, None)
        self.decide()

    @rule(lane=LANES)
    def begin_wait(self, lane: str) -> None:
        context = self.ledger.waiting(lane)
        self.waits.append((lane, context))
        self.decide()
        assert context.__enter__() is self.paused

    @precondition(lambda self: self.waits)
    @rule(data=st.data())
    def end_wait(self, data: st.DataObject) -> None:
        _, context = self.waits.pop(data.draw(st.integers(0, len(self.waits) - 1)))
        context.__exit__(None, None, None)
        self.decide()

    @rule()
    def resume_in_another_process(self) -> None:
        self.clock = FakeClock((self.clock.now * 3 + 17) % DAY.time_s)
        self.open(Spent.parse(self.ledger.read().record()))

    @invariant()
    def each_second_is_one_or_the_other(self) -> None:
        now = self.ledger.read()
        assert now == self.spent
        assert now.seconds + now.waited == self.elapsed
        assert now.seconds >= self.before.seconds
        assert now.waited >= self.before.waited
        assert self.ledger.left().seconds == max(0, 86_400 - now.seconds)
        self.before = now


LedgerMachine.TestCase.settings = settings(deadline=None, max_examples=200, stateful_step_count=40)
TestInterleavings = LedgerMachine.TestCase


def test_counts_and_time_do_not_disturb_each_other() -> None:
    clock = FakeClock(1000.0)
    ledger = Ledger(Limits(time_s=60), Spent(1.0, 2, 3, 4.0, 5.0), clock)
    ledger.enter("main")
    clock.sleep(100)
    assert ledger.read() == Spent(1.0, 2, 3, 4.0, 5.0)
    ledger.start()
    clock.sleep(7)
    ledger.book(Usage(10, 0, 5, 0), 0.5)
    with ledger.waiting("main") as paused:
        clock.sleep(30)
        assert paused
        assert ledger.count_step() == 3
    clock.sleep(2)
    assert ledger.read() == Spent(10.0, 3, 18, 4.5, 35.0)


def test_tries_of_one_lane_that_overlap_are_one_pause() -> None:
    clock = FakeClock()
    ledger = Ledger(DAY, Spent(), clock)
    ledger.start()
    ledger.enter("main")
    with ledger.waiting("main"):
        clock.sleep(10)
        with ledger.waiting("main"):
            clock.sleep(10)
        clock.sleep(10)
    assert ledger.read() == Spent(waited=30.0)


def test_a_wait_that_raises_is_over() -> None:
    clock = FakeClock()
    ledger = Ledger(DAY, Spent(), clock)
    ledger.start()
    ledger.enter("main")
    with pytest.raises(TimeoutError), ledger.waiting("main"):
        clock.sleep(10)
        raise TimeoutError
    clock.sleep(5)
    assert ledger.read() == Spent(5.0, waited=10.0)


def test_a_reading_is_written_and_read_and_older_ones_are_understood() -> None:
    spent = Spent(12.5, 3, 400, 0.25, 60.125)
    assert spent.record() == [12.5, 3, 400, 0.25, 60.125]
    assert Spent.parse(spent.record()) == spent
    assert Spent.parse([12.5, 3, 400, 0.25]) == Spent(12.5, 3, 400, 0.25, 0.0)
    assert spent.most(Spent(13.0, waited=61.0)) == Spent(13.0, 3, 400, 0.25, 61.0)

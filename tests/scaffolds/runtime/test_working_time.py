"""Limits of time under a clock of our own: whole runs of a day and more, their waits, their resumes."""

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from sandbox.results import Execution
from scaffolds.errors import AgentError, InfraError, LimitReached
from scaffolds.messages import Completion, Message
from scaffolds.models.protocol import ModelRequest
from scaffolds.run import Run
from scaffolds.runtime import events as ev
from scaffolds.runtime.durable import DurableRun
from scaffolds.runtime.events import Event
from scaffolds.runtime.ledger import Ledger, Spent
from scaffolds.runtime.log import EVENTS_FILE, LogFollower, LogReader
from scaffolds.runtime.session import Session
from tests.scaffolds.runtime.clockwork import (
    HOUR,
    FakeClock,
    Machine,
    Provider,
    ask,
    clockwork,
    play,
    stopped,
)
from tests.scaffolds.runtime.test_durable import cut_log

THREE_HOURS = {"step 3": [HOUR, HOUR / 2], "step 7": [HOUR, 0.0, HOUR / 2]}


class Worker:
    """A scaffold that asks and runs a script of `script_s`, until the end of its time."""

    def __init__(self, script_s: float = 2 * HOUR) -> None:
        self.script_s = script_s
        self.left: list[float] = []
        """What its budget said, each time that it looked."""

    def __call__(self, run: Run) -> None:
        with pytest.raises(LimitReached) as caught:
            while True:
                self.left.append(run.budget.left().seconds)
                step = run.budget.take_step()
                ask(run, f"step {step}")
                self.left.append(run.budget.left().seconds)
                run.call("run_script", code=str(self.script_s), dir=f"{step}", timeout=9 * HOUR)
        assert caught.value.kind == "time"


def events_of(folder: Path, *kinds: str) -> list[Event]:
    return list(LogReader(folder / "run").of_type(*kinds))


@pytest.mark.parametrize("waits", [{}, THREE_HOURS])
@pytest.mark.parametrize(
    ("hours", "script_h", "steps"), [(24, 2, 12), (24, 100, 3), (100, 2, 50), (100, 100, 12)]
)
def test_a_run_gets_all_of_its_working_time_and_no_more(
    tmp_path: Path, hours: int, script_h: int, steps: int, waits: Mapping[str, list[float]]
) -> None:
    clock = FakeClock(12_345.0)
    machine = Machine(clock)
    world = clockwork(Provider(clock, waits), machine, clock, hours)
    spent = play(tmp_path, world, Worker(script_h * HOUR))
    step_s = 90 + min(script_h, 9) * HOUR
    assert machine.timeouts == [min(9 * HOUR, hours * HOUR - n * step_s - 90) for n in range(steps)]
    waited = sum(sum(waits.get(f"step {n}", [])) for n in range(1, steps + 1))
    assert (spent.seconds, spent.steps, spent.waited) == (hours * HOUR, steps, waited)
    assert clock.now == 12_345 + hours * HOUR + waited
    last = LogReader(tmp_path / "run").events[-1]
    assert (last.type, last.data["spent"]) == (ev.LIMIT, spent.record())


def test_three_hours_of_waits_leave_a_day_of_work(tmp_path: Path) -> None:
    clock = FakeClock()
    spent = play(tmp_path, clockwork(Provider(clock, THREE_HOURS), Machine(clock), clock), Worker())
    assert (spent.seconds, spent.waited) == (24 * HOUR, 3 * HOUR)
    waits = events_of(tmp_path, ev.WAIT_START, ev.WAIT_END)
    assert [event.type for event in waits] == [ev.WAIT_START, ev.WAIT_END] * 5
    assert {event.data["paused"] for event in waits[::2]} == {True}
    assert [event.data["spent"][4] / HOUR for event in waits[1::2]] == [1, 1.5, 2.5, 2.5, 3]


def test_an_answer_that_takes_long_is_working_time(tmp_path: Path) -> None:
    clock = FakeClock()
    model = Provider(clock, latency_s=5 * HOUR)
    spent = play(tmp_path, clockwork(model, Machine(clock), clock), Worker(0.0))
    assert model.asked == 5  # the fifth begins within the limit and is answered after it
    assert (spent.seconds, spent.waited) == (25 * HOUR, 0.0)


def test_a_second_process_goes_on_with_the_same_account(tmp_path: Path) -> None:
    whole = Worker()
    clock = FakeClock()
    wanted = play(tmp_path / "whole", clockwork(Provider(clock, THREE_HOURS), Machine(clock), clock), whole)

    class GivesUp(Provider):
        def complete(self, request: ModelRequest) -> Completion:
            if request.messages[-1].content != "step 5":
                return super().complete(request)
            with request.waiting("the provider is down"):
                self.clock.sleep(HOUR)
                raise InfraError("the provider was down for an hour")

    clock = FakeClock(50.0)
    with pytest.raises(InfraError):
        play(tmp_path, clockwork(GivesUp(clock, THREE_HOURS), Machine(clock), clock), Worker())
    clock, resumed = FakeClock(1e6), Worker()
    spent = play(tmp_path, clockwork(Provider(clock, THREE_HOURS), Machine(clock), clock), resumed)
    resume = events_of(tmp_path, ev.RUN_RESUME)[0]
    assert resume.data["spent"] == [4 * 7290 + 0.0, 5, 60, 1.0, 2.5 * HOUR]
    assert resumed.left == whole.left
    assert spent == Spent(wanted.seconds, wanted.steps, wanted.tokens, wanted.usd, 4 * HOUR)


def test_wherever_a_process_dies_the_working_time_is_the_same(tmp_path: Path) -> None:
    def play_on() -> tuple[Spent, list[float]]:
        clock, worker = FakeClock(77.0), Worker()
        model = Provider(clock, {"step 2": [HOUR, HOUR]})
        return play(tmp_path, clockwork(model, Machine(clock), clock, hours=6), worker), worker.left

    spent, left = play_on()
    assert (spent.seconds, spent.waited) == (6 * HOUR, 2 * HOUR)
    raw = (tmp_path / "run" / EVENTS_FILE).read_bytes()
    for keep in range(1, raw.count(b"\n") + 1):
        (tmp_path / "run" / EVENTS_FILE).write_bytes(raw)
        cut_log(tmp_path, keep)
        again, left_again = play_on()
        assert (again.seconds, left_again) == (spent.seconds, left), f"cut after {keep} events"
        assert 2 * HOUR <= again.waited <= 4 * HOUR


def test_a_replay_reads_the_same_budgets_without_a_clock(tmp_path: Path) -> None:
    clock, first, again = FakeClock(), Worker(), Worker()
    model = Provider(clock, THREE_HOURS)
    spent = play(tmp_path, clockwork(model, Machine(clock), clock), first)
    asked, size = model.asked, len(LogReader(tmp_path / "run").events)
    assert play(tmp_path, clockwork(model, Machine(clock), stopped), again) == spent
    assert again.left == first.left
    assert model.asked == asked
    kinds = [event.type for event in LogReader(tmp_path / "run").events[size:]]
    assert kinds == [ev.RUN_RESUME]


class Narrator(Provider):
    """Waits once with the given words, and keeps what the log then says to somebody who follows it."""

    def __init__(self, clock: FakeClock, folder: Path, words: str) -> None:
        super().__init__(clock)
        self.words = words
        self.follower = LogFollower(folder / "run")
        self.seen: list[Event] = []

    def complete(self, request: ModelRequest) -> Completion:
        with request.waiting(self.words):
            self.seen = self.follower.read_new()
        return super().complete(request)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("rate limited, next try in 45 s", "rate limited, next try in 45 s"),
        (" two\n lines\x1b[31m in red\x00", "two lines in red\ufffd"),
        ("x" * 5000, "x" * 200),
        ("等" * 5000, "等" * 120),
        ('"\ud800"' * 500, '"\ufffd"' * 40),
        ("", ""),
    ],
)
def test_a_wait_can_be_seen_while_it_lasts(tmp_path: Path, words: str, reason: str) -> None:
    clock = FakeClock()
    model = Narrator(clock, tmp_path, words)
    play(tmp_path, clockwork(model, Machine(clock), clock), lambda run: ask(run, "hello"))
    last = model.seen[-1]
    assert (last.type, last.lane, last.n) == (ev.WAIT_START, "main", None)
    assert last.data == {"reason": reason, "paused": True, "spent": Spent().record()}
    assert [event.type for event in model.follower.read_new()] == [ev.WAIT_END, ev.MODEL_RESPONSE]


def test_no_scaffold_can_speak_of_waits(tmp_path: Path) -> None:
    clock = FakeClock()
    world = clockwork(Provider(clock), Machine(clock), clock)
    with pytest.raises(AgentError, match="named after its scaffold"):
        play(tmp_path, world, lambda run: run.note("wait.start"))


def test_a_request_waits_unobserved_where_nobody_observes_it() -> None:
    asked = ModelRequest([Message("user", "hello")])
    with asked.waiting("no reason"):
        pass
    assert asked == ModelRequest([Message("user", "hello")], waiting=lambda reason: asked.waiting(reason))
    assert "waiting" not in repr(asked)


def test_a_job_in_the_background_keeps_the_clock_going_until_the_next_try(tmp_path: Path) -> None:
    def scaffold(run: Run) -> None:
        run.call("shell", command="100")
        ask(run, "try")

    clock = FakeClock()
    model = Provider(clock, {"try": [60.0, 60.0, 60.0]}, latency_s=1.0)
    spent = play(tmp_path, clockwork(model, Machine(clock), clock), scaffold)
    assert (spent.seconds, spent.waited) == (121.0, 60.0)
    assert [event.data["paused"] for event in events_of(tmp_path, ev.WAIT_START)] == [False, False, True]


class Down(Provider):
    """Out for a day, by the clock of the test; looks at nothing but the request that it is to answer."""

    def complete(self, request: ModelRequest) -> Completion:
        self.asked += 1
        with request.waiting("down"):
            for _ in range(24):
                self.clock.sleep(HOUR)
                request.pause(0)
        return super().complete(request)


def test_a_wait_that_is_working_time_ends_with_the_time_of_the_run(tmp_path: Path) -> None:
    """A job in the background computes on, so an outage that lasts gives it no more than the rest."""

    def scaffold(run: Run) -> None:
        run.call("shell", command=str(100 * HOUR))
        with pytest.raises(LimitReached) as caught:
            ask(run, "hello")
        assert caught.value.kind == "time"

    clock = FakeClock()
    model = Down(clock)
    spent = play(tmp_path, clockwork(model, Machine(clock), clock, hours=3), scaffold)
    assert (spent.seconds, spent.waited) == (3 * HOUR, 0.0)
    assert [event.type for event in LogReader(tmp_path / "run").events][-2:] == [ev.WAIT_END, ev.LIMIT]
    play(tmp_path, clockwork(model, Machine(clock), clock, hours=3), scaffold)  # the log says it again
    assert model.asked == 1


def test_a_wait_that_is_no_working_time_may_last(tmp_path: Path) -> None:
    clock = FakeClock()
    world = clockwork(Down(clock), Machine(clock), clock, hours=3)
    assert play(tmp_path, world, lambda run: ask(run, "hello")).waited == 24 * HOUR


class TwoLanes(Machine):
    """One lane's script lasts 100 s, all of them while the other lane waits for its provider."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.waiting = threading.Event()
        self.looked_at = threading.Event()

    def run_script(
        self,
        source: str | None = None,
        *,
        path: str | None = None,
        directory: str | None = None,
        env: Mapping[str, str],
        timeout: float,
    ) -> Execution:
        assert self.waiting.wait(20)
        return super().run_script(source, path=path, directory=directory, env=env, timeout=timeout)

    def busy(self) -> bool:
        self.looked_at.set()
        return super().busy()


class Outage(Provider):
    """Down until everybody else is idle, and then for another 1000 s."""

    def __init__(self, clock: FakeClock, machine: TwoLanes) -> None:
        super().__init__(clock, latency_s=5.0)
        self.machine = machine
        self.ledgers: list[Ledger] = []

    def complete(self, request: ModelRequest) -> Completion:
        with request.waiting("down"):
            self.machine.waiting.set()
            assert self.machine.looked_at.wait(20)
            self.ledgers[0].read()  # returns when the decision that looked at the machine is made
            self.clock.sleep(1000)
        return super().complete(request)


def test_the_clock_stands_only_when_the_last_lane_waits(tmp_path: Path) -> None:
    clock = FakeClock()
    machine = TwoLanes(clock)
    model = Outage(clock, machine)

    def scaffold(run: Run) -> None:
        lanes = run.lanes(2)
        lanes.start("asks", lambda lane: ask(lane, "hello"))
        lanes.start("runs", lambda lane: lane.call("run_script", code="100", dir="x"))
        assert lanes.next_done()[0] == "runs"
        assert session.ledger.read() == Spent(100.0)
        clock.sleep(10)
        assert session.ledger.read() == Spent(110.0)
        assert not machine.looked_at.is_set()
        assert lanes.next_done()[0] == "asks"

    session = Session(tmp_path / "run", clockwork(model, machine, clock), {})
    model.ledgers.append(session.ledger)
    scaffold(DurableRun(session))
    spent = session.ledger.read()
    session.close_sandboxes()
    session.log.close()
    assert (spent.seconds, spent.waited) == (115.0, 1000.0)
    assert [event.data["paused"] for event in events_of(tmp_path, ev.WAIT_START)] == [False]


class LateLane(Provider):
    """Waits until the run is over, and once more after it."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.waiting, self.over, self.left = threading.Event(), threading.Event(), threading.Event()

    def complete(self, request: ModelRequest) -> Completion:
        with request.waiting("first"):
            self.waiting.set()
            assert self.over.wait(20)
        with request.waiting("second"):
            pass
        self.left.set()
        return super().complete(request)


def test_a_lane_that_waits_when_the_run_ends_says_no_more_and_does_not_break(tmp_path: Path) -> None:
    clock = FakeClock()
    model = LateLane(clock)

    def scaffold(run: Run) -> None:
        run.lanes(1).start("late", lambda lane: ask(lane, "hello"))
        assert model.waiting.wait(20)

    play(tmp_path, clockwork(model, Machine(clock), clock), scaffold)
    model.over.set()
    assert model.left.wait(20)
    waits = events_of(tmp_path, ev.WAIT_START, ev.WAIT_END)
    assert [event.data.get("reason") for event in waits] == ["first"]

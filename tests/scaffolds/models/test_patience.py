"""The retry layer under a clock of our own: what is tried again, how long it waits, when it gives up."""

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffolds.errors import ContextOverflow, InfraError, LimitReached, UserError
from scaffolds.messages import Completion, Message, Usage
from scaffolds.models.failures import Transient
from scaffolds.models.patience import FIRST_S, LONGEST_ASKED_S, LONGEST_S, Patience, Patient
from scaffolds.models.protocol import ModelRequest
from scaffolds.models.rates import Price
from scaffolds.models.slots import Slots

HOUR = 3600.0
ANSWER = Completion("hello", usage=Usage(100, output=10))
LIMITED = Transient("too many requests", "rate_limit")


class Clock:
    """Moves when somebody pauses, or when a try takes time."""

    def __init__(self) -> None:
        self.now = 5000.0
        self.pauses: list[float] = []
        self.waits: list[tuple[str, float]] = []
        """Reasons and lengths of all waits that a run was told of."""
        self.unsaid = 0
        """Pauses that a run was not told of."""
        self._waiting = 0

    def __call__(self) -> float:
        return self.now

    def pause(self, request: ModelRequest, seconds: float) -> None:
        self.pauses.append(seconds)
        self.unsaid += not self._waiting
        self.now += seconds

    @contextmanager
    def waiting(self, reason: str) -> Generator[None]:
        began, self._waiting = self.now, self._waiting + 1
        yield
        self._waiting -= 1
        self.waits.append((reason, self.now - began))


class Script:
    """A client that does what it is told, one thing a try; then it answers."""

    name = "test/script"

    def __init__(self, *faults: Exception, clock: Clock, try_s: float = 0.0, forever: bool = False) -> None:
        self.faults = list(faults)
        self.forever = forever
        self.clock = clock
        self.try_s = try_s
        self.asked = 0

    def complete(self, request: ModelRequest) -> Completion:
        self.asked += 1
        self.clock.now += self.try_s
        if self.faults:
            raise self.faults[0] if self.forever else self.faults.pop(0)
        return ANSWER


def patient(
    client: Script, folder: Path, outage_s: float = 2 * HOUR, chance: Callable[[], float] = lambda: 1.0
) -> Patient:
    patience = Patience(outage_s, chance=chance, clock=client.clock, pause=client.clock.pause)
    return Patient(client, Slots(folder / "slots" / "test", 4), patience, None)


def request(clock: Clock) -> ModelRequest:
    return ModelRequest([Message("user", "hello")], waiting=clock.waiting)


def test_an_answer_at_once_waits_for_nothing(tmp_path: Path) -> None:
    clock = Clock()
    assert patient(Script(clock=clock), tmp_path).complete(request(clock)) == ANSWER
    assert (clock.pauses, clock.waits) == ([], [])


def test_waits_double_up_to_the_longest_and_are_all_said(tmp_path: Path) -> None:
    clock = Clock()
    client = Script(*[LIMITED] * 9, clock=clock)
    assert patient(client, tmp_path).complete(request(clock)) == ANSWER
    assert clock.pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert [length for _, length in clock.waits] == clock.pauses
    assert clock.unsaid == 0
    assert clock.waits[0][0] == "try 2 in 1 s: too many requests"
    assert client.asked == 10


@given(st.integers(1, 10_000), st.none() | st.floats(-10, 1e9), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_what_was_asked_and_a_bounded_chance(
    tries: int, asked: float | None, chance: float
) -> None:
    wait = Patience(HOUR, chance=lambda: chance).wait_s(tries, asked)
    least = min(max(asked or 0.0, 0.0), LONGEST_ASKED_S)
    assert least <= wait <= least + min(LONGEST_S, FIRST_S * 2.0 ** min(tries - 1, 40))


@given(
    st.floats(1, 3 * HOUR),
    st.floats(0, 600),
    st.none() | st.floats(0, 2000),
    st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=5),
)
def test_an_outage_ends_when_the_patience_does(
    tmp_path_factory: pytest.TempPathFactory,
    outage_s: float,
    try_s: float,
    asked: float | None,
    chances: list[float],
) -> None:
    clock = Clock()
    down = Transient("down", "server", asked)
    client = Script(down, clock=clock, try_s=try_s, forever=True)
    draws = iter([*chances, *[1.0] * 100_000])
    model = patient(client, tmp_path_factory.getbasetemp(), outage_s, lambda: next(draws))
    began = clock.now
    with pytest.raises(InfraError, match="the last one said: down") as caught:
        model.complete(request(clock))
    assert not isinstance(caught.value, Transient)
    assert outage_s - 1e-3 <= clock.now - began <= outage_s + try_s + 1e-3
    assert clock.unsaid == 0


def test_nobody_waits_for_another_try_once_the_time_is_up(tmp_path: Path) -> None:
    clock = Clock()
    client = Script(LIMITED, clock=clock, try_s=60, forever=True)
    until = clock.now + 90
    asked = ModelRequest([Message("user", "hello")], waiting=clock.waiting, left_s=lambda: until - clock.now)
    with pytest.raises(LimitReached) as caught:
        patient(client, tmp_path).complete(asked)
    assert (client.asked, caught.value.kind) == (2, "time")


@pytest.mark.parametrize("error", [UserError("no such model"), ContextOverflow("too long"), InfraError("?")])
def test_what_no_try_mends_is_not_tried_again(tmp_path: Path, error: Exception) -> None:
    clock = Clock()
    client = Script(LIMITED, error, clock=clock)
    with pytest.raises(type(error)) as caught:
        patient(client, tmp_path).complete(request(clock))
    assert caught.value is error
    assert client.asked == 2


def test_the_end_of_the_run_ends_a_wait(tmp_path: Path) -> None:
    clock, ended, waits = Clock(), threading.Event(), threading.Event()
    client = Script(LIMITED, clock=clock, forever=True)
    model = Patient(client, Slots(tmp_path / "slots", 1), Patience(HOUR, chance=lambda: 1.0), None)

    @contextmanager
    def waiting(reason: str) -> Generator[None]:
        waits.set()
        yield

    errors: list[Exception] = []

    def ask() -> None:
        try:
            model.complete(ModelRequest([Message("user", "hello")], waiting=waiting, ended=ended))
        except InfraError as error:
            errors.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert waits.wait(20)
    ended.set()
    thread.join(60)
    assert [str(error) for error in errors] == ["the run ended while it waited for a model"]


def test_ctrl_c_ends_a_wait() -> None:
    main = threading.main_thread().ident
    assert main is not None
    timer = threading.Timer(0.2, signal.pthread_kill, (main, signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):  # whenever it comes: nowhere else may it be raised
        timer.start()
        ModelRequest([]).pause(HOUR)
    timer.join()


def test_an_answer_has_its_price_and_none_where_nobody_knows_it(tmp_path: Path) -> None:
    clock, slots = Clock(), Slots(tmp_path / "slots", 1)
    price = Price(input=10, output=100, max_output=50)
    priced = Patient(Script(clock=clock), slots, Patience(HOUR), price)
    assert priced.complete(request(clock)).usd == pytest.approx(0.002)
    assert priced.ceiling(100, {}) == pytest.approx(0.006)
    assert priced.ceiling(100, {"max_tokens": 10}) == pytest.approx(0.002)
    unpriced = Patient(Script(clock=clock), slots, Patience(HOUR), None)
    assert (unpriced.complete(request(clock)).usd, unpriced.ceiling(100, {})) == (None, None)

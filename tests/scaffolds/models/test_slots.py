"""The cap on requests in flight: threads, processes, the dead among them, and the order of asking."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from scaffolds.errors import InfraError, UserError
from scaffolds.models.slots import Slots
from tests.deaths import deaths

HOLDER = """
import sys, time
from pathlib import Path
from scaffolds.models.slots import Slots
with Slots(Path(sys.argv[1]), 1).one():
    print("held", flush=True)
    sys.stdin.read()
"""


def _give_up(seconds: float) -> None:
    raise InfraError("enough")


@contextmanager
def holder(folder: Path) -> Generator[subprocess.Popen[str]]:
    """Another process that holds the only slot."""
    words = [sys.executable, "-c", HOLDER, str(folder)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_no_more_than_the_cap_are_in_flight_and_all_get_their_turn(tmp_path: Path) -> None:
    at_once: list[int] = []
    inside, lock = 0, threading.Lock()

    def work() -> None:
        nonlocal inside
        for _ in range(5):
            with Slots(tmp_path / "slots", 3).one():
                with lock:
                    inside += 1
                    at_once.append(inside)
                os.sched_yield()
                with lock:
                    inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(at_once) == 40
    assert max(at_once) <= 3
    assert list((tmp_path / "slots").glob("*.waiting")) == []


def test_slots_go_round_in_the_order_of_asking(tmp_path: Path) -> None:
    slots, order = Slots(tmp_path / "slots", 1), list[int]()
    queued = [threading.Event() for _ in range(5)]

    def work(number: int) -> None:
        @contextmanager
        def queueing() -> Generator[None]:
            yield

        def sleep(seconds: float) -> None:
            queued[number].set()
            threading.Event().wait(0.01)

        with slots.one(queueing, sleep):
            order.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    with slots.one():
        for number, thread in enumerate(threads):
            thread.start()
            assert queued[number].wait(20)
    for thread in threads:
        thread.join(60)
    assert order == [0, 1, 2, 3, 4]


def test_a_slot_dies_with_its_holder(tmp_path: Path) -> None:
    entered = threading.Event()

    @contextmanager
    def queueing() -> Generator[None]:
        entered.set()
        yield

    with holder(tmp_path / "slots") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"

        def sleep(seconds: float) -> None:
            process.kill()
            process.wait()

        with Slots(tmp_path / "slots", 1).one(queueing, sleep):
            assert entered.is_set()


@pytest.mark.parametrize("age_ns", [10**9, 10**18])
def test_a_place_in_the_queue_dies_with_its_holder(tmp_path: Path, age_ns: int) -> None:
    """Also one from before the machine was started."""
    slots = Slots(tmp_path / "slots", 1)
    with slots.one():
        pass
    dead = tmp_path / "slots" / f"{time.time_ns() - age_ns:020d}-00000000.waiting"
    dead.touch()
    with slots.one(sleep=lambda seconds: pytest.fail("waits for the dead")):
        assert not dead.exists()


def queue(place: Path) -> None:
    """Wait for the only slot, which this process holds, and give up at once."""
    slots = Slots(place, 1)
    with slots.one(), suppress(InfraError), slots.one(sleep=_give_up):
        pytest.fail("there is one slot")


def test_a_death_in_the_queue_leaves_nothing_that_the_next_does_not_clear(tmp_path: Path) -> None:
    assert deaths(queue, tmp_path) > 3


def test_who_gives_up_leaves_no_place(tmp_path: Path) -> None:
    slots = Slots(tmp_path / "slots", 1)
    with slots.one(), pytest.raises(InfraError), slots.one(sleep=_give_up):
        pytest.fail("there is one slot")
    assert [path.name for path in (tmp_path / "slots").iterdir()] == ["0.slot"]


def test_a_folder_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="install -d -m 1777"), Slots(tmp_path / "file" / "x", 1).one():
        pass

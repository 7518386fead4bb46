"""One limit of dollars for the runs of a sweep: threads as processes, waits, deaths, and the end."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.dollars import dollars
from experiments.outcome import classify
from experiments.spending import SWEEP_SPENT, CellPurse, Spending
from scaffolds.errors import InfraError, UserError
from scaffolds.models.protocol import ModelRequest

REQUEST = ModelRequest([])


def test_without_a_limit_there_is_no_account(tmp_path: Path) -> None:
    Spending(tmp_path).begin(5.0, {})
    Spending(tmp_path).begin(None, {})
    purse = CellPurse(tmp_path / "cell")
    purse.reserve(1e9, REQUEST)
    purse.settle(1e9, 1e9)
    Spending(tmp_path).ended("cell", 1e9)
    assert not purse.limited
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_begins_anew_whatever_a_dead_one_left(tmp_path: Path) -> None:
    Spending(tmp_path).begin(1.0, {"cell": 1.0})
    for name in ("spending-journal", "spending.new", "spending.new-journal"):
        (tmp_path / name).write_bytes((tmp_path / "spending").read_bytes()[:700])
    Spending(tmp_path).begin(10.0, {"cell": 1.0})
    CellPurse(tmp_path / "cell").reserve(9.0, REQUEST)
    assert [path.name for path in tmp_path.iterdir()] == ["spending"]


def test_a_call_that_could_pass_the_limit_is_refused(tmp_path: Path) -> None:
    Spending(tmp_path).begin(10.0, {"": 4.0, "other": 3.0})
    purse = CellPurse(tmp_path / "cell")
    purse.reserve(3.0, REQUEST)
    purse.settle(3.0, 2.5)
    with pytest.raises(
        UserError, match=r"may cost \$1, and \$0\.5 of the sweep's `max_usd` are left"
    ) as caught:
        purse.reserve(1.0, REQUEST)
    assert classify(caught.value).code == SWEEP_SPENT
    purse.reserve(0.0, REQUEST)  # free models go on


def test_a_refused_cell_has_entered_all_the_same(tmp_path: Path) -> None:
    Spending(tmp_path).begin(10.0, {"": 5.0})
    purse = CellPurse(tmp_path / "cell")  # one that the sweep did not name when it began
    with pytest.raises(UserError):
        purse.reserve(6.0, REQUEST)
    purse.reserve(3.0, REQUEST)  # of another lane, or a cheaper model
    watched = Watched()
    with pytest.raises(InfraError):
        CellPurse(tmp_path / "other").reserve(
            3.0, ModelRequest([], waiting=watched.waiting, ended=watched.waited)
        )


def test_lanes_that_settle_in_another_order_lose_nothing(tmp_path: Path) -> None:
    Spending(tmp_path).begin(10.0, {"cell": 0.0})
    purse = CellPurse(tmp_path / "cell")
    purse.reserve(4.0, REQUEST)
    purse.reserve(4.0, REQUEST)
    purse.settle(4.0, 8.0)
    purse.settle(4.0, 4.0)  # what the run had spent when this lane looked
    with pytest.raises(UserError, match=r"\$2 of the sweep"):
        purse.reserve(3.0, REQUEST)


class Watched:
    """A request whose waits are seen, and which does something instead of pausing."""

    def __init__(self) -> None:
        self.waited = threading.Event()

    @contextmanager
    def waiting(self, reason: str) -> Generator[None]:
        assert "dollars of the sweep" in reason
        self.waited.set()
        yield


def test_what_others_have_in_flight_is_waited_for(tmp_path: Path) -> None:
    Spending(tmp_path).begin(10.0, {})
    first, second = CellPurse(tmp_path / "first"), CellPurse(tmp_path / "second")
    first.reserve(6.0, REQUEST)
    watched = Watched()
    thread = threading.Thread(
        target=second.reserve, args=(6.0, ModelRequest([], waiting=watched.waiting)), daemon=True
    )
    thread.start()
    assert watched.waited.wait(20)
    first.settle(6.0, 1.0)
    thread.join(60)
    assert not thread.is_alive()
    second.settle(6.0, 1.0)


def test_what_a_dead_process_had_in_flight_is_given_back(tmp_path: Path) -> None:
    account = Spending(tmp_path)
    account.begin(10.0, {})
    CellPurse(tmp_path / "dead").reserve(9.0, REQUEST)
    account.ended("dead", 0.0)
    CellPurse(tmp_path / "other").reserve(9.0, REQUEST)
    # Its next process begins anew, also where no sweep has noticed the death.
    CellPurse(tmp_path / "other").reserve(9.0, REQUEST)


@settings(max_examples=20)
@given(st.lists(st.floats(0.01, 3.0), min_size=1, max_size=12))
def test_cells_at_once_never_pass_the_limit(
    tmp_path_factory: pytest.TempPathFactory, prices: list[float]
) -> None:
    folder = tmp_path_factory.mktemp("sweep")
    Spending(folder).begin(5.0, {})
    spent: list[float] = []

    def cell(number: int) -> None:
        purse, own = CellPurse(folder / f"{number}"), 0.0
        for usd in prices[number::3]:
            try:
                purse.reserve(usd, REQUEST)
            except UserError:
                break
            own += usd
            spent.append(usd)
            purse.settle(usd, own)

    threads = [threading.Thread(target=cell, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(spent) <= 5.0 + 1e-9


def test_a_sum_that_lacks_something_says_so() -> None:
    assert dollars(1.2, complete=True) == "$1.20"
    assert dollars(1.2, complete=False) == "at least $1.20"
    assert dollars(0.0, complete=False) == "unknown dollars"

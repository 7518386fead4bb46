"""Whoever dies between two changes of the disk has the same command again do it all, and leaves nothing."""

from collections.abc import Callable
from pathlib import Path

from benchmark.leaderboard import keep_board
from benchmark.prepare import prepare
from benchmark.registry import find
from experiments.fork import fork
from experiments.neutral import shown_data
from experiments.run import run_cell
from tests.conftest import make_run
from tests.deaths import deaths, left_in

DIABETES = find("practice-diabetes")


def check(folder: Path, work: Callable[[Path], object], timed: str = "") -> None:
    """`work` in a folder of its own is the same, whatever change it died before the first time.

    The file `timed` holds the time, and so is another one every time.
    """

    def numbered(number: int) -> object:
        return work(folder / str(number))

    numbered(0)
    died = 0
    for died in deaths(numbered):
        numbered(died)
        assert left_in(folder / str(died)) | {timed: ""} == left_in(folder / "0") | {timed: ""}
    assert died > 3


def test_data_under_a_neutral_name(tmp_path: Path, data_dir: Path) -> None:
    data = prepare(DIABETES, data_dir)
    check(tmp_path, lambda place: shown_data(DIABETES, data, "obfuscated", _made(place)))


def test_a_leaderboard(tmp_path: Path) -> None:
    check(tmp_path, lambda place: keep_board(DIABETES, [1.0, 2.0], place))


def test_a_fork(tmp_path: Path, data_dir: Path) -> None:
    run = make_run(tmp_path / "runs", data_dir, scaffolds=["tests.experiments.agents:Odd"])
    run_cell(run)
    (tmp_path / "forks").mkdir()

    def forked(place: Path) -> None:
        fork(run, 3, place / "fork")

    check(tmp_path / "forks", forked, timed="fork/events.jsonl")


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder

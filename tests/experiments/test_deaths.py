"""Whoever dies between two changes of the disk has the same command again do it all, and leaves nothing."""

from pathlib import Path

from benchmark.leaderboard import keep_board
from benchmark.prepare import prepare
from benchmark.registry import find
from experiments.fork import fork
from experiments.neutral import shown_data
from experiments.run import run_cell
from tests.conftest import make_run
from tests.deaths import deaths

DIABETES = find("practice-diabetes")


def neutral_data(place: Path, data_dir: str) -> None:
    """Data under a neutral name."""
    place.mkdir(exist_ok=True)
    shown_data(DIABETES, prepare(DIABETES, Path(data_dir)), "obfuscated", place)


def board(place: Path) -> None:
    """A leaderboard of two teams."""
    keep_board(DIABETES, [1.0, 2.0], place)


def fork_of(place: Path, run: str) -> None:
    """A fork at the third event."""
    fork(Path(run), 3, place / "fork")


def test_data_under_a_neutral_name(tmp_path: Path, data_dir: Path) -> None:
    assert deaths(neutral_data, tmp_path, data_dir) > 3


def test_a_leaderboard(tmp_path: Path) -> None:
    assert deaths(board, tmp_path) > 3


def test_a_fork(tmp_path: Path, data_dir: Path) -> None:
    run = make_run(tmp_path / "runs", data_dir, scaffolds=["tests.experiments.agents:Odd"])
    run_cell(run)
    (tmp_path / "forks").mkdir()
    assert deaths(fork_of, tmp_path / "forks", run, timed="fork/events.jsonl") > 3

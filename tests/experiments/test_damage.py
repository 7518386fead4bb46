"""Readers of runs: what is odd is shown as far as it goes, and what is damaged is named with its file."""

import shutil
from pathlib import Path

import pytest

from experiments import inspect
from experiments.fork import fork
from experiments.run import replay_cell, run_cell
from experiments.sweep_rows import read_rows
from experiments.trajectory import Trajectory
from scaffolds.errors import UserError
from tests.conftest import make_run


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Path:
    """A finished run of an agent whose notes are not what readers expect."""
    run = make_run(tmp_path_factory.mktemp("odd"), data_dir, scaffolds=["tests.experiments.agents:Odd"])
    run_cell(run)
    return run


def read(run: Path) -> None:
    """Whatever reads a run, one after the other."""
    read_rows([run])
    inspect.main(run)
    replay_cell(run)
    run_cell(run)


def test_odd_nodes_are_shown_as_far_as_they_go(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    read(odd)
    shown = capsys.readouterr().out
    assert "Solution tree (2 nodes, 2 good)\n1 draft: 0.5\n2 stray: ok" in shown
    assert "outcome      an odd end\n" in shown


def test_the_end_of_a_run_is_told_in_its_own_words(
    tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path, data_dir, scaffolds=["tests.experiments.agents:Raises"])
    run_cell(run)
    inspect.main(run)
    shown = capsys.readouterr().out
    assert "outcome      ZeroDivisionError: the agent's own fault\n" in shown
    assert 'raise ZeroDivisionError("the agent\'s own fault")' in shown.partition("where it failed")[2]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("cell.json", b"{", "cell.json' is no JSON"),
        ("cell.json", b"[]", "is not a cell"),
        ("grade.json", b"?", "grade.json' is no JSON"),
        ("grade.json", b"{}", "grade.json' is no grade. Remove it, and this grades the run again"),
        ("events.jsonl", b"", "has not begun"),
        ("events.jsonl", b'{"v": 1}\n' * 3, "has not begun"),
        ("blobs/pack", b"", "lacks a value"),
        ("blobs/pack", None, "is gone: restore it"),
    ],
)
def test_a_damaged_file_is_named(
    odd: Path, tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    run = tmp_path / odd.name
    shutil.copytree(odd, run)
    if content is None:
        (run / name).unlink()
    else:
        (run / name).write_bytes(content)
    with pytest.raises(UserError) as caught:
        read(run)
    assert words in str(caught.value)
    assert str(run) in str(caught.value)


def test_a_fork_says_whence_it_comes_and_counts_no_time_between(
    odd: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = fork(odd, 3, tmp_path / "fork")
    shown = Trajectory(out).steps[0]
    assert shown.seconds == shown.events[2].ts - shown.events[0].ts
    inspect.main(out)
    assert f"forked       from {odd.name} at event 3\n" in capsys.readouterr().out

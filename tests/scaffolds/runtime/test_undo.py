"""Changes of files are taken back alike in a run that was never stopped, one that was, and a replay."""

from pathlib import Path

import pytest

from scaffolds.messages import JsonValue
from scaffolds.run import Run
from scaffolds.runtime import events as ev
from tests.requires import require
from tests.scaffolds.scripted import Scripted, events, play, says

UNDO: tuple[str, dict[str, JsonValue]] = ("edit_file", {"path": "d/a.txt", "command": "undo"})
CALLS: list[tuple[str, dict[str, JsonValue]]] = [
    ("write_file", {"path": "d/a.txt", "content": "one\n"}),
    ("write_file", {"path": "d/a.txt", "content": "two\n"}),
    ("edit_file", {"path": "d/a.txt", "command": "replace", "old": "two", "new": "three"}),
    UNDO,
    UNDO,
    UNDO,
    ("read_file", {"path": "d/a.txt"}),
    UNDO,
]


class Stopped(Exception):
    """The process is gone."""


def played(folder: Path, most: int = len(CALLS)) -> list[str]:
    """What a run was told that goes on from its log and is stopped after so many calls."""

    def scaffold(run: Run) -> list[str]:
        texts = [run.call(tool, **arguments).text for tool, arguments in CALLS[:most]]
        if most < len(CALLS):
            raise Stopped
        return texts

    return play(folder, scaffold, Scripted([says("")]), backend="bwrap")


def test_a_run_that_was_stopped_takes_back_what_another_process_changed(tmp_path: Path) -> None:
    require("bwrap", "apt-get install bubblewrap")
    whole = played(tmp_path / "whole")
    assert "one" in whole[4]
    assert whole[5] == "d/a.txt is gone: what was taken back had made it."
    assert "no such file" in whole[6]
    assert "no edit to take back" in whole[7]
    for most in (2, 4, 6):
        with pytest.raises(Stopped):
            played(tmp_path / "parts", most)
    assert played(tmp_path / "parts") == whole
    calls = len(events(tmp_path / "parts", ev.TOOL_CALL))
    assert played(tmp_path / "parts") == whole
    assert len(events(tmp_path / "parts", ev.TOOL_CALL)) == calls == len(CALLS)

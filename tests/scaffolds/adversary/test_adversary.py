"""The red team is a scaffold like any other: planned, run, recorded and replayed."""

from pathlib import Path

import pytest

from experiments.run import replay_cell, run_cell
from scaffolds.adversary.catalogue import ATTACKS, chosen
from scaffolds.adversary.scaffold import claims_in
from scaffolds.errors import UserError
from scaffolds.registry import find, names
from scaffolds.runtime import events as ev
from scaffolds.runtime.log import LogReader
from scaffolds.tools import SANDBOX_TOOLS
from tests.conftest import make_run
from tests.requires import require

PROGRAMS = Path(__file__).parents[3] / "scaffolds" / "adversary" / "attacks"


def adversary(tmp_path: Path, data_dir: Path, backend: str, *attacks: str) -> LogReader:
    folder = make_run(
        tmp_path,
        data_dir,
        scaffolds=[{"name": "adversary", "attacks": list(attacks)}],
        time_limits=["10m"],
        backend=backend,
    )
    run_cell(folder)
    return LogReader(folder)


def test_it_is_a_scaffold_by_name() -> None:
    assert "adversary" in names()
    assert find("adversary").make.name == "adversary"


def test_every_attack_has_its_programs_and_tools() -> None:
    moves = [move for attack in ATTACKS for move in attack.moves]
    assert {move.tool for move in moves} <= set(SANDBOX_TOOLS)
    used = {move.program for move in moves if move.program}
    assert used == {path.name for path in PROGRAMS.iterdir() if path.is_file()} - {"toolkit.py"}
    assert len({attack.id for attack in ATTACKS}) == len(ATTACKS)


def test_an_attack_that_does_not_exist_is_named() -> None:
    with pytest.raises(UserError, match="no attack 'x'; there are: proc, keys"):
        chosen(["proc", "x"])


def test_claims_are_lines_among_others() -> None:
    assert claims_in('a\n@@ {"technique": "t", "got": true}\n @@ {}\n@@ {\n') == [
        {"technique": "t", "got": True},
        {"technique": "?", "got": False, "detail": "an unreadable claim"},
    ]


def test_without_isolation_it_does_nothing(tmp_path: Path, data_dir: Path) -> None:
    log = adversary(tmp_path, data_dir, "none")
    assert [log.value(event, "tool") for event in log.of_type(ev.TOOL_CALL)] == ["shell"]
    (end,) = log.of_type(ev.RUN_END)
    assert log.value(end, "summary") == "nothing tried: there is no isolation to attack"


def test_a_run_of_it_is_recorded_and_replayed(tmp_path: Path, data_dir: Path) -> None:
    require("bwrap", "apt-get install bubblewrap")
    log = adversary(tmp_path, data_dir, "bwrap", "keys", "clock")
    notes = list(log.of_type("adversary.attack"))
    assert [(log.value(note, "id"), log.value(note, "works")) for note in notes] == [
        ("keys", True),
        ("clock", True),
    ]
    assert all(claim["got"] is False for note in notes for claim in log.value(note, "claims"))
    assert replay_cell(log.folder) == len(log.events)

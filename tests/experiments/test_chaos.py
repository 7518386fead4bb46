"""Dozens of cells under a storm of kills: the same command, typed until it succeeds, makes up for all."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from experiments.files import read_json, write_json
from experiments.leases import Leases
from experiments.results import GRADE_FILE, Row
from experiments.run import SUBMISSION_FILE
from experiments.sweep_folder import PlanLock, SweepFolder
from experiments.sweep_ledger import LEDGER_FILE, SweepLedger
from experiments.sweep_rows import read_rows
from sandbox.machine import Machine
from scaffolds.runtime import events as ev
from scaffolds.runtime.log import EVENTS_FILE, read_log
from tests.experiments.chaos import KINDS, Damage, Storm
from tests.requires import require

SEEDS = 8
"""Of three competitions each. `KINDS` of the storm is a strike for every two cells."""
CONFIG = """
scaffolds: [{{name: "tests.experiments.tiny:Tiny", aide_share: 0.08}}]
models: [offline/tabular]
competitions: [{competitions}]
time_limits: [{{time: 24h, steps: 2}}]
seeds: {seeds}
backend: bwrap
parallel: 4
"""
ANSWERS = {ev.MODEL_RESPONSE, ev.MODEL_ERROR, ev.TOOL_RESULT, ev.LIMIT}


@dataclass(frozen=True)
class Typed:
    """A sweep whose command can be typed."""

    place: Path
    data_dir: Path

    @property
    def folder(self) -> SweepFolder:
        return SweepFolder(self.place / "runs" / "config")

    @property
    def lock(self) -> PlanLock:
        lock = self.folder.lock
        assert lock is not None
        return lock

    @property
    def cells(self) -> list[Path]:
        return [self.folder.path / cell for cell in self.lock.all_cells]

    @property
    def rows(self) -> dict[str, Row]:
        return SweepLedger(self.folder.path).rows(self.lock.all_cells)

    @property
    def words(self) -> list[str]:
        options = {"--runs-dir": self.place / "runs", "--leases": self.place / "leases"}
        places = [str(word) for option in options.items() for word in option]
        config = str(self.place / "config.yaml")
        return ["experiments.sweep", config, *places, "--data-dir", str(self.data_dir)]

    def begin(self, competitions: str, seeds: int) -> "Typed":
        self.place.mkdir(exist_ok=True)
        text = CONFIG.format(competitions=competitions, seeds=list(range(seeds)))
        (self.place / "config.yaml").write_text(text)
        return self

    def sweep(self) -> str:
        done = type_in(*self.words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def type_in(*words: str, tmp: Path | None = None) -> "subprocess.CompletedProcess[str]":
    env = os.environ | ({"TMPDIR": str(tmp)} if tmp else {})
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


def grade(cell: Path) -> dict[str, Any]:
    """A grade but for when and where it was made."""
    record = read_json(cell / GRADE_FILE)
    return {key: value for key, value in record.items() if key not in ("created_at", "submission_path")}


def break_and_repeat(sweep: Typed) -> Damage:
    """Type the command through a storm until it succeeds."""
    tmp, plan = sweep.place / "tmp", sweep.place / "storm.json"
    tmp.mkdir()
    storm = Storm(
        words=sweep.words,
        folder=sweep.folder.path,
        output=sweep.place / "said.txt",
        seed=0,
        cells=3 * SEEDS,
    )
    plan.write_text(storm.model_dump_json())
    done = type_in("tests.experiments.chaos", str(plan), tmp=tmp)
    assert done.returncode == 0, done.stderr
    return Damage.model_validate_json(done.stdout)


@pytest.mark.timeout(1800)
def test_a_storm_of_kills_changes_nothing(tmp_path: Path, data_dir: Path) -> None:
    require("bwrap", "apt-get install bubblewrap")
    calm = Typed(tmp_path / "calm", data_dir).begin("practice", SEEDS)
    calm.sweep()
    stormy = Typed(tmp_path / "stormy", data_dir).begin("practice", SEEDS)
    damage = break_and_repeat(stormy)
    assert damage.statuses[-1] == 0
    assert set(damage.hits) == set(KINDS)
    assert (stormy.lock.hash, stormy.lock.all_cells) == (calm.lock.hash, calm.lock.cells)
    assert len(stormy.lock.code) == 1
    check_same(calm, stormy)
    check_nothing_left(stormy, damage)
    check_done(stormy)


def check_same(calm: Typed, stormy: Typed) -> None:
    """Every cell ended once, and as it does undisturbed."""
    assert len(stormy.cells) == 3 * SEEDS
    assert len({grade(cell)["score"] for cell in calm.cells}) > SEEDS  # they can be told apart
    for ours, theirs in zip(stormy.cells, calm.cells, strict=True):
        assert grade(ours) == grade(theirs)
        assert (ours / SUBMISSION_FILE).read_bytes() == (theirs / SUBMISSION_FILE).read_bytes()
        events, _ = read_log(ours)
        assert [event.seq for event in events] == list(range(len(events)))
        assert [event.type for event in events].count(ev.RUN_END) == 1
        answered = [(event.lane, event.n) for event in events if event.type in ANSWERS]
        assert len(answered) == len(set(answered))
        assert "Traceback" not in (ours / "process.log").read_text()


def check_nothing_left(sweep: Typed, damage: Damage) -> None:
    """No process, no sandbox, no claim."""
    assert damage.survivors == []
    lines = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    assert [line for line in lines if str(sweep.place) in line] == []
    left = ("sandbox", ".*.unfinished")
    assert [path.name for cell in sweep.cells for name in left for path in cell.glob(name)] == []
    assert Leases(sweep.place / "leases", Machine.here()).holders() == []


def check_done(sweep: Typed) -> None:
    """The sweep says of itself that it is done."""
    assert {row.state for row in sweep.rows.values()} == {"done"}
    assert set(sweep.rows) == set(sweep.lock.all_cells)
    said = json.loads(type_in("experiments.sweep", str(sweep.folder.path), "--status", "--json").stdout)
    assert said["done"] == len(sweep.cells) == len(said["cells"])
    assert not said["at_work"]
    assert "there is nothing to run" in sweep.sweep()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Typed:
    """A finished sweep of two cells, which every test leaves as it was."""
    require("bwrap", "apt-get install bubblewrap")
    sweep = Typed(tmp_path_factory.mktemp("small"), data_dir).begin("practice-diabetes", 2)
    sweep.sweep()
    return sweep


def test_the_books_are_an_index_of_the_run_folders(small: Typed) -> None:
    ledger, rows, lock = small.folder.path / LEDGER_FILE, small.rows, small.lock
    whole = ledger.read_bytes()
    for damaged in (whole[:-40], whole + whole[:100], b"", None):  # torn, torn at a repetition, empty, gone
        ledger.unlink()
        if damaged is not None:
            ledger.write_bytes(damaged)
        SweepLedger(small.folder.path).bring_up_to_date(lock.all_cells)
        assert small.rows == rows
    assert "there is nothing to run" in small.sweep()
    assert small.rows == rows
    assert small.lock == lock


def test_another_grade_is_another_row(small: Typed) -> None:
    def scores() -> dict[str, float | None]:
        return {row.cell: row.score for row in read_rows([small.folder.path])}

    before, cell = scores(), small.cells[0]
    given = read_json(cell / GRADE_FILE)
    write_json(cell / GRADE_FILE, {**given, "score": 12.5})
    assert scores() == before | {cell.name: 12.5} != before
    assert "there is nothing to run" in small.sweep()
    write_json(cell / GRADE_FILE, given)
    assert scores() == before


def test_a_lost_grade_is_given_again_and_nothing_else_happens(small: Typed) -> None:
    cell, other = small.cells
    before, events = grade(cell), (cell / EVENTS_FILE).read_bytes()
    untouched = {path: path.stat().st_mtime_ns for path in other.iterdir() if path.is_file()}
    (cell / GRADE_FILE).unlink()
    assert small.sweep().count("there is nothing to run") == 0
    assert grade(cell) == before
    assert (cell / EVENTS_FILE).read_bytes() == events
    assert {path: path.stat().st_mtime_ns for path in other.iterdir() if path.is_file()} == untouched
    check_done(small)

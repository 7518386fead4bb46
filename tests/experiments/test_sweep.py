"""Whole sweeps as a person types them: frozen code, limits from outside, failures, money, displays."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmark.contract import compile_contract
from benchmark.guard import Guard
from benchmark.prepare import prepared
from benchmark.registry import find
from experiments.aggregate import aggregate
from experiments.build import ContractCheck
from experiments.cell import load_cell
from experiments.executor import INFRA_ATTEMPTS
from experiments.files import read_json
from experiments.final import final_submission
from experiments.report_view import notes
from experiments.results import GRADE_FILE
from experiments.sweep_rows import read_rows
from experiments.trajectory import Trajectory
from scaffolds.runtime import events as ev
from scaffolds.runtime.log import LogReader
from scaffolds.yaml_text import yaml_text
from tests.sandbox.support import gone

ROOT = Path(__file__).parents[2]
HERE = "tests.experiments.agents"
AIDE = [{"name": "aide", "num_drafts": 1}]


@dataclass(frozen=True)
class Study:
    """A folder with a config, and the command that runs it."""

    folder: Path
    data_dir: Path
    project: Path = ROOT

    @property
    def runs(self) -> Path:
        return self.folder / "runs" / "study"

    def write(self, **changes: object) -> None:
        keys: dict[str, object] = {
            "scaffolds": ["tests.experiments.tiny:Tiny"],
            "models": ["offline/tabular"],
            "competitions": ["practice-diabetes"],
            "time_limits": [{"time": "24h", "steps": 1}],
        }
        text = yaml_text(keys | changes)
        (self.folder / "study.yaml").write_text(text)

    def words(self, *options: str) -> list[str]:
        places = {"runs": "--runs-dir", "leases": "--leases"}
        where = [word for name, option in places.items() for word in (option, str(self.folder / name))]
        config = str(self.folder / "study.yaml")
        return [
            sys.executable,
            "-m",
            "experiments.sweep",
            config,
            *where,
            "--data-dir",
            str(self.data_dir),
            *options,
        ]

    def run(self, *options: str, path: str = os.environ["PATH"]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.words(*options), capture_output=True, text=True, check=False, timeout=250, cwd=self.project,
            env={**os.environ, "PYTHONPATH": str(self.project), "PATH": path},
        )  # fmt: skip

    def cells(self) -> list[Path]:
        return sorted(path.parent for path in self.runs.glob("*/cell.json"))


@pytest.fixture
def study(tmp_path: Path, data_dir: Path) -> Study:
    return Study(tmp_path, data_dir)


def agent(name: str) -> list[str]:
    return [f"{HERE}:{name}"]


def seen(study: Study) -> dict[str, Any]:
    (run,) = study.cells()
    log = Trajectory(run).log
    (event,) = log.of_type("looks.seen")
    return {name: log.value(event, name) for name in ("description", "told", "tools", "checked", "mounts")}


def test_a_run_that_hangs_is_ended_from_outside_and_graded_with_what_it_has(study: Study) -> None:
    # Long enough for a crowded machine to get as far as the submission.
    study.write(scaffolds=agent("Hangs"), time_limits=["12s"], grace="2s")
    done = study.run()
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = study.cells()
    grade = read_json(run / GRADE_FILE)
    assert grade["valid_submission"]
    (row,) = read_rows([study.runs])
    assert (row.outcome, row.code, row.final_from) == ("limit", "limit.overstayed", "path")
    assert not (run / "sandbox").exists()


def late_choice(run: Path, step_s: float) -> str:
    """Where the submission would come from if each look at an earlier one took so long."""
    log = LogReader(run)
    competition, data_dir = find(load_cell(run).competition), Path(load_cell(run).data_dir)
    contract = compile_contract(competition, prepared(competition, data_dir).public)
    (*_, tree) = [event.data["tree"] for event in log.events if event.type == ev.TOOL_RESULT]
    clock = itertools.count(0.0, step_s)
    with Guard() as guard:
        validator = ContractCheck(contract, guard)
        found = final_submission(run, tree, "last_valid", validator, log.blobs, lambda: next(clock))
    assert found is not None
    return found.source


@pytest.mark.parametrize(
    ("rule", "valid", "source"), [("path", False, "path"), ("last_valid", True, "snapshot")]
)
def test_the_rule_chooses_which_submission_is_graded(
    study: Study, rule: str, valid: bool, source: str
) -> None:
    study.write(scaffolds=agent("Spoils"), final=rule)
    assert study.run().returncode == 0
    (row,) = read_rows([study.runs])
    assert (row.made_submission, row.valid_submission, row.final_from) == (True, valid, source)
    (run,) = study.cells()
    if valid:  # the later of the two that were well-formed
        assert (run / "submission.csv").read_text().splitlines()[1].endswith(",123.5")
        assert late_choice(run, step_s=1.0) == "snapshot"
        assert late_choice(run, step_s=1000.0) == "path"  # looking back has to come to an end


def test_the_obfuscated_description_is_the_only_one_in_sight(study: Study) -> None:
    study.write(scaffolds=agent("Looks"), task={"description": "obfuscated"})
    assert study.run().returncode == 0
    folder = ROOT / "benchmark" / "competitions" / "practice-diabetes"
    original = (folder / "description.md").read_text().splitlines()[0]
    found = seen(study)
    assert found["told"] == (folder / "description_obfuscated.md").read_text()
    assert found["description"].startswith(found["told"].strip().splitlines()[0])
    assert original not in found["description"]
    assert "practice" not in found["mounts"]


def test_a_tool_that_is_taken_away_is_gone(study: Study) -> None:
    study.write(scaffolds=agent("Looks"), tools={"validate_submission": False})
    assert study.run().returncode == 0
    found = seen(study)
    assert "validate_submission" not in found["tools"].split()
    assert "There is no tool 'validate_submission'" in found["checked"]


def test_cards_are_leased_to_the_agent_and_hidden_from_the_cpu_arm(study: Study) -> None:
    smi = study.folder / "bin" / "nvidia-smi"
    smi.parent.mkdir()
    smi.write_text("#!/bin/sh\nprintf '0, GPU-a, NVIDIA A10, 23028\\n1, GPU-b, NVIDIA A10, 23028\\n'\n")
    smi.chmod(0o755)
    study.write(scaffolds=agent("Looks"), backend="none", hardware=["host", "cpu"], parallel=2)
    done = study.run(path=f"{smi.parent}:{os.environ['PATH']}")
    assert done.returncode == 0, done.stderr
    found = {cell_hardware(run): Trajectory(run).log for run in study.cells()}
    cards = {name: log.value(next(log.of_type("looks.seen")), "cards").strip() for name, log in found.items()}
    assert cards["host"].splitlines()[0] in ("GPU-a", "GPU-b")
    assert cards["cpu"].splitlines()[0] == "none"


def test_other_cards_stand_in_only_where_that_is_asked_for_and_reports_say_so(
    tmp_path: Path, data_dir: Path
) -> None:
    project = tmp_path / "project"
    for part in ("scaffolds", "sandbox", "benchmark", "experiments", "configs", "tests"):
        shutil.copytree(ROOT / part, project / part, ignore=shutil.ignore_patterns("__pycache__"))
    (project / "configs/hardware/oneA10.yaml").write_text("gpus: 1\ngpu: A10\n")
    study = Study(tmp_path, data_dir, project)
    smi = tmp_path / "bin" / "nvidia-smi"
    smi.parent.mkdir()
    smi.write_text("#!/bin/sh\nprintf '0, GPU-a, NVIDIA H200, 143771\\n'\n")
    smi.chmod(0o755)
    path = f"{smi.parent}:{os.environ['PATH']}"
    study.write(scaffolds=agent("Looks"), backend="none", hardware=["oneA10"])
    refused = study.run(path=path)
    assert refused.returncode == 1
    assert "1 GPU of kind 'A10'; here: 1 NVIDIA H200" in refused.stdout
    assert "--allow-other-gpu" in refused.stdout
    done = study.run("--allow-other-gpu", path=path)
    assert done.returncode == 0, done.stderr
    assert "run on other graphics cards than the hardware profile names: NVIDIA H200" in done.stdout
    (run,) = study.cells()
    cell = load_cell(run)
    assert cell.other_gpu
    assert cell.id == cell.model_copy(update={"other_gpu": False}).id == run.name
    assert "one NVIDIA H200 GPU with 140 GB" in cell.machine
    (start,) = Trajectory(run).log.of_type(ev.RUN_START)
    assert start.data["cards"] == ["NVIDIA H200"]
    (row,) = read_rows([study.runs])
    assert (row.hardware, row.cards, row.other_cards) == ("oneA10", ("NVIDIA H200",), ("NVIDIA H200",))
    report = aggregate([row])
    assert "1 cell run on other graphics cards than the hardware profile names." in notes(report)


def cell_hardware(run: Path) -> str:
    return load_cell(run).hardware.name


def test_aide_does_without_the_validation_tool(study: Study) -> None:
    study.write(scaffolds=AIDE, tools={"validate_submission": False}, backend="none")
    assert study.run().returncode == 0
    (row,) = read_rows([study.runs])
    assert row.valid_submission
    calls = list(Trajectory(study.cells()[0]).log.of_type(ev.TOOL_CALL))
    assert "validate_submission" not in {event.data["tool"] for event in calls}


def test_an_agents_own_fault_is_scored_and_the_worlds_is_retried_and_excluded(study: Study) -> None:
    at_fault = ("Raises", "Exits", "ReturnsNothing", "NotesNonsense")
    study.write(scaffolds=[*(one for name in at_fault for one in agent(name)), *agent("Kills")])
    done = study.run()
    assert done.returncode == 1
    rows = {row.scaffold.partition(":")[2]: row for row in read_rows([study.runs])}
    assert {rows[name].state + rows[name].outcome for name in at_fault} == {"doneagent"}
    raises = rows["Raises"]
    assert not raises.made_submission
    assert f"{raises.cell}: ended by a fault of the agent, {raises.code};" in done.stdout
    graded = [sys.executable, "-m", "experiments.run", str(study.runs / raises.cell)]
    told = subprocess.run(graded, capture_output=True, text=True, check=True).stdout
    assert told == "practice-diabetes: no score: There is no submission.\n"
    assert (rows["Kills"].state, rows["Kills"].reason) == ("failed", "its process was killed by signal 9")
    assert "failed: " in done.stdout
    killed = next(run for run in study.cells() if "Kills" in run.name)
    starts = [event.type for event in Trajectory(killed).log.of_type(ev.RUN_START, ev.RUN_RESUME)]
    assert len(starts) == INFRA_ATTEMPTS
    report = subprocess.run(
        [sys.executable, "-m", "experiments.report", str(study.runs), "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(report.stdout)["excluded"][0]["reason"].startswith("its process was killed")


def test_the_sweep_stops_when_its_money_is_spent(study: Study, data_dir: Path) -> None:
    study.write(seeds=[0, 1])
    assert study.run().returncode == 0
    # The same cells again with a ledger that says what real models would have cost.
    ledger = study.runs / "ledger"
    ledger.write_bytes(ledger.read_bytes().replace(b'usd":0.0', b'usd":2.5'))
    study.write(seeds=[0, 1, 2], max_usd=4)
    stopped = study.run()
    assert stopped.returncode == 1
    assert "stopped: $5.00 are spent and `max_usd` is $4.00" in stopped.stderr
    assert "status" not in stopped.stderr
    study.write(seeds=[0, 1, 2], max_usd=6)
    assert study.run().returncode == 0
    (row,) = (row for row in read_rows([study.runs]) if row.seed == 2)
    assert row.added


def test_json_lines_and_status_are_for_programs(study: Study) -> None:
    study.write(seeds=[0, 1], parallel=2)
    done = study.run("--json")
    assert done.returncode == 0
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[-1] == {**lines[-1], "event": "end", "done": 2, "failed": 0, "cells": 2}
    assert {line["event"] for line in lines} == {"cell", "sweep", "end"}
    assert all(line["seconds_left"] <= 86_400 for line in lines if line["event"] == "cell")
    status = json.loads(study.run("--status", "--json").stdout)
    assert (status["done"], status["waiting"], status["at_work"]) == (2, 0, False)
    assert status["plan_hash"] == read_json(study.runs / "plan.lock")["hash"]
    assert "2 done; nobody is at work" in study.run("--status").stdout


def test_the_plan_spends_nothing(study: Study) -> None:
    study.write(hardware=["host", "1xA10"], seeds=[0, 1])
    planned = study.run("--plan")
    assert planned.returncode == 1
    assert "4 cells" in planned.stdout
    assert "--set 'hardware=[host]'" in planned.stdout
    assert study.run().returncode == 1  # without the option too: it stops before the first cost
    assert not (study.folder / "runs").exists()
    assert study.run("--plan", "--set", "hardware=[host]").returncode == 0
    assert not (study.folder / "runs").exists()


def test_two_drivers_do_not_work_on_one_sweep(study: Study) -> None:
    study.write(scaffolds=agent("Hangs"), time_limits=["1h"])
    with subprocess.Popen(study.words(), stdout=subprocess.DEVNULL, cwd=ROOT) as first:
        _until(lambda: bool(list(study.runs.glob("*/events.jsonl"))))
        status = json.loads(study.run("--status", "--json").stdout)
        refused = study.run()
        first.send_signal(signal.SIGINT)
        assert first.wait(60) == 130
    assert (status["at_work"], status["running"]) == (True, 1)
    assert refused.returncode == 1
    assert "another process is at work" in refused.stderr
    assert gone([str(study.folder)])


def test_a_sweep_goes_on_with_the_code_that_it_began_with(tmp_path: Path, data_dir: Path) -> None:
    project = tmp_path / "project"
    for part in ("scaffolds", "sandbox", "benchmark", "experiments", "configs"):
        shutil.copytree(ROOT / part, project / part, ignore=shutil.ignore_patterns("__pycache__"))
    study = Study(tmp_path, data_dir, project)
    study.write(scaffolds=AIDE, seeds=[0])
    assert study.run().returncode == 0
    prompt = project / "scaffolds" / "aide" / "prompts" / "draft.md"
    prompt.write_text(prompt.read_text() + "\nAnd be quick.\n")
    study.write(scaffolds=AIDE, seeds=[0, 1])
    added = study.run()
    assert added.returncode == 0, added.stderr
    assert "It goes on with the copy that it began with" in added.stdout
    rows = read_rows([study.runs])
    assert {row.state for row in rows} == {"done"}
    assert len({code for row in rows for code in row.codes}) == 1
    refused = study.run("--new-code", "--set", "seeds=[0,1,2]")
    assert refused.returncode == 1
    assert "+And be quick." in refused.stderr


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)

"""A run that is killed and started again is the run that was never killed."""

import json
import os
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import pytest

from experiments.files import read_json
from experiments.results import GRADE_FILE
from experiments.run import replay_cell, run_cell
from experiments.trajectory import Trajectory
from scaffolds.runtime import events as ev
from scaffolds.runtime.log import EVENTS_FILE
from scaffolds.runtime.transcript import recorded_messages
from tests.conftest import make_run
from tests.deaths import died
from tests.experiments.killer import CALLS_FILE, die_after
from tests.requires import require
from tests.sandbox.support import eventually

SHORT: dict[str, object] = {
    "scaffolds": [{"name": "aide", "num_drafts": 1}],
    "time_limits": [{"time": "24h", "steps": 1}],
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Path:
    require("bwrap", "apt-get install bubblewrap")
    folder = make_run(tmp_path_factory.mktemp("undisturbed"), data_dir, **SHORT)
    run_cell(folder)
    return folder


def killed(folder: Path, how: str, seed: int) -> int:
    """Run a cell through kills; returns how many there were."""
    command = [sys.executable, "-m", "tests.experiments.killer", str(folder), how, str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def grade(folder: Path) -> dict[str, Any]:
    record = read_json(folder / GRADE_FILE)
    return {key: value for key, value in record.items() if key not in ("created_at", "submission_path")}


def tree(trajectory: Trajectory) -> list[dict[str, Any]]:
    return [trajectory.fields(node.event) for node in trajectory.nodes.values()]


def requests(trajectory: Trajectory) -> list[tuple[str, str]]:
    """Every model request: its messages as bytes, and the digest over tools, settings and seed as well."""
    log = trajectory.log
    return [
        (json.dumps(recorded_messages(log.events, log.blobs, event)), event.digest or "")
        for event in log.of_type(ev.MODEL_REQUEST)
    ]


def check_equal(folder: Path, undisturbed: Path, deaths: int) -> None:
    ours, theirs = Trajectory(folder), Trajectory(undisturbed)
    assert tree(ours) == tree(theirs)
    assert requests(ours) == requests(theirs)
    assert grade(folder) == grade(undisturbed)
    answered = [(e.lane, e.n) for e in ours.log.of_type(ev.MODEL_RESPONSE, ev.TOOL_RESULT)]
    assert len(answered) == len(set(answered))
    in_flight = sum(event.data["in_flight"] for event in ours.log.of_type(ev.RUN_RESUME))
    executed = len(list(ours.log.of_type(ev.EXEC_START)))
    assert executed - len(list(theirs.log.of_type(ev.EXEC_START))) <= in_flight <= deaths
    calls = (folder / CALLS_FILE).read_text().splitlines()
    assert len(set(calls)) == len(requests(ours))
    assert len(calls) - len(set(calls)) <= in_flight
    assert eventually(lambda: not left_over(folder))  # what a killed one had begun ends after it


def left_over(folder: Path) -> list[str]:
    """Processes that still hold the run folder in their command line."""
    found: list[str] = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or ())
        if str(folder) in line and "killer" not in line:
            found.append(line)
    return found


def test_a_death_behind_every_kind_of_event(
    tmp_path: Path, data_dir: Path, undisturbed: Path, deaths_at: str
) -> None:
    folder = make_run(tmp_path, data_dir, **SHORT)
    deaths = killed(folder, deaths_at, 0)
    kinds = {event.type for event in Trajectory(undisturbed).log.events}
    assert deaths >= len(kinds - {ev.RUN_START}) > 8
    check_equal(folder, undisturbed, deaths)


@pytest.mark.parametrize("seed", range(2))
def test_deaths_at_random_instants(tmp_path: Path, data_dir: Path, undisturbed: Path, seed: int) -> None:
    folder = make_run(tmp_path, data_dir, **SHORT)
    deaths = killed(folder, "4.0", seed)
    check_equal(folder, undisturbed, deaths)


def test_a_finished_run_is_replayed_without_a_call(undisturbed: Path) -> None:
    before = (undisturbed / EVENTS_FILE).read_bytes()
    assert replay_cell(undisturbed) == len(Trajectory(undisturbed).log.events)
    assert (undisturbed / EVENTS_FILE).read_bytes() == before
    assert not (undisturbed / "sandbox").exists()


def test_a_finished_run_is_graded_again_from_its_frozen_submission(undisturbed: Path) -> None:
    before, events = grade(undisturbed), (undisturbed / EVENTS_FILE).read_bytes()
    (undisturbed / GRADE_FILE).unlink()
    run_cell(undisturbed)
    assert grade(undisturbed) == before
    assert (undisturbed / EVENTS_FILE).read_bytes() == events


def ends_before_its_end(folder: str) -> None:
    """Run a cell until it has saved its submission."""
    die_after(lambda kind: kind == ev.SUBMISSION_SAVED)
    run_cell(Path(folder))


def dies_with_a_submission(folder: str) -> None:
    """Run a cell until its second call has come back."""
    results = count(1)
    die_after(lambda kind: kind == ev.TOOL_RESULT and next(results) == 2)
    run_cell(Path(folder))


def dies_while_it_is_brought_back(folder: str) -> None:
    """Go on with a cell until its submission is about to be brought back."""

    def kill(event: str, args: tuple[object, ...]) -> None:
        if event == "open" and args[0] == "submission.csv":
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(kill)
    run_cell(Path(folder))


def test_what_was_frozen_is_graded_whoever_dies_before_its_grade(tmp_path: Path, data_dir: Path) -> None:
    """A job in the background is the one thing that no later process could do again."""
    require("bwrap", "apt-get install bubblewrap")
    folder = make_run(tmp_path, data_dir, scaffolds=["tests.experiments.agents:LeavesAJob"])
    assert died(ends_before_its_end, folder)
    assert not (folder / GRADE_FILE).exists()
    assert run_cell(folder)["valid_submission"]
    digests = {event.data["sha256"] for event in Trajectory(folder).log.of_type(ev.SUBMISSION_SAVED)}
    assert len(digests) == 1


def test_a_workspace_that_was_just_being_brought_back_is_not_what_is_graded(
    tmp_path: Path, data_dir: Path
) -> None:
    require("bwrap", "apt-get install bubblewrap")
    folder = make_run(tmp_path, data_dir, scaffolds=["tests.experiments.agents:Submits"])
    assert died(dies_with_a_submission, folder)
    assert died(dies_while_it_is_brought_back, folder)
    assert not list((folder / "sandbox" / "main" / "home" / "submission").iterdir())
    assert run_cell(folder, finalize=True)["valid_submission"]

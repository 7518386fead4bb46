"""Workers of a search die with it, and the search goes on where it was: killed, resumed, replayed, forked."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from experiments.fork import fork
from experiments.run import replay_cell, run_cell
from experiments.trajectory import Trajectory
from scaffolds.runtime import events as ev
from tests.conftest import make_run
from tests.experiments.killer import CALLS_FILE
from tests.experiments.test_kill import grade, killed, left_over, requests, tree
from tests.requires import require, require_image
from tests.sandbox.support import IMAGE

TWO: dict[str, object] = {
    "scaffolds": [{"name": "aide/parallel", "num_drafts": 2, "data_preview": False}],
    "time_limits": [{"time": "24h", "steps": 2}],
}
"""Both steps begin at once, so that nothing depends on which of them ends first."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Path:
    require("bwrap", "apt-get install bubblewrap")
    folder = make_run(tmp_path_factory.mktemp("undisturbed"), data_dir, **TWO)
    run_cell(folder)
    return folder


def nodes(trajectory: Trajectory) -> list[dict[str, Any]]:
    return sorted(tree(trajectory), key=lambda node: node["id"])


def test_a_death_behind_every_kind_of_event(
    tmp_path: Path, data_dir: Path, undisturbed: Path, deaths_at: str
) -> None:
    folder = make_run(tmp_path, data_dir, **TWO)
    deaths = killed(folder, deaths_at, 0)
    ours, theirs = Trajectory(folder), Trajectory(undisturbed)
    assert deaths >= len({event.type for event in theirs.log.events} - {ev.RUN_START}) > 8
    assert nodes(ours) == nodes(theirs)
    assert sorted(requests(ours)) == sorted(requests(theirs))
    assert grade(folder) == grade(undisturbed)
    answered = [(e.lane, e.n) for e in ours.log.of_type(ev.MODEL_RESPONSE, ev.TOOL_RESULT)]
    assert len(answered) == len(set(answered))
    in_flight = sum(event.data["in_flight"] for event in ours.log.of_type(ev.RUN_RESUME))
    calls = (folder / CALLS_FILE).read_text().splitlines()
    assert len(calls) - len(set(calls)) <= in_flight
    assert not left_over(folder)
    assert replay_cell(folder) == len(ours.log.events)


def test_a_replay_needs_nothing_and_writes_nothing(undisturbed: Path) -> None:
    before = (undisturbed / "events.jsonl").read_bytes()
    assert replay_cell(undisturbed) == len(Trajectory(undisturbed).log.events)
    assert (undisturbed / "events.jsonl").read_bytes() == before


def test_a_fork_shares_the_beginning_and_ends_by_itself(tmp_path: Path, undisturbed: Path) -> None:
    """Forked where one script has ended and the other one runs: that one is run again, no other."""
    ends = list(Trajectory(undisturbed).log.of_type(ev.EXEC_END))
    folder = fork(undisturbed, ends[0].seq + 2, tmp_path / "fork")
    run_cell(folder)
    assert nodes(Trajectory(folder)) == nodes(Trajectory(undisturbed))
    assert grade(folder) == grade(undisturbed)


@pytest.mark.parametrize(
    ("scaffold", "steps"),
    [
        ({"name": "aide/paper"}, 1),
        ({"name": "aide/parallel", "selector": "reseed_top_k", "select_k": 2, "select_seeds": 1}, 2),
    ],
    ids=["paper", "parallel"],
)
def test_the_main_path_in_containers(
    tmp_path: Path, data_dir: Path, scaffold: dict[str, object], steps: int
) -> None:
    require_image(IMAGE)
    options: dict[str, object] = {
        "scaffolds": [{"num_drafts": steps, **scaffold}],
        "time_limits": [{"time": "24h", "steps": steps}],
        "backend": "docker",
        "image": IMAGE,
    }
    folder = make_run(tmp_path, data_dir, **options)
    run_cell(folder)
    assert grade(folder)["valid_submission"] is True
    trajectory = Trajectory(folder)
    opened = [(event.lane, event.data["backend"]) for event in trajectory.log.of_type(ev.SANDBOX_OPEN)]
    workers = [f"worker-{n}" for n in range(1, steps + 1)] if steps > 1 else []
    assert sorted(opened) == [(lane, "docker") for lane in ["main", *workers]]
    scores = [event.data["score"] for event in trajectory.log.of_type("aide.reseed")]
    assert len(scores) == (2 if steps > 1 else 0)
    assert None not in scores
    command = [sys.executable, "-m", "experiments.run", str(folder), "--replay"]
    replayed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert replayed.returncode == 0, replayed.stderr


def test_the_offline_model_repairs_on_a_sample(tmp_path: Path, data_dir: Path) -> None:
    """With this seed its first draft has a bug."""
    require("bwrap", "apt-get install bubblewrap")
    sampled = {"name": "aide", "num_drafts": 1, "data_preview": False, "debug_sample_rows": 100}
    limits = [{"time": "24h", "steps": 2}]
    folder = make_run(tmp_path, data_dir, scaffolds=[sampled], time_limits=limits, seeds=[1])
    run_cell(folder)
    trajectory = Trajectory(folder)
    assert [(node.operator, node.status) for node in trajectory.nodes.values()] == [
        ("draft", "failed"),
        ("debug", "ok"),
    ]
    outputs = [str(result["text"]) for _, result in trajectory.calls(2) if result]
    rows = [text.partition(" rows to learn from")[0] for text in outputs if "rows to learn from" in text]
    assert rows == ["100", "265"]

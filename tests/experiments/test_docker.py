"""Runs in containers: the same durable runs, and nothing left on the daemon."""

from pathlib import Path

import docker
import pytest

from experiments.results import GRADE_FILE
from experiments.run import run_cell
from experiments.trajectory import Trajectory
from sandbox.reaper import RUN
from scaffolds.runtime import events as ev
from tests.conftest import make_run
from tests.experiments.test_kill import check_equal, grade, killed
from tests.requires import require_image
from tests.sandbox.support import IMAGE, eventually

SHORT: dict[str, object] = {
    "scaffolds": [{"name": "tests.experiments.tiny:Tiny"}],
    "competitions": ["practice-digits"],
    "time_limits": [{"time": "24h", "steps": 1}],
    "backend": "docker",
    "image": IMAGE,
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Path:
    require_image(IMAGE)
    folder = make_run(tmp_path_factory.mktemp("undisturbed"), data_dir, **SHORT)
    run_cell(folder)
    return folder


def containers(folder: Path) -> int:
    client = docker.from_env()
    try:
        return len(client.containers.list(all=True, sparse=True, filters={"label": f"{RUN}={folder}"}))
    finally:
        client.close()


def test_a_run_says_which_image_it_was_made_in(undisturbed: Path) -> None:
    (opened,) = Trajectory(undisturbed).log.of_type(ev.SANDBOX_OPEN)
    assert opened.data["backend"] == "docker"
    assert opened.data["image"].startswith("sha256:")
    assert grade(undisturbed)["valid_submission"] is True
    assert eventually(lambda: containers(undisturbed) == 0)


def test_a_death_behind_every_kind_of_event(
    tmp_path: Path, data_dir: Path, undisturbed: Path, deaths_at: str
) -> None:
    folder = make_run(tmp_path, data_dir, **SHORT)
    deaths = killed(folder, deaths_at, 0)
    kinds = {event.type for event in Trajectory(undisturbed).log.events}
    assert deaths >= len(kinds - {ev.RUN_START}) > 8
    check_equal(folder, undisturbed, deaths)
    assert eventually(lambda: containers(folder) == 0)


def test_the_offline_agent_wins_in_the_slim_image(tmp_path: Path, data_dir: Path) -> None:
    """AIDE with its real scripts on the image's own packages."""
    require_image(IMAGE)
    one = {"scaffolds": [{"name": "aide", "num_drafts": 1}], "time_limits": [{"time": "24h", "steps": 1}]}
    folder = make_run(tmp_path, data_dir, **{**SHORT, **one})
    run_cell(folder)
    assert grade(folder)["valid_submission"] is True
    assert (folder / GRADE_FILE).exists()

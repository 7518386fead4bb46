"""Whole runs: the offline model plays, and nothing that befalls a run changes what it comes to."""

import json
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from experiments.fork import fork
from experiments.results import GRADE_FILE
from experiments.run import replay_cell, run_cell
from experiments.trajectory import Trajectory
from scaffolds.runtime import events as ev
from scaffolds.runtime.log import EVENTS_FILE
from tests.conftest import make_run
from tests.experiments.test_kill import check_equal, grade, killed, requests
from tests.requires import require, require_image
from tests.sandbox.support import IMAGE
from tests.scaffolds.mlab.support import reply
from tests.wire.brains import Ask, Reply
from tests.wire.server import WireServer

SHORT: dict[str, object] = {
    "scaffolds": ["mlab"],
    "time_limits": [{"time": "24h", "steps": 4}],
    "backend": "bwrap",
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Path:
    require("bwrap", "apt-get install bubblewrap")
    folder = make_run(tmp_path_factory.mktemp("undisturbed"), data_dir, **SHORT)
    run_cell(folder)
    return folder


def actions(folder: Path) -> list[str]:
    trajectory = Trajectory(folder)
    return [str(trajectory.fields(event)["action"]) for event in trajectory.log.of_type("mlab.step")]


def test_the_offline_model_hands_a_valid_submission_in(undisturbed: Path) -> None:
    assert grade(undisturbed)["valid_submission"] is True
    assert actions(undisturbed)[0] == "Edit Script (AI)"
    roles = {event.data["role"] for event in Trajectory(undisturbed).log.of_type(ev.MODEL_REQUEST)}
    assert roles == {"main", "edit", "fast"}
    assert Trajectory(undisturbed).state.nodes >= 1


def test_a_replay_asks_for_the_same_byte_for_byte(undisturbed: Path) -> None:
    before = (undisturbed / EVENTS_FILE).read_bytes()
    assert replay_cell(undisturbed) == len(Trajectory(undisturbed).log.events)
    assert (undisturbed / EVENTS_FILE).read_bytes() == before


def test_a_fork_shares_the_beginning_and_goes_on(undisturbed: Path, tmp_path: Path) -> None:
    events = Trajectory(undisturbed).log.events
    at = next(event.seq for event in events if event.type == ev.STEP_START and event.data["step"] == 3)
    forked = fork(undisturbed, at, tmp_path / "fork")
    run_cell(forked)
    assert requests(Trajectory(forked)) == requests(Trajectory(undisturbed))
    assert grade(forked) == grade(undisturbed)


def test_deaths_change_nothing(tmp_path: Path, data_dir: Path, undisturbed: Path) -> None:
    folder = make_run(tmp_path, data_dir, **SHORT)
    deaths = killed(folder, "8.0", 0)
    check_equal(folder, undisturbed, deaths)


def test_it_plays_in_a_container(tmp_path: Path, data_dir: Path) -> None:
    require_image(IMAGE)
    where = {"backend": "docker", "image": IMAGE, "competitions": ["practice-digits"]}
    folder = make_run(tmp_path, data_dir, **{**SHORT, **where})
    run_cell(folder)
    assert grade(folder)["valid_submission"] is True
    assert actions(folder)[:4] == ["Edit Script (AI)", "Execute Script", "Validate Submission", "Copy File"]


COPY = reply(
    "Copy File",
    json.dumps({"source": "input/sample_submission.csv", "destination": "../submission/submission.csv"}),
)
WRITE = reply(
    "Write File", json.dumps({"file_name": "slow.py", "content": "import time\ntime.sleep(5000)\n"})
)
RUN = reply("Execute Script", json.dumps({"script_name": "slow.py"}))
AGAIN = reply("List Files", json.dumps({"dir_path": "."}))


@dataclass
class Overstays:
    """Hands a submission in, spoils it, and then takes longer than there is: in a script, or to answer."""

    what: str
    asked: int = 0

    def reply(self, ask: Ask) -> Reply:
        del ask
        self.asked += 1
        spoil = reply(
            "Write File", json.dumps({"file_name": "../submission/submission.csv", "content": "no"})
        )
        replies = [COPY, WRITE, spoil]
        if self.asked <= len(replies):
            return Reply(replies[self.asked - 1])
        if self.what == "answer":
            time.sleep(13)
        return Reply(RUN if self.what == "script" else AGAIN)


@contextmanager
def served(brain: Overstays, home: Path) -> Generator[None]:
    """A provider as a user has one: a server, and a file that says where it is."""
    with WireServer(brain=brain) as server:
        (home / "configs").mkdir()
        entry = f"openai-compatible/slow: {{base_url: '{server.openai_url}'}}\n"
        (home / "configs" / "providers.yaml").write_text(entry)
        yield


@pytest.mark.parametrize("what", ["script", "answer"])
def test_the_limit_ends_it_and_the_last_valid_submission_is_graded(
    what: str, tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require("bwrap", "apt-get install bubblewrap")
    monkeypatch.chdir(tmp_path)
    brain = Overstays(what)
    with served(brain, tmp_path):
        changes = {"models": ["openai-compatible/slow"], "time_limits": ["12s"], "final": "last_valid"}
        folder = make_run(tmp_path / "runs", data_dir, **{**SHORT, **changes})
        run_cell(folder)
    trajectory = Trajectory(folder)
    ending = trajectory.log.events[-1]
    assert (ending.type, ending.data["outcome"]) == (ev.RUN_END, "limit")
    assert trajectory.state.final_from == "snapshot"
    assert grade(folder)["valid_submission"] is True
    assert (folder / GRADE_FILE).exists()
    assert actions(folder)[:3] == ["Copy File", "Write File", "Write File"]
    replay_cell(folder)

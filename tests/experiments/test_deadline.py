"""The time limit in the middle of whatever an agent does: the run ends, and what it has is graded."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from experiments.files import read_json
from experiments.results import GRADE_FILE
from experiments.trajectory import Trajectory
from scaffolds.messages import JsonValue
from scaffolds.run import Outcome, Run
from scaffolds.runtime import events as ev
from tests.experiments.test_sweep import Study
from tests.requires import require, require_image
from tests.sandbox.support import IMAGE

_COPY = "cp ~/data/sample_submission.csv ~/submission/submission.csv"
_LONG: dict[str, tuple[str, dict[str, JsonValue]]] = {
    "command": ("shell", {"command": "trap '' INT TERM; sleep 5000"}),
    "script": ("run_script", {"code": "import time; time.sleep(5000)", "dir": "long"}),
    "cell": ("python", {"code": "import time; time.sleep(5000)"}),
    "job": ("shell_poll", {"job": 1, "wait": 5000}),
}


class Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    what: str


class Overstays:
    """Submits, and then does one thing for much longer than it has."""

    name = "overstays"
    version = "1"
    Config = Config

    def __init__(self, config: Config) -> None:
        self._what = config.what

    def run(self, run: Run) -> Outcome:
        run.call("shell", command=_COPY)
        run.call("shell", command="sleep 5000", background=True)
        tool, arguments = _LONG[self._what]
        for _ in range(5):
            run.call(tool, timeout=4000, **arguments) if tool != "shell_poll" else run.call(tool, **arguments)
        return Outcome("the limit never came")


@pytest.mark.parametrize(("backend", "whats"), [("bwrap", tuple(_LONG)), ("docker", ("cell", "script"))])
def test_the_limit_ends_it_and_what_it_has_is_graded(
    backend: str, whats: tuple[str, ...], tmp_path: Path, data_dir: Path
) -> None:
    if backend == "bwrap":
        require("bwrap", "apt-get install bubblewrap")
    else:
        require_image(IMAGE)
    study = Study(tmp_path, data_dir)
    kinds = [{"name": "tests.experiments.test_deadline:Overstays", "what": what} for what in whats]
    limits = [{"time": "12s"}]
    study.write(scaffolds=kinds, backend=backend, image=IMAGE, time_limits=limits, parallel=len(whats))
    done = study.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(study.cells()) == len(whats)
    for folder in study.cells():
        ending = Trajectory(folder).log.events[-1]
        assert ending.type == ev.RUN_END
        assert ending.data["outcome"] == "limit"
        assert read_json(folder / GRADE_FILE)["valid_submission"] is True

"""What several areas of the tests share."""

import os
import signal
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from benchmark.prepare import prepare
from benchmark.registry import find, members
from experiments.cell import CELL_FILE, Cell
from experiments.config import Sweep
from experiments.files import write_json
from experiments.plan import plan

# A busy machine is no failure: no test asserts how long something takes.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")
# A shell without job control has what it starts in the background ignore Ctrl-C, and all below it: some tests
# are about that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """What takes too long for every day."""
    words = "kill a run behind each of its events, where else it is killed behind each kind of them"
    parser.addoption("--every-event", action="store_true", help=words)


def pytest_xdist_auto_num_workers() -> int:
    """How many processes `-n auto` means: tests wait for deadlines and ends as long as they compute."""
    cores = len(os.sched_getaffinity(0))
    return cores + cores // 2


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under CI a skipped test is a failed one: nothing is left out silently, but for what needs a GPU."""
    report = yield
    missed = report.skipped and not hasattr(report, "wasxfail") and "gpu" not in report.keywords
    if os.environ.get("CI") and missed:
        report.outcome = "failed"
    return report


@pytest.fixture
def deaths_at(pytestconfig: pytest.Config) -> str:
    """Where runs are killed, for `tests.experiments.killer`."""
    return "events" if pytestconfig.getoption("--every-event") else "kinds"


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The practice competitions, prepared once for all test processes."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "data"
    for name in members("practice"):
        prepare(find(name), folder)
    return folder


def sweep_of(**changes: object) -> Sweep:
    """A small sweep of AIDE with the offline model; `changes` replace its keys."""
    keys: dict[str, object] = {
        "scaffolds": [{"name": "aide", "num_drafts": 2}],
        "models": ["offline/tabular"],
        "competitions": ["practice-diabetes"],
        "time_limits": [{"time": "24h", "steps": 3}],
    }
    return Sweep.model_validate(keys | changes)


def write_cells(folder: Path, cells: Sequence[Cell]) -> list[Path]:
    """A run folder for each cell, below `folder`."""
    folders = [folder / cell.id for cell in cells]
    for path, cell in zip(folders, cells, strict=True):
        write_json(path / CELL_FILE, cell.model_dump(mode="json"))
    return folders


def make_run(folder: Path, data: Path, **changes: object) -> Path:
    """The run folder of the only cell of `sweep_of(**changes)`."""
    (path,) = write_cells(folder, list(plan(sweep_of(**changes), data).cells()))
    return path

"""Whole runs over real sockets: faults, deaths, usage, money, and a key that must stay out of everything."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from experiments.results import GRADE_FILE
from scaffolds.messages import Usage
from scaffolds.runtime import events as ev
from scaffolds.runtime.log import LogReader
from scaffolds.yaml_text import yaml_text
from tests.requires import require
from tests.wire.brains import Offline
from tests.wire.faults import faults_at_rate, no_faults
from tests.wire.server import Served, WireServer

ROOT = Path(__file__).parents[2]
KEY = "sk-proj-Planted0123456789abcdefghijklmnopqrstuvwxyz"
STEPS = 5
"""Of a cell of the quickstart."""


@dataclass(frozen=True)
class Home:
    """A folder as a user has it: configs, a file of keys, runs."""

    folder: Path
    data_dir: Path
    patience: Mapping[str, float] = field(default_factory=dict[str, float])

    def write(self, server: WireServer, **changes: object) -> None:
        bases = {
            "openai": server.openai_url,
            "anthropic": server.url,
            "litellm/openrouter": server.openai_url,
        }
        providers = {
            name: {"base_url": base, "timeout_s": 5, "in_flight": 2, "key": "OPENAI_API_KEY", **self.patience}
            for name, base in bases.items()
        }
        sweep: dict[str, object] = {
            "scaffolds": [{"name": "aide", "num_drafts": 3}],
            "models": ["openai/gpt-4o-2024-08-06"],
            "competitions": ["practice-diabetes"],
            "time_limits": [{"time": "30m", "steps": STEPS, "usd": 5}],
            "backend": "bwrap",
            "max_usd": 20,
        }
        configs = self.folder / "configs"
        configs.mkdir(exist_ok=True)
        for name, content in (("providers", providers), ("study", sweep | changes)):
            text = yaml_text(content)
            (configs / f"{name}.yaml").write_text(text)
        (self.folder / ".env").write_text(f"OPENAI_API_KEY={KEY}\n")

    def start(self) -> "subprocess.Popen[str]":
        words = ["configs/study.yaml", "--leases", "leases", "--data-dir", str(self.data_dir)]
        without = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
        return subprocess.Popen(
            [sys.executable, "-m", "experiments.sweep", *words],
            cwd=self.folder,
            env={**without, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    @property
    def run(self) -> Path:
        (cell,) = self.folder.glob("runs/study/*/cell.json")
        return cell.parent

    def holders_of_the_key(self) -> list[Path]:
        """Files that hold the key, the one that it was written in aside."""
        files = [path for path in self.folder.rglob("*") if path.is_file() and path.name != ".env"]
        assert len(files) > 20
        return [path for path in files if KEY.encode() in path.read_bytes()]


@pytest.fixture
def home(tmp_path: Path, data_dir: Path) -> Home:
    require("bwrap", "apt-get install bubblewrap")
    return Home(tmp_path, data_dir)


def logged(run: Path) -> list[Usage]:
    return [Usage.parse(event.data["usage"]) for event in LogReader(run).of_type(ev.MODEL_RESPONSE)]


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("model", "rates", "steps"),
    [("openai/gpt-4o-2024-08-06", (2.5, 10), STEPS), ("anthropic/claude-sonnet-4-5", (3, 15), STEPS)],
)
def test_a_run_survives_faults_and_a_death_and_pays_for_nothing_twice(
    home: Home, model: str, rates: tuple[float, float], steps: int
) -> None:
    limits = [{"time": "30m", "steps": steps, "usd": 5}]
    with WireServer(Offline(), faults_at_rate(0.3, seed=5), key=KEY) as server:
        home.write(server, models=[model], time_limits=limits)
        first = home.start()
        while first.poll() is None and sum(served.delivered for served in server.served) < steps:
            time.sleep(0.05)
        os.killpg(first.pid, signal.SIGKILL)
        output = first.communicate()[0]
        second = home.start()
        output += second.communicate()[0]
        assert second.returncode == 0, output
    assert json.loads((home.run / GRADE_FILE).read_bytes())["valid_submission"]

    answers = logged(home.run)
    delivered = [served for served in server.served if served.delivered]
    assert len(answers) >= 2 * steps
    # The answer in flight at the death is all that may be missing, and all that may be there twice.
    assert 0 <= len(delivered) - len(answers) <= 1
    missing = Counter(usage_of(served) for served in delivered) - Counter(answers)
    assert sum(missing.values()) == len(delivered) - len(answers)
    assert not Counter(answers) - Counter(usage_of(served) for served in delivered)

    faults = Counter(served.fault for served in server.served if served.fault)
    assert sum(faults.values()) >= steps // 2, faults
    waits = list(LogReader(home.run).of_type(ev.WAIT_START))
    assert len(waits) >= sum(faults.values()) - 1
    total = sum(answers, Usage())
    last = LogReader(home.run).events[-1]
    tokens, usd = last.data["spent"][2], last.data["spent"][3]
    assert tokens == total.input + total.output
    assert usd == pytest.approx((total.input * rates[0] + total.output * rates[1]) / 1e6)

    assert KEY not in output
    assert home.holders_of_the_key() == []
    assert all(KEY not in json.dumps(served.body) for served in server.served)


def usage_of(served: Served) -> Usage:
    assert served.usage is not None
    return served.usage


def test_a_provider_that_quotes_the_key_does_not_make_us_say_it(home: Home) -> None:
    models = [
        "openai/gpt-4o-2024-08-06",
        "anthropic/claude-sonnet-4-5",
        "litellm/openrouter/meta-llama/llama-3.1-405b-instruct",
    ]
    with WireServer(Offline(), key="another") as server:
        home.write(server, models=models, max_usd=None, time_limits=["30m"], parallel=3)
        done = home.start()
        output = done.communicate()[0]
    assert done.returncode == 1
    logs = list(home.folder.glob("runs/study/*/process.log"))
    assert len(logs) == len(server.served) == len(models)
    assert all("does not accept the key" in log.read_text() for log in logs)
    sent = [
        served.headers.get("authorization", "") + served.headers.get("x-api-key", "")
        for served in server.served
    ]
    assert all(KEY in header for header in sent)
    assert KEY not in output
    assert home.holders_of_the_key() == []


def test_an_outage_is_nobodys_failure_and_the_same_command_goes_on(home: Home) -> None:
    impatient = replace(home, patience={"patience_s": 0.2})
    changes = {
        "scaffolds": ["tests.experiments.tiny:Tiny"],
        "time_limits": [{"time": "30m", "steps": 1}],
        "models": [{"name": "anthropic/claude-opus-4-8", "reasoning_effort": "max"}],
    }
    with WireServer(Offline(), faults_at_rate(1.0, 0, ["server_error"]), key=KEY) as server:
        impatient.write(server, **changes)
        down = impatient.start()
        output = down.communicate()[0]
        assert down.returncode == 1
        assert "has not answered" in (home.run / "process.log").read_text()
        assert not (home.run / GRADE_FILE).exists(), output
        assert [event.type for event in LogReader(home.run).of_type(ev.RUN_END)] == []
        server.plan = no_faults
        up = impatient.start()
        output = up.communicate()[0]
        assert up.returncode == 0, output
    assert json.loads((home.run / GRADE_FILE).read_bytes())["valid_submission"]
    assert len(logged(home.run)) == 1
    # What the config chose reached the provider, and the log says so.
    assert {served.body["output_config"]["effort"] for served in server.served} == {"max"}
    (asked,) = LogReader(home.run).of_type(ev.MODEL_REQUEST)
    assert asked.data["settings"]["reasoning_effort"] == "max"


def test_the_sweep_ends_before_the_call_that_could_pass_its_dollars(home: Home) -> None:
    """An answer may have 16,384 tokens, which are $0.164; it comes to less than a cent."""
    limits = [{"time": "30m", "steps": 3}]
    with WireServer(Offline(), key=KEY) as server:
        home.write(server, max_usd=0.2, time_limits=limits)
        stopped = home.start()
        output = stopped.communicate()[0]
        assert stopped.returncode == 1
        assert "the next call could cost more than is left" in output, output
        asked = len(server.served)
        assert asked >= 1
        assert not (home.run / GRADE_FILE).exists()
        home.write(server, max_usd=2, time_limits=limits)
        done = home.start()
        output = done.communicate()[0]
        assert done.returncode == 0, output
    assert len(server.served) > asked
    assert len(logged(home.run)) == len(server.served)

"""The red team is held off by every backend, and where something is weak the attestation says so."""

import shutil
import subprocess
from pathlib import Path

import orjson
import pytest

from benchmark.prepare import prepared
from benchmark.registry import find
from experiments.attest.engine import Attestation, attest
from experiments.attest.stage import COMPETITION
from experiments.attest.trial import Setting, survivors
from sandbox.spec import Isolation
from scaffolds.adversary.catalogue import ATTACKS, Group, chosen
from tests.requires import require, require_image

IMAGE = "mle-sandbox:slim"


@pytest.fixture
def bwrap() -> None:
    require("bwrap", "apt-get install bubblewrap")


def verdicts(done: Attestation) -> dict[str, str]:
    return {row.id: row.verdict for row in done.rows}


@pytest.mark.parametrize("group", ["look", "ask", "wreck"])
@pytest.mark.parametrize("backend", ["bwrap", "docker"])
def test_every_attack_is_tried_and_none_gets_through(
    backend: Isolation, group: Group, data_dir: Path
) -> None:
    if backend == "docker":
        require_image(IMAGE)
    else:
        require("bwrap", "apt-get install bubblewrap")
    attacks = [attack for attack in ATTACKS if attack.group == group]
    done = attest(Setting(backend, IMAGE), data_dir, attacks=attacks)
    assert {row.id: row.observed for row in done.rows if row.verdict != "held"} == {}
    assert {attack.id for attack in attacks} < set(verdicts(done))
    assert orjson.loads(orjson.dumps(done.record()))["held"] is True


def test_without_isolation_nearly_everything_is_breached(data_dir: Path) -> None:
    attacks = chosen(["proc", "answers", "data-sets", "network", "driver-forge"])
    done = attest(Setting("none"), data_dir, attacks=attacks, abroad=False)
    found = verdicts(done)
    assert [found[name] for name in ("proc", "answers", "data-sets", "network", "doors")] == ["breached"] * 5
    assert found["driver-forge"] == "not tried"
    assert not done.held
    observed = {row.id: row.observed for row in done.rows}
    assert "$OPENAI_API_KEY of the harness" in observed["proc"]
    assert "pieces of the answers" in observed["answers"]


def test_an_open_network_is_seen(data_dir: Path, bwrap: None) -> None:
    done = attest(Setting("bwrap", network="open"), data_dir, attacks=chosen(["network"]), abroad=False)
    found = verdicts(done)
    assert found["network"] == found["doors"] == "breached"
    assert found["host-files"] == found["survivors"] == "held"


def test_answers_among_the_public_files_are_seen(tmp_path: Path, data_dir: Path, bwrap: None) -> None:
    shutil.copytree(data_dir / COMPETITION, tmp_path / COMPETITION)
    folders = prepared(find(COMPETITION), tmp_path)
    shutil.copy(folders.private / "answers.csv", folders.public / "extra.csv")
    done = attest(Setting("bwrap"), tmp_path, attacks=chosen(["answers"]))
    assert "pieces of the answers" in done.rows[0].observed


def test_a_key_in_the_environment_is_seen(
    monkeypatch: pytest.MonkeyPatch, data_dir: Path, bwrap: None
) -> None:
    passed_on = "CUDA_VISIBLE_DEVICES"  # the one variable that a sandbox gets of the harness
    monkeypatch.setattr("experiments.attest.stage.KEYS", (passed_on,))
    done = attest(Setting("bwrap"), data_dir, attacks=chosen(["proc"]))
    assert done.rows[0].observed.startswith(f"came out: ${passed_on} of the harness")


def test_processes_that_have_to_do_with_a_folder_are_found(tmp_path: Path) -> None:
    assert survivors(tmp_path) == ()
    with subprocess.Popen(["sleep", "60"], env={"WHERE": str(tmp_path)}) as process:
        try:
            assert survivors(tmp_path) == (f"{process.pid} (sleep)",)
        finally:
            process.kill()

"""The red team is held off by every backend, and where something is weak the attestation says so."""

import shutil
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from benchmark.prepare import prepared
from benchmark.registry import find
from experiments.attest.aftermath import unsafe
from experiments.attest.engine import Attestation, attest
from experiments.attest.evidence import Call, Trace
from experiments.attest.judge import HONEST, Row, judge
from experiments.attest.stage import COMPETITION, set_stage
from experiments.attest.trial import Setting, Trial, survivors
from sandbox.cgroup import places
from sandbox.spec import Isolation
from scaffolds.adversary.catalogue import ATTACKS, Group, chosen
from tests.requires import require, require_image
from tests.sandbox.support import eventually

IMAGE = "mle-sandbox:slim"


def needed(backend: Isolation) -> None:
    """Skip the calling test where this backend is not installed."""
    if backend == "docker":
        require_image(IMAGE)
    else:
        require("bwrap", "apt-get install bubblewrap")


def verdicts(done: Attestation) -> dict[str, str]:
    return {row.id: row.verdict for row in done.rows}


@pytest.mark.parametrize("group", ["look", "ask", "wreck"])
@pytest.mark.parametrize("backend", ["bwrap", "docker"])
def test_every_attack_is_tried_and_none_gets_through(
    backend: Isolation, group: Group, data_dir: Path
) -> None:
    needed(backend)
    attacks = [attack for attack in ATTACKS if attack.group == group]
    done = attest(Setting(backend, IMAGE), data_dir, attacks=attacks)
    open_ = {row.id: row.observed for row in done.rows if row.verdict != "held"}
    if backend == "bwrap" and not any("memory" in place.controllers for place in places()):
        open_.pop("memory", None)  # this user can make no control groups
    assert open_ == {}
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


def test_an_open_network_is_seen(data_dir: Path) -> None:
    needed("bwrap")
    done = attest(Setting("bwrap", network="open"), data_dir, attacks=chosen(["network"]), abroad=False)
    found = verdicts(done)
    assert found["network"] == found["doors"] == "breached"
    assert found["host-files"] == found["survivors"] == "held"


@pytest.mark.parametrize("backend", ["bwrap", "docker"])
def test_answers_among_the_public_files_are_seen(backend: Isolation, tmp_path: Path, data_dir: Path) -> None:
    needed(backend)
    shutil.copytree(data_dir / COMPETITION, tmp_path / COMPETITION)
    folders = prepared(find(COMPETITION), tmp_path)
    shutil.copy(folders.private / "answers.csv", folders.public / "extra.csv")
    done = attest(Setting(backend, IMAGE), tmp_path, attacks=chosen(["answers"]))
    assert "pieces of the answers" in done.rows[0].observed


def test_a_changed_file_of_the_host_is_seen(data_dir: Path) -> None:
    with set_stage(data_dir) as stage:
        assert stage.changed() == []
        (stage.folder / "home" / "planted").touch()
        stage.baits[-2].write_text("changed")
        assert stage.changed() == [str(stage.baits[-2]), str(stage.folder / "home" / "planted")]


def test_what_depends_on_answers_or_is_forged_is_seen(data_dir: Path) -> None:
    (attack,) = chosen(["validator"])
    with set_stage(data_dir) as stage:

        def row(probe: str = HONEST, code: str = "OK", told: bytes = b"", wall_s: float = 1.0) -> Row:
            calls = [Call("run_script", True, said, {"wall_s": wall_s}, b"", 1.0) for said in ("", probe)]
            note = {"tried": True, "claims": [{"technique": "t", "got": False, "detail": ""}]}
            trace = Trace("validator", calls, {"t/transcript.txt": told}, note=note)
            trace.checks.append({"sha256": "0", "code": code})
            return judge(attack, trace, stage, honest)

        honest = Trace("validator", files={"t/transcript.txt": b""}, checks=[{"sha256": "0", "code": "OK"}])
        assert row().verdict == "held"
        thief = "\n".join(f"{key},{value}" for key, value in stage.answers.items()).encode()
        for weak in (row("FORGED"), row(code="NAN"), row(told=b"1"), row(wall_s=99.0), row(told=thief)):
            assert weak.verdict == "breached"


def test_control_characters_on_a_readers_terminal_are_seen(tmp_path: Path) -> None:
    for byte in ("\x1b[31m", "\x9b31m", "\u202e", "\x00"):
        trial = Trial(tmp_path, (), 0, b"", {"inspect": f"a {byte} b".encode()})
        assert unsafe([trial])
    assert unsafe([Trial(tmp_path, (), 0, b"", {"inspect": "naïve – text ✓\n".encode()})]) == []


@pytest.mark.parametrize(
    ("options", "words"), [(["none"], "isolates nothing"), (["bwrap", "--attack", "x"], "no attack")]
)
def test_what_cannot_be_attested_is_refused(options: list[str], words: str) -> None:
    command = [sys.executable, "-m", "experiments.attest", "--backend", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert words in done.stderr


def test_the_command_prints_a_table_and_its_status_says_whether_all_held(data_dir: Path) -> None:
    needed("bwrap")
    words = [sys.executable, "-m", "experiments.attest", "--backend", "bwrap", "--data-dir", str(data_dir)]
    done = subprocess.run([*words, "--attack", "keys"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Finding keys" in done.stdout and "All 7 lines held." in done.stdout


def test_processes_that_have_to_do_with_a_folder_are_found(tmp_path: Path) -> None:
    assert survivors(tmp_path) == ()
    with subprocess.Popen(["sleep", "60"], env={"WHERE": str(tmp_path)}) as process:
        try:
            found = (f"{process.pid} (sleep)",)
            assert eventually(lambda: survivors(tmp_path) == found)  # a moment after it has begun
        finally:
            process.kill()

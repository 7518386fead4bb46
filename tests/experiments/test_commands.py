"""The commands as a person types them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from experiments.cell import CELL_FILE
from experiments.files import read_json
from scaffolds.runtime.log import EVENTS_FILE
from tests.sandbox.support import gone

CONFIG = """
scaffolds: [{name: aide, num_drafts: 1}]
models: [offline/tabular]
competitions: [practice-diabetes]
time_limits: [{time: 24h, steps: 2}]
seeds: [0, 1]
parallel: 2
"""


def type_in(*words: str | Path, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=250, cwd=cwd)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Path:
    """A folder with a finished sweep, `config.yaml` and `runs`."""
    folder = tmp_path_factory.mktemp("swept")
    (folder / "config.yaml").write_text(CONFIG)
    done = sweep(folder, data_dir)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "first.txt").write_text(done.stdout)
    return folder


def sweep(folder: Path, data_dir: Path) -> "subprocess.CompletedProcess[str]":
    return type_in("experiments.sweep", folder / "config.yaml", *places(folder, "runs", data_dir))


def places(folder: Path, runs: str, data_dir: Path) -> list[str | Path]:
    """Options that keep a sweep inside `folder`; leases, too: tests run beside each other."""
    return ["--runs-dir", folder / runs, "--data-dir", data_dir, "--leases", folder / "leases"]


def run_folders(folder: Path) -> list[Path]:
    return sorted(path.parent for path in (folder / "runs" / "config").glob(f"*/{CELL_FILE}"))


def test_a_sweep_ends_with_a_table_and_what_to_type_next(swept: Path) -> None:
    text = (swept / "first.txt").read_text()
    assert "practice-diabetes" in text
    assert "median" in text
    assert "won a medal. Isolation:" in text
    next_command = text.strip().splitlines()[-1].partition(" -m ")[2].split()
    shown = type_in(*next_command)
    assert shown.returncode == 0, shown.stderr
    assert "Solution tree" in shown.stdout


def test_the_same_command_again_does_nothing_and_shows_the_table(swept: Path, data_dir: Path) -> None:
    logs = [(path / EVENTS_FILE).read_bytes() for path in run_folders(swept)]
    killed = swept / "runs" / "config" / "guard-killed"  # what a sweep leaves that was killed at its end
    killed.mkdir()
    again = sweep(swept, data_dir)
    assert not killed.exists()
    assert again.returncode == 0
    assert "won a medal" in again.stdout
    assert [(path / EVENTS_FILE).read_bytes() for path in run_folders(swept)] == logs


def test_more_cells_may_be_added_but_not_exchanged(swept: Path, data_dir: Path) -> None:
    before = len(run_folders(swept))
    config = swept / "config.yaml"
    config.write_text(CONFIG.replace("num_drafts: 1", "num_drafts: 2"))
    refused = sweep(swept, data_dir)
    planned = type_in("experiments.sweep", config, *places(swept, "runs", data_dir), "--plan")
    config.write_text(CONFIG)
    assert planned.returncode == 1
    assert "scaffold_config.num_drafts: recorded 1, now 2" in planned.stdout
    assert refused.returncode == 1
    assert "holds runs of another config" in refused.stderr
    assert "scaffold_config.num_drafts: recorded 1, now 2" in refused.stderr
    assert "--runs-dir" in refused.stderr
    assert len(run_folders(swept)) == before


def test_inspect_shows_everything_about_one_node(swept: Path) -> None:
    shown = type_in("experiments.inspect", run_folders(swept)[0], "--plain", "--node", "1").stdout
    for words in ("scaffold     aide 3", "Solution tree (2 nodes", "└─", "Steps", "Node 1 (draft)"):
        assert words in shown
    for block in ("── plan", "── code", "── output", "── prompt to main", "── tool call of feedback"):
        assert block in shown
    assert "\x1b" not in shown


def test_inspect_of_a_sweep_names_its_runs(swept: Path) -> None:
    refused = type_in("experiments.inspect", swept / "runs" / "config")
    assert refused.returncode == 1
    assert run_folders(swept)[0].name in refused.stderr
    missing = type_in("experiments.inspect", swept / "nowhere")
    assert "is not a run" in missing.stderr


def test_output_bears_any_encoding_and_draws_no_boxes(swept: Path) -> None:
    command = [sys.executable, "-m", "experiments.inspect", str(run_folders(swept)[0]), "--plain"]
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "40"}
    shown = subprocess.run(command, capture_output=True, env=env, check=True).stdout
    assert b"?? 2 " in shown
    usage = type_in("experiments.inspect", "--nod", "1")
    assert usage.returncode == 2
    assert usage.stderr.isascii()
    assert "--node" in usage.stderr
    assert "python -m experiments.inspect  Read one run." in type_in("experiments").stdout


def test_a_fork_replays_the_beginning_and_goes_its_own_way(swept: Path, tmp_path: Path) -> None:
    run = run_folders(swept)[0]
    out = tmp_path / "fork"
    assert type_in("experiments.fork", run, "--at", "12", "--out", out).returncode == 0
    done = type_in("experiments.run", out / CELL_FILE, "--json")
    assert done.returncode == 0, done.stderr
    ours = (out / EVENTS_FILE).read_bytes().splitlines()
    assert ours[:12] == (run / EVENTS_FILE).read_bytes().splitlines()[:12]
    assert json.loads(ours[12])["type"] == "run.fork"
    # Nothing was changed, so the fork ends where the run did.
    assert json.loads(done.stdout)["score"] == read_json(run / "grade.json")["score"]


def test_a_run_can_be_the_tape_of_another(swept: Path, data_dir: Path) -> None:
    run = next(path for path in run_folders(swept) if "_s0_" in path.name)
    config = CONFIG.replace("offline/tabular", f"tape/{run}").replace("[0, 1]", "[0]")
    (swept / "tape.yaml").write_text(config)
    done = type_in("experiments.sweep", swept / "tape.yaml", *places(swept, "taped", data_dir))
    assert done.returncode == 0, done.stdout + done.stderr
    (taped,) = (swept / "taped" / "tape").glob("*/grade.json")
    assert read_json(taped)["score"] == read_json(run / "grade.json")["score"]


def test_a_changed_template_is_refused_with_the_difference(swept: Path, tmp_path: Path) -> None:
    run = run_folders(swept)[0]
    record = read_json(run / CELL_FILE)
    record["templates"]["draft.md"] = record["templates"]["draft.md"].replace("new draft", "old draft")
    changed = tmp_path / "changed"
    changed.mkdir()
    (changed / CELL_FILE).write_text(json.dumps(record))
    (changed / EVENTS_FILE).write_bytes((run / EVENTS_FILE).read_bytes())
    refused = type_in("experiments.run", changed / CELL_FILE)
    assert refused.returncode == 1
    assert "-# Your next script: a old draft" in refused.stderr
    assert "+# Your next script: a new draft" in refused.stderr
    assert (changed / EVENTS_FILE).read_bytes() == (run / EVENTS_FILE).read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("experiments.sweep", "missing.yaml"), "cannot read the config 'missing.yaml'"),
        (("experiments.run", "missing/cell.json"), "is not a run folder"),
        (("experiments.run", "file/cell.json"), "is not a run folder"),
        (("experiments.report", "file/x"), "is no sweep, no run, and no folder of sweeps"),
        (("experiments.sweep", "--status", "x.yaml", "--runs-dir", "file"), "no sweep has begun there"),
    ],
)
def test_wrong_paths_are_one_line_on_stderr(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    (tmp_path / "file").touch()
    refused = type_in(*words, cwd=tmp_path)
    assert refused.returncode == 1
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_bench_prints_its_figures() -> None:
    done = type_in("experiments.bench", "--steps", "20", "--json")
    figures = json.loads(done.stdout)
    wanted = {
        "first_tenth_ms_per_step",
        "last_tenth_ms_per_step",
        "log_bytes_per_step",
        "peak_mb",
        "resume_s",
    }
    assert wanted <= set(figures)
    assert all(figures[name] > 0 for name in wanted)


def test_import_loads_nothing_heavy() -> None:
    heavy = "{'openai', 'anthropic', 'litellm', 'docker', 'ray', 'torch', 'sklearn', 'pandas', 'textual'}"
    code = (
        "import sys, experiments, experiments.sweep, experiments.run, experiments.inspect\n"
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_killed_sweep_leaves_nobody_at_work_and_goes_on(tmp_path: Path, data_dir: Path) -> None:
    words, process = begin_sweep(tmp_path, data_dir, "tests.experiments.tiny:Tiny")
    process.kill()
    process.communicate(timeout=60)
    done = type_in(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "won a medal" in done.stdout
    assert gone([str(tmp_path)])


def test_ctrl_c_ends_the_cells_and_says_how_to_go_on(tmp_path: Path, data_dir: Path) -> None:
    # An agent without an end: no sweep may be done before it is interrupted.
    _, process = begin_sweep(tmp_path, data_dir, "tests.experiments.agents:Hangs")
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "nothing is lost" in said
    assert f"-m experiments.sweep {tmp_path / 'config.yaml'}" in said


def begin_sweep(folder: Path, data_dir: Path, agent: str) -> "tuple[tuple[str, ...], subprocess.Popen[str]]":
    """A sweep whose first cell is at work: the words of its command, and its process."""
    config = folder / "config.yaml"
    config.write_text(CONFIG.replace("{name: aide, num_drafts: 1}", agent))
    words = ("experiments.sweep", str(config), *map(str, places(folder, "runs", data_dir)))
    process = subprocess.Popen([sys.executable, "-m", *words], stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list((folder / "runs").glob(f"*/*/{EVENTS_FILE}")) and time.monotonic() < deadline:
        time.sleep(0.1)
    return words, process

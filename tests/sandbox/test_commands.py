"""`python -m sandbox check | shell | bench`, as a person types them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.backends.docker import cards_fault
from sandbox.commands.bench import Room, crowd, measure
from tests.requires import require, require_image
from tests.sandbox.support import IMAGE, Name


def type_in(*words: str, says: str = "", **env: str) -> "subprocess.CompletedProcess[str]":
    """The command, with `says` on its standard input."""
    command = [sys.executable, "-m", "sandbox", *words]
    around = {**os.environ, **env}
    return subprocess.run(command, input=says, capture_output=True, text=True, check=False, env=around)


def test_check_tries_every_backend(tmp_path: Path) -> None:
    require("bwrap", "apt-get install bubblewrap")
    require_image(IMAGE)
    smi = tmp_path / "nvidia-smi"
    smi.write_text("#!/bin/sh\necho 0, GPU-a, NVIDIA A10, 23028\n")
    smi.chmod(0o755)
    done = type_in("check", "--image", IMAGE, "--json", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 0, done.stdout
    said = json.loads(done.stdout)
    assert said["isolated"] is True
    found = {finding["what"]: finding for finding in said["findings"]}
    assert all(found[name]["ok"] for name in ("docker", "bwrap", "none"))
    assert all(found[f"{name}: kernel"]["words"] == "works" for name in ("docker", "bwrap"))
    assert all(found[f"{name}: system calls"]["ok"] for name in ("docker", "bwrap"))
    assert "memory" in found["bwrap: limits"]["words"]
    assert found["docker: graphics cards"]["ok"] is (cards_fault() is None)


def test_check_says_how_to_get_what_is_missing(tmp_path: Path) -> None:
    """On a machine without bubblewrap, and with no daemon behind the socket."""
    for program in ("bash", "sh", "rm", "du", "chown"):
        (tmp_path / program).symlink_to(f"/bin/{program}")
    nowhere = {"PATH": str(tmp_path), "DOCKER_HOST": f"unix://{tmp_path}/docker.sock"}
    done = type_in("check", COLUMNS="400", **nowhere)
    assert done.returncode == 1
    assert "apt-get install bubblewrap" in done.stdout
    assert "docker.sock" in done.stdout or "daemon" in done.stdout
    assert "Agents cannot be isolated here" in done.stdout


_HEALTH = (
    'python3 -c "import os, urllib.request as r; '
    "print(r.urlopen(os.environ['VALIDATION_URL'].replace('validate', 'health')).read().decode(), end='')\""
)


def test_a_shell_shows_what_an_agent_would_see(backend: Name, tmp_path: Path) -> None:
    shown = tmp_path / "data"
    shown.mkdir(mode=0o755)
    (shown / "hello.txt").write_text("hi\n")
    says = "cd /tmp\npwd\ncat ~/data/hello.txt\nprintf '\\033[31mred\\033[0m\\u202e\\n'\nexit 3\necho back\n"
    says += f"cd; ls -d *\n./validate_submission.sh data/hello.txt\n{_HEALTH}\n"
    done = type_in("shell", "--backend", backend, "--image", IMAGE, "--data", str(shown), says=says)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "/tmp\nhi\nred\N{REPLACEMENT CHARACTER}\nback\ncode\ndata\nlogs\nsubmission\nvalidate_submission.sh\n"
        'Not checked: this sandbox belongs to no competition.\n{"status": "running"}\n'
    )
    assert "[exit code 3]" in done.stderr
    assert f"backend {backend}" in done.stderr


def test_a_shell_of_cells(backend: Name) -> None:
    says = "x = 6\nprint(x * 7)\n1 / 0\n"
    done = type_in("shell", "--backend", backend, "--image", IMAGE, "--python", says=says)
    assert done.stdout.startswith("42\n")
    assert "ZeroDivisionError" in done.stdout


def test_a_line_that_takes_too_long_is_stopped() -> None:
    for seconds in (0.5, 15):  # on a crowded machine the second line may take long, too
        done = type_in("shell", "--backend", "none", "--timeout", f"{seconds}", says="sleep 60\necho next\n")
        if done.stdout:
            break
    assert done.stdout == "next\n"
    assert "time limit" in done.stderr


_FIGURES = (
    "shell_ms", "baseline_exec_ms", "kernel_cell_ms", "baseline_cell_ms", "script_ms", "baseline_script_ms",
    "start_to_first_command_s", "validate_10mb_s", "idle_mb",
)  # fmt: skip


@pytest.mark.parametrize("backend", ["bwrap"], indirect=True)
def test_bench_prints_its_figures(backend: Name) -> None:
    done = type_in("bench", "--backend", backend, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["parallel_20_ok"] is True and said["rounds"] == 50
    assert all(said[name] > 0 for name in _FIGURES)


@pytest.mark.parametrize("backend", ["docker"], indirect=True)
def test_bench_measures_containers(backend: Name, tmp_path: Path) -> None:
    found = measure(Room(tmp_path, backend, IMAGE), rounds=3, flood_gb=0.2)
    assert found["flood_gb"] == 0.2 and found["flood_kept_bytes"] == 2 << 20
    assert found["parallel_20_ok"] is True
    assert all(isinstance(found[name], float) for name in _FIGURES)


def test_a_bench_says_that_not_all_of_a_crowd_could_be_opened(tmp_path: Path) -> None:
    (tmp_path / "crowd-7").mkdir()
    (tmp_path / "crowd-7" / "thesis.tex").write_text("in the way")
    found = crowd(Room(tmp_path, "none", IMAGE))
    assert found["parallel_20_ok"] is False
    assert "crowd-7' holds files" in str(found["parallel_20_fault"])


def test_an_unknown_command_names_those_that_there_are() -> None:
    done = type_in("chek")
    assert done.returncode == 2
    assert "check" in done.stderr

"""Whose things are judged, and who counts as dead, where `/proc` hides the processes of other users."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import cast

import docker
import pytest

from sandbox import cgroup, reaper
from sandbox.backends.engine import Engine
from sandbox.cgroup import Place
from sandbox.driver import processes

PROJECT = Path(__file__).parents[2]
# Root becomes somebody else, to whom process 1 is a stranger. What `hidepid` hides reads as nothing.
STRANGER = """
import json, os, sys
from sandbox import reaper
from sandbox.driver import processes
if os.geteuid() == 0:
    os.setgroups([]); os.setuid(65534)
labels = reaper.labels("theirs")
visible = processes.lives(1, processes.read(1).started), processes.lives(1, 123456789)
processes.read = lambda pid: None
print(json.dumps([labels, *visible, processes.lives(1, 0), processes.lives(2**22 + 1, 0)]))
"""


class Daemon:
    """What the SDK's client says of containers, and what it is told."""

    def __init__(self, labels: dict[str, dict[str, str]]) -> None:
        self.labels = labels

    def containers(self, **asked: object) -> list[dict[str, object]]:
        return [{"Id": name, "Labels": labels} for name, labels in self.labels.items()]


def judged_dead(labels: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The containers that the reaper would remove."""
    engine = Engine(cast("docker.APIClient", Daemon(labels)))
    monkeypatch.setenv("DOCKER_HOST", "tcp://nowhere")
    removed: list[str] = []

    def remove(container: str) -> bool:
        removed.append(container)
        return True

    monkeypatch.setattr(engine, "remove", remove)
    assert [found.id for found in reaper.reap(engine)] == removed
    return removed


def test_a_hidden_process_of_another_user_lives_and_its_containers_are_not_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    argv = (sys.executable, "-c", STRANGER)
    done = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=PROJECT)
    theirs, *lives = json.loads(done.stdout)
    assert lives == [True, False, True, False]
    mine = reaper.labels("mine")
    dead = mine | {reaper.PROCESS: theirs[reaper.PROCESS]}
    found = {"living": mine, "dead": dead}
    if os.geteuid() == 0:
        found["theirs"] = theirs
    assert judged_dead(found, monkeypatch) == ["dead"]


def test_a_label_that_names_no_process_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = reaper.labels("mine")
    for owner in ("", "nonsense", "1", "\u0663 4", f"{10**30} 4", f"{os.getpid()} dead"):
        assert judged_dead({"odd": mine | {reaper.PROCESS: owner}}, monkeypatch) == []


def test_the_group_of_a_hidden_process_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = tmp_path / f"mle-{os.getppid()}-5-00000000"
    gone = tmp_path / f"mle-{2**22 + 1}-5-00000000"

    def denied(pid: int, number: int) -> None:
        raise PermissionError if pid == os.getppid() else ProcessLookupError

    monkeypatch.setattr(processes, "read", lambda pid: None)  # pyright: ignore[reportUnknownArgumentType, reportUnknownLambdaType]
    monkeypatch.setattr(os, "kill", denied)
    hidden.mkdir()
    gone.mkdir()
    cgroup.remove_dead([Place(tmp_path, frozenset(), 2)])
    assert hidden.exists() and not gone.exists()

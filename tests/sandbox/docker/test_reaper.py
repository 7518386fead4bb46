"""Whose containers are removed, and whose never are."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sandbox import reaper
from sandbox.backends.engine import Engine
from sandbox.commands.reap import app
from sandbox.spec import SandboxSpec
from tests.sandbox.docker.support import containers_of, eventually, remove
from tests.sandbox.support import IMAGE, Open

PROJECT = Path(__file__).parents[3]
HOST = {"network_mode": "none"}
SLEEPER = {"entrypoint": ["sleep", "1000"]}


@pytest.fixture
def engine(spec: SandboxSpec) -> Iterator[Engine]:
    engine = Engine.connect()
    yield engine
    for left in containers_of(spec.owner):
        remove(left)
    engine.close()


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A place of its own for each test: others that run at the same time reap, too."""
    place = f"here {tmp_path}"
    monkeypatch.setattr(reaper, "_place", lambda: place)
    return place


def dead_labels(run: str) -> dict[str, str]:
    """The labels of a process that has ended."""
    code = "import json, sys\nfrom sandbox.reaper import labels\nprint(json.dumps(labels(sys.argv[1])))"
    done = subprocess.run(
        (sys.executable, "-c", code, run), capture_output=True, text=True, check=True, cwd=PROJECT
    )
    return json.loads(done.stdout) | {reaper.PLACE: reaper.labels("")[reaper.PLACE]}


def reap_command() -> str:
    done = CliRunner().invoke(app, [])
    assert done.exit_code == 0
    return done.output


def test_containers_of_the_dead_are_removed_and_it_is_said_whose(engine: Engine, spec: SandboxSpec) -> None:
    labels = dead_labels(spec.owner)
    created = engine.create(IMAGE, HOST, labels=labels, **SLEEPER)
    running = engine.create(IMAGE, HOST, labels=labels, **SLEEPER)
    engine.start(running)
    said = reap_command()
    assert f"removed {created[:12]} of {spec.owner}" in said and f"removed {running[:12]}" in said
    assert containers_of(spec.owner) == []
    assert "nothing to remove" in reap_command()


def test_sandboxes_of_the_living_and_containers_of_others_are_left_alone(
    engine: Engine, start: Open, spec: SandboxSpec
) -> None:
    start()
    mine = containers_of(spec.owner)
    labels = dead_labels(spec.owner)
    others = [
        {reaper.RUN: spec.owner},
        labels | {reaper.PLACE: "another boot of this machine, or another machine"},
        labels | {reaper.PROCESS: "nonsense"},
        labels | {reaper.PROCESS: ""},
    ]
    strangers = [engine.create(IMAGE, HOST, labels=other, **SLEEPER) for other in others]
    reap_command()
    assert sorted(containers_of(spec.owner)) == sorted([*mine, *strangers])


def test_a_number_that_another_process_has_now_is_not_its_owner(engine: Engine, spec: SandboxSpec) -> None:
    reused = reaper.labels(spec.owner) | {reaper.PROCESS: f"{os.getpid()} 1"}
    made = engine.create(IMAGE, HOST, labels=reused, **SLEEPER)
    assert made in [reaped.id for reaped in reaper.reap(engine)]


def test_each_start_reaps_but_not_oftener_than_once_a_minute(
    engine: Engine, start: Open, spec: SandboxSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaper, "_last", -1e9)
    made = engine.create(IMAGE, HOST, labels=dead_labels(spec.owner), **SLEEPER)
    start().close()
    assert made not in containers_of(spec.owner)
    made = engine.create(IMAGE, HOST, labels=dead_labels(spec.owner), **SLEEPER)
    start().close()
    assert eventually(lambda: containers_of(spec.owner) == [made])  # ours goes by itself

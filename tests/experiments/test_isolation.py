"""Which isolation a plan gives to whose code, and what it refuses."""

import threading
from pathlib import Path

import pytest

from experiments.plan import plan
from experiments.state import RunState
from sandbox.backends import engine
from sandbox.protocols import SYSTEM_CALLS
from scaffolds.runtime import events as ev
from scaffolds.runtime.events import Event
from tests.conftest import sweep_of


def refusals(data_dir: Path, **changes: object) -> list[str]:
    return [found.what for found in plan(sweep_of(**changes), data_dir).problems if found.kind == "sandbox"]


FOREIGN = {"models": ["openai/gpt-4o-2024-08-06"]}


def test_code_that_nobody_has_read_needs_isolation(data_dir: Path) -> None:
    (what,) = refusals(data_dir, backend="none", **FOREIGN)
    assert "Use `backend: auto`" in what
    assert not refusals(data_dir, backend="none")


def test_bubblewrap_with_an_open_network_is_for_our_own_models(data_dir: Path) -> None:
    (what,) = refusals(data_dir, backend="bwrap", network="open", **FOREIGN)
    assert "backend: docker" in what
    assert not refusals(data_dir, backend="bwrap", network="open")
    assert not refusals(data_dir, backend="bwrap", **FOREIGN)


def test_a_missing_image_is_named_with_the_command_that_builds_it(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (what,) = refusals(data_dir, backend="docker", image="mle-sandbox:no-such", **FOREIGN)
    assert "mle-sandbox:no-such" in what and "python -m sandbox build-image" in what
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    monkeypatch.setattr(engine, "_answered", threading.Event())  # one that answered is waited for
    (what,) = refusals(data_dir, backend="docker", **FOREIGN)
    assert "Docker" in what
    assert not refusals(data_dir, backend="auto", **FOREIGN)


def test_a_table_says_where_no_system_call_was_refused() -> None:
    state = RunState()
    for facts in ({"backend": "bwrap", SYSTEM_CALLS: "not filtered"}, {"backend": "docker"}):
        state.apply(Event(0, 0.0, 0.0, ev.SANDBOX_OPEN, data=facts))
    assert state.backends == ("bwrap (system calls not filtered)", "docker")

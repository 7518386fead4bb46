"""What a sandbox that did not open, or was given up, leaves behind."""

import os
import subprocess
import threading
from pathlib import Path

import pytest

from sandbox.backends.pipe import PipeChannel
from sandbox.errors import SandboxLost, SandboxUnavailable
from sandbox.open import open_sandbox
from sandbox.spec import SandboxSpec
from sandbox.wire import Wire
from tests.sandbox.support import Name


def test_a_sandbox_that_does_not_open_leaves_nothing(
    backend: Name,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if backend == "bwrap":
        program = tmp_path_factory.mktemp("bin") / "bwrap"
        program.write_text("#!/bin/sh\nexit 1\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    if backend == "none":
        monkeypatch.setattr("sandbox.interpreter.driver_python", lambda: "/bin/false")
    with pytest.raises(SandboxUnavailable):
        open_sandbox(SandboxSpec(backend=backend, root=tmp_path / "box", data=data, image="nope"))
    assert [path.name for path in tmp_path.iterdir()] == [data.name]


def test_a_call_says_why_its_sandbox_was_given_up(tmp_path: Path) -> None:
    process = subprocess.Popen(["/bin/sleep", "60"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    wire = Wire(PipeChannel(process, tmp_path / "errors"))
    giver = threading.Timer(0.3, wire.lose, ("it took too much",))
    giver.start()
    for _ in range(2):
        with pytest.raises(SandboxLost, match="it took too much"):
            wire.ask("shell", {}, timeout=60)

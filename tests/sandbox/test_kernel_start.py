"""Kernels that have it hard to start."""

import time
from pathlib import Path

import pytest

from sandbox.errors import PathRefused
from sandbox.protocols import Sandbox
from tests.sandbox.support import Open, out


def test_a_kernel_starts_without_the_code_folder(box: Sandbox) -> None:
    box.shell("rm -rf ~/code", timeout=60)
    assert out(box.python("import os; print(os.getcwd())", timeout=60)) == f"{box.layout.home}\n"


def test_a_kernel_that_does_not_start_takes_little_of_what_a_run_has_not(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexec sleep 1000\n")
    python.chmod(0o755)
    monkeypatch.setattr("sandbox.interpreter.script_python", lambda: str(python))
    box = opened("none")
    began = time.monotonic()
    with pytest.raises(PathRefused, match="does not start"):
        box.python("1 + 1", timeout=1)
    assert time.monotonic() - began < 40  # it may take 50 s where there is time
    assert out(box.shell("echo fine", timeout=60)) == "fine\n"

"""What a run gets of a machine, and what its sandboxes are held to."""

import contextlib
import os
from pathlib import Path

import pytest

from benchmark.guard import Guard
from experiments.build import build_world
from experiments.cell import Cell
from experiments.hardware import needed
from experiments.means import Means, means, means_alone
from experiments.plan import plan
from sandbox.backends.docker import cards_fault
from sandbox.hardware import Hardware
from sandbox.machine import Gpu, Machine
from sandbox.portion import WHOLE
from scaffolds.errors import UserError
from tests.conftest import sweep_of
from tests.requires import require, require_image
from tests.sandbox.support import IMAGE

A10 = Gpu(0, "GPU-a", "NVIDIA A10", 24.0)
H200 = Gpu(1, "GPU-b", "NVIDIA H200", 140.0)
PAPER = Hardware(name="1xA10", cores=36, memory_gb=440, gpus=1, gpu="A10 24GB")


@pytest.fixture
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with two cards."""
    program = tmp_path / "nvidia-smi"
    lines = "0, GPU-aa, NVIDIA A10, 23028\\n1, GPU-ab, NVIDIA A10, 23028\\n"
    program.write_text(f"#!/bin/sh\nprintf '{lines}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


def cell(data_dir: Path, **changes: object) -> Cell:
    (made,) = plan(sweep_of(**changes), data_dir).cells()
    return made


def test_a_promise_is_kept_and_equal_parts_leave_the_machine_some() -> None:
    machine = Machine(64, 880.0, (A10, H200))
    assert means(PAPER, machine, 2, [A10]) == Means(
        cores=36, memory_gb=440, gpus=("GPU-a",), cards=("NVIDIA A10",)
    )
    host = means(Hardware(name="host", gpus="all"), machine, 4, [])
    assert host.cores is None
    assert host.memory_gb is not None
    assert 0.95 * 880 < 4 * host.memory_gb < 880
    whole = means(PAPER, Machine(36, 433.0, (A10,)), 1, [A10])
    assert whole.memory_gb is not None
    assert whole.memory_gb < 433


def test_other_cards_are_asked_for_only_where_the_kind_is_missing() -> None:
    assert needed(PAPER, Machine(36, 440.0, (A10,)), other_gpu=True) == PAPER
    assert needed(PAPER, Machine(36, 440.0, (H200,)), other_gpu=False) == PAPER
    assert needed(PAPER, Machine(36, 440.0, (H200,)), other_gpu=True).gpu is None
    assert needed(Hardware(name="cpu"), Machine(1, 1.0), other_gpu=True) == Hardware(name="cpu")


@pytest.mark.usefixtures("smi")
@pytest.mark.parametrize(
    ("visible", "gpus"),
    [
        (None, ("GPU-aa", "GPU-ab")),
        ("", ()),
        ("1", ("GPU-ab",)),
        ("GPU-ab", ("GPU-ab",)),
        ("GPU-a", ("GPU-aa", "GPU-ab")),
        ("7,nonsense", ()),
    ],
)
def test_a_cell_by_itself_gets_what_is_visible(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, visible: str | None, gpus: tuple[str, ...]
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert means_alone(cell(data_dir, hardware=["host"], backend="none")).gpus == gpus
    assert means_alone(cell(data_dir, hardware=["cpu"], backend="none")).gpus == ()


def test_a_cell_by_itself_is_refused_where_it_does_not_fit(data_dir: Path) -> None:
    wanting = cell(data_dir).model_copy(update={"hardware": Hardware(name="huge", cores=10_000)})
    with pytest.raises(UserError, match="'huge' is more than this machine has: 10000 cores; here:"):
        means_alone(wanting)


@pytest.mark.usefixtures("smi")
def test_a_plan_says_where_bwrap_has_no_device_to_pass_on(data_dir: Path) -> None:
    require("bwrap", "apt-get install bubblewrap")
    if Path("/dev/nvidiactl").exists():
        pytest.skip("this machine has the devices of a GPU")
    found = plan(sweep_of(hardware=["host"], backend="bwrap"), data_dir).problems
    assert [(problem.kind, problem.fix) for problem in found] == [("sandbox", "nvidia-modprobe -u -c=0")]
    assert plan(sweep_of(hardware=["cpu"], backend="bwrap"), data_dir).problems == ()


def test_a_runs_sandboxes_are_held_to_its_means(data_dir: Path, tmp_path: Path) -> None:
    part = Means(memory_gb=0.2, gpus=("GPU-aa",), cards=("NVIDIA A10",))
    with Guard() as guard:
        world = build_world(cell(data_dir, backend="none"), tmp_path / "run", guard, part)
        with contextlib.closing(world.open_sandbox("main", None, WHOLE)) as box:
            seen = box.shell("echo $CUDA_VISIBLE_DEVICES", timeout=60)
            assert seen.stdout.head == b"GPU-aa\n"
            filled = box.shell(
                "python3 -c 'import time; x = bytearray(400 << 20); time.sleep(60)'", timeout=60
            )
            assert any("0.2 GB" in note for note in filled.notes)


@pytest.mark.usefixtures("smi")
def test_a_plan_says_where_docker_gives_no_cards(data_dir: Path) -> None:
    require_image(IMAGE)
    fault = cards_fault()  # on a machine with the toolkit there is none
    for hardware, expected in (("host", [fault] if fault else []), ("cpu", [])):
        found = plan(sweep_of(hardware=[hardware], backend="docker", image=IMAGE), data_dir).problems
        assert [problem.what for problem in found] == expected

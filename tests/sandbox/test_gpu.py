"""Which graphics cards a sandbox sees: the device files of its own, and no others."""

import contextlib
import os
from pathlib import Path
from typing import NamedTuple

import pytest

from sandbox.backends.bwrap import Bwrap
from sandbox.errors import SandboxUnavailable
from sandbox.gpu import device_names
from sandbox.machine import Machine
from sandbox.open import open_on, open_sandbox
from sandbox.spec import SandboxSpec
from tests.sandbox.support import IMAGE, Name, Open, out


class Fake(NamedTuple):
    """A machine with two cards, whose devices are ordinary files."""

    root: Path

    def names_card(self, number: int, minor: int) -> None:
        """Have the kernel's driver say which device file a card has."""
        folder = self.root / f"proc/driver/nvidia/gpus/0000:0{number}:00.0"
        folder.mkdir(parents=True)
        (folder / "information").write_text(
            f"Model: \t\t NVIDIA A10\nGPU UUID: \t GPU-{number}\nDevice Minor: \t {minor}\n"
        )


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    dev = tmp_path / "machine/dev"
    dev.mkdir(parents=True)
    for name in ("nvidiactl", "nvidia-uvm", "nvidia-modeset", "nvidia0", "nvidia1"):
        (dev / name).write_text(name)
    return Fake(tmp_path / "machine")


@pytest.mark.usefixtures("bwrap")
def test_a_sandbox_has_the_devices_of_its_cards_alone(fake: Fake, tmp_path: Path, data: Path) -> None:
    fake.names_card(0, 1)
    fake.names_card(1, 0)
    spec = SandboxSpec(root=tmp_path / "box", data=data, gpus=("GPU-0",))
    with contextlib.closing(open_on(Bwrap(fake.root), spec)) as box:
        seen = box.shell(
            "cat /dev/nvidia1; echo; ls /dev | grep nvidia; echo $CUDA_VISIBLE_DEVICES", timeout=60
        )
        assert out(seen).split() == [
            "nvidia1", "nvidia-modeset", "nvidia-uvm", "nvidia1", "nvidiactl", "GPU-0",
        ]  # fmt: skip
        made = box.shell("mknod /dev/nvidia0 c 195 0 || touch /dev/nvidia0", timeout=60)
        assert made.exit_code != 0


def test_without_cards_none_is_seen(opened: Open, backend: Name) -> None:
    box = opened(backend)
    seen = box.shell('echo "$CUDA_VISIBLE_DEVICES,$NVIDIA_VISIBLE_DEVICES"', timeout=60)
    assert out(seen) == ",void\n"


def test_a_card_that_sleeps_is_known_by_its_place_in_the_list(
    fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    smi = tmp_path / "nvidia-smi"
    smi.write_text("#!/bin/sh\nprintf '0, GPU-a, NVIDIA A10, 23028\\n1, GPU-b, NVIDIA A10, 23028\\n'\n")
    smi.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert device_names(["GPU-b"], fake.root) == ["nvidiactl", "nvidia-uvm", "nvidia1", "nvidia-modeset"]
    with pytest.raises(SandboxUnavailable, match="no graphics card 'GPU-c'; see: nvidia-smi -L"):
        device_names(["GPU-c"], fake.root)
    (fake.root / "dev/nvidia-uvm").unlink()
    with pytest.raises(
        SandboxUnavailable, match="/dev/nvidia-uvm is missing; make it with: nvidia-modprobe -u"
    ):
        device_names(["GPU-b"], fake.root)


@pytest.mark.gpu
@pytest.mark.parametrize("backend", ["docker", "bwrap"], indirect=True)
def test_a_real_card_computes_and_others_are_not_there(backend: Name, tmp_path: Path, data: Path) -> None:
    cards = Machine.here().gpus
    if not cards:
        pytest.skip("this machine has no NVIDIA GPU")
    spec = SandboxSpec(backend=backend, image=IMAGE, root=tmp_path / "box", data=data, gpus=(cards[-1].uuid,))
    with contextlib.closing(open_sandbox(spec)) as box:
        listed = box.shell("nvidia-smi -L", timeout=60)
        assert out(listed).count("UUID") == 1
        assert cards[-1].uuid in out(listed)
        code = (
            "import ctypes\n"
            "cuda = ctypes.CDLL('libcuda.so.1')\n"
            "count, pointer = ctypes.c_int(), ctypes.c_void_p()\n"
            "context, device = ctypes.c_void_p(), ctypes.c_int()\n"
            "assert cuda.cuInit(0) == 0\n"
            "assert cuda.cuDeviceGetCount(ctypes.byref(count)) == 0\n"
            "assert cuda.cuDeviceGet(ctypes.byref(device), 0) == 0\n"
            "assert cuda.cuCtxCreate_v2(ctypes.byref(context), 0, device) == 0\n"
            "assert cuda.cuMemAlloc_v2(ctypes.byref(pointer), ctypes.c_size_t(1 << 20)) == 0\n"
            "print(count.value)\n"
        )
        done = box.run_script(code, directory="card", env={}, timeout=120)
        assert out(done) == "1\n"
    spec = SandboxSpec(backend=backend, image=IMAGE, root=tmp_path / "box", data=data)
    with contextlib.closing(open_sandbox(spec)) as box:
        assert box.shell("nvidia-smi -L", timeout=60).exit_code != 0

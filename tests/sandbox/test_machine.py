"""What a machine has, as real programs and kernel files tell it, and what it can give."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.hardware import Hardware
from sandbox.machine import Bounds, Gpu, Machine, cgroup_bounds, is_kind

A10 = Gpu(0, "GPU-a", "NVIDIA A10", 24.0)
A10_TOO = Gpu(1, "GPU-b", "NVIDIA A10", 24.0)
T4 = Gpu(2, "GPU-c", "Tesla T4", 15.0)
PAPER = Machine(36, 433.1, (A10, A10_TOO))
ONE_A10 = Hardware(name="1xA10", cores=36, memory_gb=440, gpus=1, gpu="A10 24GB")
EVERYTHING = Hardware(name="host", gpus="all")

Smi = Callable[..., None]
WORDS = [
    "0",
    "GPU-a",
    "GPU-b",
    ", ",
    ", ",
    ", ",
    "\n",
    "NVIDIA A10",
    "23028",
    "[N/A]",
    "9" * 5000,
    "²",
    "nan",
]


@pytest.fixture
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Smi:
    """Puts an `nvidia-smi` on PATH that gives one answer to the one right question."""

    def install(answer: str, status: int = 0) -> None:
        program = tmp_path / "nvidia-smi"
        (tmp_path / "answer").write_text(answer)
        program.write_text(
            "#!/bin/sh\n"
            '[ "$*" = "--query-gpu=index,uuid,name,memory.total --format=csv,noheader,nounits" ] || exit 9\n'
            f"cat '{tmp_path}/answer'\n"
            f"exit {status}\n"
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    return install


def test_cards_are_what_nvidia_smi_lists(smi: Smi) -> None:
    smi("1, GPU-b1-2, Tesla T4, 15360\n0, GPU-a1-2, NVIDIA A10, 23028\n")
    machine = Machine.here()
    assert machine.gpus == (
        Gpu(0, "GPU-a1-2", "NVIDIA A10", 23028 / 1024),
        Gpu(1, "GPU-b1-2", "Tesla T4", 15.0),
    )
    assert machine.gpu_fault == ""


def test_lines_that_are_no_cards_count_for_nothing(smi: Smi) -> None:
    smi(
        "WARNING: infoROM is corrupted at gpu 0000:00:1E.0, says the driver, twice\n"
        "\n, , ,\n0, GPU-a, NVIDIA GB10, [N/A]\n0, GPU-a, NVIDIA GB10, [N/A]\n"
        "1, two words, NVIDIA A10, 1024\n2, GPU-c\n3, GPU-d, A, comma, 2048\n"
    )
    assert Machine.here().gpus == (Gpu(0, "GPU-a", "NVIDIA GB10", None), Gpu(3, "GPU-d", "A, comma", 2.0))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.sampled_from(WORDS) | st.text(st.characters(codec="utf-8"), max_size=3)).map("".join))
def test_no_answer_of_nvidia_smi_is_fatal(smi: Smi, text: str) -> None:
    smi(text)
    machine = Machine.here()
    assert len({card.uuid for card in machine.gpus}) == len(machine.gpus)
    assert machine.words(EVERYTHING).count("GPU") > 0


def test_a_failing_nvidia_smi_means_no_gpu_and_says_so(smi: Smi) -> None:
    smi("Failed to initialize NVML: Driver/library version mismatch\x1b[2J\n", status=18)
    machine = Machine.here()
    fault = "nvidia-smi: Failed to initialize NVML: Driver/library version mismatch"
    assert (machine.gpus, machine.gpu_fault) == ((), fault)
    assert machine.lacks(Hardware(name="one", gpus=1)) == [f"1 GPU; here: none ({fault})"]


def test_a_program_that_cannot_be_run_means_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nvidia-smi").write_bytes(b"\x7fELF, or so it seems")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    machine = Machine.here()
    assert machine.gpus == ()
    assert machine.gpu_fault.startswith("nvidia-smi: ")


def test_without_nvidia_smi_there_is_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    machine = Machine.here()
    assert (machine.gpus, machine.gpu_fault) == ((), "")
    assert 1 <= machine.cores <= len(os.sched_getaffinity(0))
    assert machine.memory_gb > 0


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("NVIDIA A10", True),
        ("a10", True),
        ("NVIDIA A10-24Q", True),
        ("NVIDIA A10G", False),
        ("NVIDIA A100-SXM4-40GB", False),
        ("NVIDIA RTX A1000", False),
        ("Tesla T4", False),
    ],
)
def test_a_kind_is_a_whole_word_of_the_name(name: str, same: bool) -> None:
    card = Gpu(0, "GPU-a", name, 24.0)
    assert card.is_kind("A10") is same
    assert card.is_kind(None)


@pytest.mark.parametrize(
    ("name", "memory_gb", "same"),
    [
        ("NVIDIA A10", 23028 / 1024, True),
        ("NVIDIA A10-24Q", 24512 / 1024, True),
        ("NVIDIA A10-4Q", 4.0, False),
        ("NVIDIA A10-12C", 12.0, False),
        ("NVIDIA A10", None, False),
        ("NVIDIA A100-SXM4-40GB", 40.0, False),
    ],
)
def test_a_kind_may_ask_for_memory(name: str, memory_gb: float | None, same: bool) -> None:
    machine = Machine(36, 440, (Gpu(0, "GPU-a", name, memory_gb),))
    assert (machine.lacks(ONE_A10) == []) is same
    assert len(machine.cards("a10 24 gb")) == same
    assert machine.cards("NVIDIA") == machine.gpus
    assert is_kind(name, "A10 24GB") is (same or memory_gb is None)  # of a name alone, not all can be said


def test_the_machine_of_the_paper_gives_its_profiles() -> None:
    assert PAPER.lacks(ONE_A10) == []
    assert PAPER.lacks(ONE_A10.model_copy(update={"gpus": 2})) == []
    assert PAPER.words(ONE_A10) == "36 CPU cores, 440 GB of memory, one NVIDIA A10 GPU with 24 GB"
    assert PAPER.words(ONE_A10.model_copy(update={"gpus": 2})).endswith(
        ", two NVIDIA A10 GPUs with 24 GB each"
    )


def test_what_is_lacking_is_said_with_both_figures() -> None:
    small = Machine(2, 7.75)
    assert small.lacks(ONE_A10) == [
        "36 cores; here: 2",
        "440 GB of memory; here: 8 GB",
        "1 GPU of kind 'A10 24GB'; here: none",
    ]
    other = Machine(36, 440, (A10, T4))
    assert other.lacks(ONE_A10.model_copy(update={"gpus": 2})) == [
        "2 GPUs of kind 'A10 24GB'; here: 1 NVIDIA A10, 1 Tesla T4"
    ]
    assert small.lacks(EVERYTHING) == []


def test_agents_are_told_what_they_get() -> None:
    machine = Machine(4, 15.6, (A10, T4))
    assert Machine(2, 7.75).words(EVERYTHING) == "2 CPU cores, 8 GB of memory, no GPU"
    assert Machine(1, 0.4).words(EVERYTHING) == "1 CPU core, 1 GB of memory, no GPU"
    assert machine.words(Hardware(name="cpu")) == "4 CPU cores, 16 GB of memory, no GPU"
    assert machine.words(EVERYTHING) == (
        "4 CPU cores, 16 GB of memory, one NVIDIA A10 GPU with 24 GB and one NVIDIA Tesla T4 GPU with 15 GB"
    )
    assert machine.words(EVERYTHING, parallel=2) == (
        "2 CPU cores, 8 GB of memory, one NVIDIA A10 GPU with 24 GB"
    )
    unsaid = Machine(4, 15.6, (Gpu(0, "GPU-a", "NVIDIA GB10", None),) * 12)
    assert unsaid.words(EVERYTHING).endswith(", 12 NVIDIA GB10 GPUs")


@given(st.integers(1, 200), st.floats(0.5, 4000), st.integers(0, 16), st.integers(1, 64))
def test_equal_shares_make_up_the_machine(cores: int, memory_gb: float, cards: int, parallel: int) -> None:
    machine = Machine(cores, memory_gb, tuple(Gpu(n, f"GPU-{n}", "NVIDIA A10", 24.0) for n in range(cards)))
    share = machine.share(EVERYTHING, parallel)
    assert share.cores * parallel == pytest.approx(cores)
    assert share.memory_gb * parallel == pytest.approx(memory_gb)
    assert share.gpus >= min(cards, 1)
    assert share.gpus * parallel <= cards or share.gpus == 1
    assert machine.share(Hardware(name="cpu"), parallel).gpus == 0


def test_a_share_with_figures_does_not_depend_on_others() -> None:
    assert PAPER.share(ONE_A10, parallel=4) == (36, 433.1, 1)
    # More than the machine has stays more, so that nobody is granted less than was asked for.
    assert Machine(36, 100).share(ONE_A10).memory_gb == 440


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{text}\n")


def test_the_narrowest_control_group_bounds(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "proc/self/cgroup": "0::/slice/service",
            "proc/self/mountinfo": "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate",
            "sys/fs/cgroup/slice/service/cpu.max": "400000 100000",
            "sys/fs/cgroup/slice/service/memory.max": "max",
            "sys/fs/cgroup/slice/cpu.max": "150000 100000",
            "sys/fs/cgroup/slice/memory.max": str(3 * 2**30),
            "sys/fs/cgroup/cpu.max": "max 100000",
            "sys/fs/cpu.max": "1 100000",
        },
    )
    assert cgroup_bounds(tmp_path) == Bounds(cores=1.5, memory_gb=3.0)


def test_control_groups_of_version_1_inside_a_container(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            # Without a namespace of its own a container sees its path on the host, mounted at the top.
            "proc/self/cgroup": "5:cpu,cpuacct:/docker/f00\n4:memory:/docker/f00/inner\n1:name=systemd:/x",
            "proc/self/mountinfo": (
                "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
                "32 31 0:29 /docker/f00 /sys/fs/cgroup/cpu ro shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
                "33 31 0:30 /docker/f00 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory"
            ),
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "250000",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": str(2 * 2**30),
            "sys/fs/cgroup/memory/inner/memory.limit_in_bytes": str(8 * 2**30),
        },
    )
    assert cgroup_bounds(tmp_path) == Bounds(cores=2.5, memory_gb=2.0)


@pytest.mark.parametrize("group", ["/../elsewhere", "/", "/not/mounted"])
def test_a_group_outside_of_what_is_mounted_leaves_the_mounted_one(tmp_path: Path, group: str) -> None:
    write(
        tmp_path,
        {
            "proc/self/cgroup": f"0::{group}",
            "proc/self/mountinfo": "30 23 0:26 /mine /cg rw - cgroup2 cgroup2 rw",
            "cg/memory.max": str(2**30),
            "elsewhere/memory.max": "4096",
        },
    )
    assert cgroup_bounds(tmp_path) == Bounds(cores=None, memory_gb=1.0)


def test_no_limits_and_no_groups(tmp_path: Path) -> None:
    assert cgroup_bounds(tmp_path) == Bounds(None, None)
    write(
        tmp_path,
        {
            "proc/self/cgroup": "2:cpu:/",
            "proc/self/mountinfo": "32 31 0:29 / /cpu rw - cgroup cgroup rw,cpu",
            "cpu/cpu.cfs_quota_us": "-1",
            "cpu/cpu.cfs_period_us": "100000",
        },
    )
    assert cgroup_bounds(tmp_path) == Bounds(None, None)

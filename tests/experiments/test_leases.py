"""Claims on a machine, made by real processes that may die at any time."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.leases import Claim, Lease, Leases, claim_of, default_folder
from sandbox.hardware import Hardware
from sandbox.machine import Gpu, Machine
from scaffolds.errors import UserError
from tests.experiments.claimer import SMALL

ONE_CORE = Claim(1, 1, 0)
ROOT = Path(__file__).parent.parent.parent
NOBODY = 65534

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "leases"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts claimers on a machine with two graphics cards; ends them all."""
    smi = tmp_path / "bin" / "nvidia-smi"
    smi.parent.mkdir()
    smi.write_text("#!/bin/sh\nprintf '0, GPU-a, NVIDIA A10, 23028\\n1, GPU-b, NVIDIA A10, 23028\\n'\n")
    smi.chmod(0o755)
    env = os.environ | {"PATH": f"{smi.parent}:{os.environ['PATH']}"}
    processes: list[subprocess.Popen[str]] = []

    def begin(*arguments: object) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "tests.experiments.claimer", *map(str, arguments)]
        pipe = subprocess.PIPE
        processes.append(subprocess.Popen(command, cwd=ROOT, env=env, stdin=pipe, stdout=pipe, text=True))
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def answer(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def test_no_two_processes_get_the_same_card(folder: Path, start: Start) -> None:
    holders = [start("hold", folder, 0, 1) for _ in range(3)]
    got = [answer(holder)["gpus"] for holder in holders]
    assert sorted(got, key=str) == [None, ["GPU-a"], ["GPU-b"]]
    held = Leases(folder, SMALL).holders()
    assert {(*claim.gpus, claim.pid) for claim in held} == {
        (*gpus, holder.pid) for gpus, holder in zip(got, holders, strict=True) if gpus
    }


def test_a_claim_ends_with_its_holder_however_it_dies(folder: Path, start: Start) -> None:
    leases = Leases(folder, SMALL)
    for end in (signal.SIGKILL, signal.SIGTERM):
        holder = start("hold", folder, 0, 2)
        assert answer(holder)["gpus"] == ["GPU-a", "GPU-b"]
        assert leases.take(Claim(0, 0, 1), "too early") is None
        holder.send_signal(end)
        holder.wait()
        assert leases.holders() == []
        with leases.take(Claim(0, 0, 2), "the next") or nothing_free() as lease:
            assert [card.uuid for card in lease.gpus] == ["GPU-a", "GPU-b"]
    assert list(folder.iterdir()) == []


def test_a_program_that_survives_its_starter_holds_nothing(folder: Path, start: Start) -> None:
    holder = start("hold", folder, 0, 2, "--child")
    child = answer(holder)["child"]
    try:
        holder.kill()
        holder.wait()
        os.kill(child, 0)
        assert Leases(folder, SMALL).take(Claim(0, 0, 2), "the next")
    finally:
        os.kill(child, signal.SIGKILL)


def test_many_processes_never_get_more_than_there_is(folder: Path, tmp_path: Path, start: Start) -> None:
    ledger = tmp_path / "ledger.json"
    ledger.write_text("{}")
    hammers = [start("hammer", folder, ledger, 25, seed) for seed in range(8)]
    assert [hammer.wait() for hammer in hammers] == [0] * 8
    assert all(abs(amount) < 1e-3 for amount in json.loads(ledger.read_text()).values())
    assert list(folder.iterdir()) == []


def test_deaths_while_others_hammer(folder: Path, tmp_path: Path, start: Start) -> None:
    ledger = tmp_path / "ledger.json"
    ledger.write_text("{}")
    survivors = [start("hammer", folder, ledger, 25, seed) for seed in range(3)]
    for _ in range(4):
        holder = start("hold", folder, 0.5, 0)
        answer(holder)
        holder.kill()
    assert [hammer.wait() for hammer in survivors] == [0] * 3


CLAIMS = st.builds(
    Claim, st.sampled_from([0, 1 / 3, 1, 3]), st.sampled_from([0, 8 / 3, 8]), st.sampled_from([0, 1, 2])
)


@given(st.lists(CLAIMS | st.integers(0, 9), max_size=30))
def test_a_claim_is_granted_exactly_when_it_fits(steps: list[Claim | int]) -> None:
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        held: list[tuple[Claim, Lease]] = []
        for step in steps:
            if isinstance(step, int):
                for _, lease in held[step : step + 1]:
                    lease.release()
                del held[step : step + 1]
                continue
            lease = Leases(Path(name), SMALL).take(step, "someone")
            wanted = zip((3, 8, 2), step, *(claim for claim, _ in held), strict=True)
            assert (lease is not None) == all(sum(parts) <= whole + 1e-4 for whole, *parts in wanted)
            if lease:
                held.append((step, stack.enter_context(lease)))
        cards = [card.uuid for _, lease in held for card in lease.gpus]
        assert len(cards) == len(set(cards)) == sum(claim.gpus for claim, _ in held)


@pytest.mark.parametrize("parallel", [1, 2, 3, 7, 64])
def test_equal_shares_fill_the_machine_exactly(folder: Path, parallel: int) -> None:
    machine = Machine(1, 0.7)
    claim = claim_of(Hardware(name="host", gpus="all"), machine, parallel)
    leases = Leases(folder, machine)
    taken = [leases.take(claim, f"run {n}") for n in range(parallel + 1)]
    assert all(taken[:-1])
    assert taken[-1] is None
    release(taken[:-1])


def test_profiles_claim_their_figures() -> None:
    machine = Machine(36, 433.0, SMALL.gpus)
    a10 = Hardware(name="1xA10", cores=36, memory_gb=440, gpus=1, gpu="A10")
    assert claim_of(a10, machine, 4) == Claim(36, 433.0, 1)
    assert claim_of(Hardware(name="host", gpus="all"), machine, 4) == Claim(9, 433.0 / 4, 1)
    assert claim_of(Hardware(name="cpu"), machine, 2) == Claim(18, 216.5, 0)


def test_cards_of_another_kind_are_left_to_others(folder: Path) -> None:
    cards = (Gpu(0, "GPU-t", "Tesla T4", 15.0), Gpu(1, "GPU-a", "NVIDIA A10", 24.0))
    leases = Leases(folder, Machine(4, 8, cards))
    first = leases.take(Claim(1, 1, 1), "a", gpu="A10")
    assert first is not None
    assert first.gpus == (cards[1],)
    assert leases.take(Claim(1, 1, 1), "b", gpu="A10") is None
    second = leases.take(Claim(1, 1, 1), "c")
    assert second is not None
    assert second.gpus == (cards[0],)
    release([first, second])


def test_more_than_the_machine_has_is_refused_with_both_figures(folder: Path) -> None:
    with pytest.raises(UserError) as caught:
        Leases(folder, SMALL).take(Claim(36, 440, 3), "a run", gpu="A10")
    assert "36 cores, 440 GB of memory; here: 3 cores, 8 GB of memory" in str(caught.value)
    assert "3 GPUs of kind 'A10'; here: 2 NVIDIA A10" in str(caught.value)


def test_those_who_wait_can_read_for_whom(folder: Path) -> None:
    leases = Leases(folder, SMALL)
    with leases.take(Claim(0.5, 2, 1), "sweep \x1b[31mruns/x\n" + "y" * 300) or nothing_free():
        (held,) = leases.holders()
    words = held.words()
    assert words.startswith("sweep runs/x yyy")
    assert words.endswith(f"y… (process {os.getpid()}): 0.5 cores, 2 GB of memory, 1 GPU")
    assert leases.holders() == []


def test_releasing_twice_harms_nobody(folder: Path) -> None:
    leases = Leases(folder, SMALL)
    first = leases.take(Claim(3, 8, 2), "first") or nothing_free()
    first.release()
    with leases.take(Claim(3, 8, 2), "second") or nothing_free():
        first.release()
        assert [held.owner for held in leases.holders()] == ["second"]


def test_a_cleaned_up_folder_is_made_again(folder: Path) -> None:
    leases = Leases(folder, SMALL)
    lease = leases.take(ONE_CORE, "first") or nothing_free()
    shutil.rmtree(folder)
    lease.release()
    with leases.take(ONE_CORE, "second") or nothing_free():
        assert len(leases.holders()) == 1


WHOLE = json.dumps({"cores": 3, "memory_gb": 8, "gpus": ["GPU-a", "GPU-b"], "owner": "x", "pid": 1}).encode()


def name_of(number: int) -> str:
    return f"{number:032x}.claim"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        WHOLE[:-9],
        b"\xff\0garbage",
        b"[" * 100_000,
        WHOLE.replace(b"3", b"-3"),
        WHOLE.replace(b"8", b"NaN"),
        WHOLE.replace(b"8", b"1e999"),
    ],
)
def test_files_that_are_no_claims_count_for_nothing_even_locked(folder: Path, data: bytes) -> None:
    folder.mkdir()
    (folder / name_of(1)).write_bytes(data)
    with (folder / name_of(1)).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        (Leases(folder, SMALL).take(Claim(3, 8, 2), "a run") or nothing_free()).release()


def test_what_dead_owners_left_is_void_and_removed(folder: Path) -> None:
    folder.mkdir()
    for name in (name_of(1), name_of(2), f"{name_of(3)}.new"):
        (folder / name).write_bytes(WHOLE)
    assert Leases(folder, SMALL).holders() == []
    (Leases(folder, SMALL).take(Claim(3, 8, 2), "a run") or nothing_free()).release()
    assert list(folder.iterdir()) == []


def test_links_and_strange_things_are_not_touched(folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    (tmp_path / "target").write_bytes(WHOLE)
    (tmp_path / "elsewhere").mkdir()
    (folder / name_of(1)).symlink_to(tmp_path / "target")
    (folder / f"{name_of(2)}.new").mkdir()
    (folder / name_of(3)).mkdir()
    os.mkfifo(folder / name_of(4))
    (folder / name_of(5)).symlink_to(tmp_path / "elsewhere")
    (folder / "notes.txt").write_text("mine")
    (folder / "claims").write_bytes(WHOLE)
    before = sorted(folder.iterdir())
    with socket.socket(socket.AF_UNIX) as listener, (tmp_path / "target").open("rb") as target:
        fd = os.open(folder, os.O_RDONLY)
        # A socket's path is short.
        listener.bind(f"/proc/self/fd/{fd}/{name_of(6)}")
        os.close(fd)
        fcntl.flock(target, fcntl.LOCK_EX)
        (Leases(folder, SMALL).take(Claim(3, 8, 2), "a run") or nothing_free()).release()
    assert sorted(folder.iterdir()) == sorted([*before, folder / name_of(6)])


def test_a_stopped_process_in_the_middle_of_a_claim_makes_others_wait_not_hang(folder: Path) -> None:
    leases = Leases(folder, SMALL)
    assert leases.holders() == []
    fd = os.open(folder, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    assert leases.take(ONE_CORE, "a run") is None
    assert leases.holders() == []
    os.close(fd)
    release([leases.take(ONE_CORE, "a run")])


@contextlib.contextmanager
def somebody_else() -> Generator[None]:
    """As another user, where this one may become another."""
    me = os.geteuid()
    if me == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(me)


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that every user reaches, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_users_see_and_respect_each_other(shared: Path) -> None:
    leases = Leases(shared / "leases", SMALL)
    old = os.umask(0o077)
    try:
        mine = leases.take(Claim(1, 1, 1), "mine") or nothing_free()
        with somebody_else():
            theirs = leases.take(Claim(1, 1, 1), "theirs") or nothing_free()
            assert [card.uuid for card in theirs.gpus] == ["GPU-b"]
            assert leases.take(Claim(1, 1, 1), "too much") is None
            assert {held.owner for held in leases.holders()} == {"mine", "theirs"}
    finally:
        os.umask(old)
    assert leases.take(Claim(2, 1, 0), "too much") is None
    release([mine, theirs])


def test_the_dead_of_another_user_stay_and_claim_nothing(shared: Path) -> None:
    leases = Leases(shared / "leases", SMALL)
    assert leases.holders() == []
    (shared / "leases" / name_of(1)).write_bytes(WHOLE)
    with somebody_else():
        release([leases.take(Claim(3, 8, 2), "theirs")])


def test_a_folder_that_cannot_be_written_is_a_clear_error(shared: Path) -> None:
    shared.chmod(0o555)
    with somebody_else(), pytest.raises(UserError) as caught:
        Leases(shared, SMALL).take(ONE_CORE, "a run")
    assert "Permission denied" in str(caught.value)
    assert f"install -d -m 1777 {shared}" in str(caught.value)
    with somebody_else(), pytest.raises(UserError, match="Permission denied"):
        Leases(shared / "below", SMALL).holders()


def test_a_folder_that_is_none_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    for path in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / "link", Path("/proc/none/such")):
        with pytest.raises(UserError, match="must be a folder, not a link"):
            Leases(path, SMALL).take(ONE_CORE, "a run")


def test_the_folder_is_everybodys(folder: Path) -> None:
    assert Leases(folder, SMALL).holders() == []
    assert folder.stat().st_mode & 0o7777 == 0o1777
    assert default_folder().parent == Path(tempfile.gettempdir())


def nothing_free() -> Lease:
    raise AssertionError("what is free was not granted")


def release(leases: "list[Lease | None]") -> None:
    for lease in leases:
        assert lease is not None
        lease.release()

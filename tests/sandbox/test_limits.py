"""Agents that take all the memory, disk and processes there are: a typed end, and the next call works."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import cgroup, usage, watch
from sandbox.backends.bwrap import Bwrap
from sandbox.backends.none import Unisolated
from sandbox.cgroup import Limits, make_group, places
from sandbox.driver import processes
from sandbox.errors import SandboxLost
from sandbox.limits import enforcement
from sandbox.open import open_on, open_sandbox
from sandbox.protocols import Backend, Sandbox
from sandbox.results import Execution
from sandbox.spec import SandboxSpec
from sandbox.usage import DiskLook, memory_bytes, unlinked_bytes
from sandbox.watch import Patience
from tests.sandbox.support import RELAXED, Name, out

ROOT = Path(__file__).parents[2]
MIB = 2**20

Limited = Callable[..., Sandbox]


@pytest.fixture
def limited(tmp_path: Path, data: Path) -> Iterator[Limited]:
    """Opens sandboxes with limits, looked at often unless `look_s` says otherwise."""
    boxes: list[Sandbox] = []

    def start(backend: Name, *, look_s: float = 0.1, **limits: float) -> Sandbox:
        spec = SandboxSpec(backend=backend, root=tmp_path / f"box{len(boxes)}", data=data, **limits)  # pyright: ignore[reportArgumentType] - a mapping of numbers
        boxes.append(open_sandbox(spec, look_s=look_s))
        return boxes[-1]

    yield start
    for box in boxes:
        box.close()


@pytest.fixture
def groups() -> None:
    if not {"memory", "pids"} <= {kind for place in places() for kind in place.controllers}:
        pytest.skip("this user can make no control groups")


def own_groups() -> list[Path]:
    """The control groups that this process has made."""
    return [path for place in places() for path in place.folder.glob(f"mle-{os.getpid()}-*")]


def cgroup_pids() -> set[int]:
    """The processes in them."""
    return {int(pid) for folder in own_groups() for pid in (folder / "cgroup.procs").read_text().split()}


def shell(box: Sandbox, command: str, timeout: float = 60.0) -> Execution:
    return box.shell(command, timeout=timeout)


def works(box: Sandbox) -> bool:
    return out(shell(box, "echo still here")) == "still here\n"


@pytest.mark.usefixtures("groups")
def test_who_takes_too_much_memory_is_killed_and_told(limited: Limited, backend: Name) -> None:
    box = limited(backend, memory_gb=0.2)
    ended = shell(box, "python3 -c 'x = bytearray(400 << 20)'")
    assert ended.exit_code == 137
    assert ended.notes == (
        "A process was killed: all processes together reached the memory limit of 0.2 GB.",
    )
    assert works(box)
    assert shell(box, "true").notes == ()
    script = box.run_script("x = bytearray(400 << 20)", directory="a", env={}, timeout=60)
    assert (script.ended, script.exit_code) == ("signal", -signal.SIGKILL)
    assert len(script.notes) == 1


@pytest.mark.usefixtures("groups")
def test_memory_of_all_processes_and_of_files_in_memory_counts_together(limited: Limited) -> None:
    box = limited("bwrap", memory_gb=0.2)
    many = (
        "for n in 1 2 3 4; do python3 -c 'import time; x = bytearray(80 << 20); time.sleep(1e6)' & done;"
        " wait -n; kill $(jobs -p); wait"
    )
    assert shell(box, many).notes
    filled = shell(box, "head -c 400M /dev/zero >/dev/shm/much")
    assert "No space left on device" in out(filled)
    shell(box, "rm /dev/shm/much")
    filled = shell(box, "head -c 100M /dev/zero >/run/shell/much; rm /run/shell/much")
    assert "No space left on device" in out(filled)
    assert works(box)


def test_processors_are_limited(limited: Limited) -> None:
    if not any("cpu" in place.controllers for place in places()):
        pytest.skip("this user can make no control groups")
    box = limited("bwrap", cores=0.2)
    ended = shell(box, "timeout 1 sh -c 'while :; do :; done'")
    assert ended.cpu_s < 0.5 * ended.wall_s


@pytest.mark.usefixtures("groups")
def test_processes_are_limited() -> None:
    group = make_group(Limits(None, None, 20))
    assert group is not None
    bomb = "for n in $(seq 100); do sleep 1e9 >/dev/null 2>&1 & done"
    done = subprocess.run(group.joining(["sh", "-c", bomb]), capture_output=True, text=True, check=False)
    processes.send(cgroup_pids(), signal.SIGKILL)
    group.remove()
    assert "Cannot fork" in done.stderr or "fork: " in done.stderr
    assert own_groups() == []


@pytest.mark.usefixtures("groups")
def test_a_fork_bomb_without_enough_memory_ends(limited: Limited) -> None:
    box = limited("bwrap", memory_gb=0.2)
    try:
        ended = shell(box, "bomb() { bomb | bomb & }; bomb; sleep 1e9", timeout=20)
    except SandboxLost as lost:  # the driver is a process like the others to the kernel
        assert "reached the memory limit" in str(lost)
        box = limited("bwrap", memory_gb=0.2)
    else:
        assert ended.notes
    assert works(box)


def test_who_fills_the_disk_is_stopped_and_can_clean_up(limited: Limited, backend: Name) -> None:
    box = limited(backend, disk_gb=0.05)
    fill = "mkdir -p ~/full; for n in $(seq 999); do head -c 4M /dev/zero >~/full/$n; sleep 0.05; done"
    ended = shell(box, fill)
    assert ended.ended == "signal"
    note = ended.notes[0]
    assert note.startswith("All processes were ended: the files in the home folder and the temporary folder")
    assert note.endswith("the limit is 0.05 GB. Remove some.")
    assert shell(box, "rm -rf ~/full; ls ~").exit_code == 0
    time.sleep(0.5)
    assert works(box)


def test_one_file_is_never_larger_than_all_may_be(limited: Limited, backend: Name) -> None:
    box = limited(backend, look_s=1000, disk_gb=0.05)  # who looks finds as much as there may be, and ends all
    ended = shell(box, "head -c 200M /dev/zero >~/large")
    assert ended.exit_code == 128 + signal.SIGXFSZ
    assert "File size limit exceeded" in out(ended)
    assert out(shell(box, "stat -c %s ~/large; rm ~/large")) == f"{round(0.05 * 2**30)}\n"
    assert works(box)


def test_files_without_a_name_count(limited: Limited, backend: Name) -> None:
    box = limited(backend, disk_gb=0.05)
    hidden = """
import os, time
held = []
for n in range(1000):
    file = open(f"hidden{n}", "wb")
    os.unlink(f"hidden{n}")
    file.write(bytes(4 << 20))
    file.flush()
    held.append(file)
    time.sleep(0.05)
"""
    ended = box.run_script(hidden, directory="a", env={}, timeout=60)
    assert ended.ended == "signal"
    assert "the limit is 0.05 GB" in ended.notes[0]
    assert works(box)


def test_files_without_content_count(limited: Limited) -> None:
    box = limited("bwrap", disk_gb=0.01)
    source = "import time\nfor n in range(10**6):\n    open(f'{n}', 'w').close()\n    time.sleep(1e-4)"
    ended = box.run_script(source, directory="a", env={}, timeout=60)
    assert "the limit is 0.01 GB" in ended.notes[0]
    assert shell(box, "rm -r a").exit_code == 0
    assert works(box)


@pytest.mark.parametrize("how", ["named", "mapped", "in flight"])
def test_who_grows_out_of_sight_on_a_full_disk_is_stopped(
    limited: Limited, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "_RESERVE_BYTES", 2**62)
    monkeypatch.setattr(usage, "_RESERVE_SHARE", 1.0)
    box = limited("bwrap")
    source = """
import ctypes, os, socket, sys, time
libc, (one, other), how = ctypes.CDLL(None), socket.socketpair(), os.environ["HOW"]
for n in range(100):
    with open(f"{n}", "wb+") as file:
        file.write(bytes(8 << 20))
        file.flush()
        if how != "named":
            os.unlink(f"{n}")
        if how == "mapped":
            libc.mmap(None, 4096, 1, 2, file.fileno(), ctypes.c_long(0))
        elif how == "in flight":
            socket.send_fds(one, [b"x"], [file.fileno()])
    time.sleep(0.1)
"""
    ended = box.run_script(source, directory="a", env={"HOW": how}, timeout=60)
    assert ended.ended == "signal"
    assert "the disk of this machine is nearly full" in ended.notes[0]
    assert works(box)


def test_who_opens_so_much_that_nobody_can_look_at_it_is_stopped(
    limited: Limited, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_DESCRIPTORS", 3000)
    box = limited("bwrap")
    source = "import os, time\nheld = [os.dup(1) for _ in range(900)]\n"
    ended = box.run_script(
        f"{source}for _ in range(3): os.fork()\ntime.sleep(1e6)", directory="a", env={}, timeout=60
    )
    assert "descriptors open" in ended.notes[0]
    assert works(box)


def test_room_is_looked_at_while_files_are_still_being_counted(
    limited: Limited, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "_RESERVE_BYTES", 2**62)
    monkeypatch.setattr(usage, "_RESERVE_SHARE", 1.0)

    def never(look: DiskLook) -> bool:
        return False

    monkeypatch.setattr(DiskLook, "done", never)  # as of ten million files
    box = limited("bwrap")
    ended = shell(box, "for n in $(seq 99); do head -c 8M /dev/zero >$n; sleep 0.1; done")
    assert "the disk of this machine is nearly full" in ended.notes[0]
    assert works(box)


def test_without_control_groups_memory_is_watched(tmp_path: Path) -> None:
    assert places(tmp_path) == ()
    assert make_group(Limits(None, None, 10), tmp_path) is None
    assert enforcement("bwrap", tmp_path).memory.startswith("watched")
    assert enforcement("docker", tmp_path).memory.startswith("a control group")


@pytest.mark.parametrize("kind", [Bwrap, Unisolated])
def test_a_watch_stops_who_takes_too_much_memory(
    kind: Callable[[Path], Backend], bwrap: None, tmp_path: Path, data: Path
) -> None:
    spec = SandboxSpec(root=tmp_path / "box", data=data, memory_gb=0.2)
    with contextlib.closing(open_on(kind(tmp_path), spec)) as box:
        ended = shell(box, "python3 -c 'import time; x = bytearray(400 << 20); time.sleep(1e9)'")
        assert ended.ended == "signal"
        assert ended.notes[0].startswith("All processes were ended: the memory in use is ")
        assert ended.notes[0].endswith("the limit is 0.2 GB.")
        assert works(box)


def test_usage_is_what_there_is(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    deep = folder / "full"
    deep.mkdir(parents=True)
    (deep / "file").write_bytes(bytes(8 * MIB))
    (deep / "same").hardlink_to(deep / "file")
    (deep / "link").symlink_to("/")
    with (deep / "sparse").open("wb") as sparse:
        sparse.truncate(10**12)
    nest = "import os\nfor n in range(3000):\n    os.mkdir('d' * 200)\n    os.chdir('d' * 200)\n"
    subprocess.run([sys.executable, "-c", nest], cwd=deep, check=True)
    look = DiskLook([folder, tmp_path / "missing"])
    while not look.done():
        time.sleep(0.01)
    used = look.used_bytes()
    assert used is not None
    assert 8 * MIB <= used < 8 * MIB + 3100 * 8192
    subprocess.run(["rm", "-rf", str(folder)], check=True)
    with (tmp_path / "gone").open("wb") as gone:
        gone.write(bytes(4 * MIB))
        gone.flush()
        (tmp_path / "gone").unlink()
        assert unlinked_bytes([os.getpid()], tmp_path.stat().st_dev) >= 4 * MIB
    assert memory_bytes([os.getpid()], enough=0) > MIB
    assert memory_bytes([], 0) == 0


@RELAXED
@given(st.lists(st.integers(0, 300), max_size=40))
def test_patience_stops_only_who_is_over_and_gives_up_only_after_that(sizes: list[int]) -> None:
    patience = Patience(100)
    said = [patience.judge(size, now) for now, size in enumerate(sizes)]
    for size, action in zip(sizes, said, strict=True):
        assert not action or size > 100
    if "lose" in said:
        assert "stop" in said[: said.index("lose")]


def test_patience_lets_an_agent_clean_up_and_gives_up_one_that_does_not() -> None:
    patience = Patience(100)
    assert [patience.judge(size, now) for now, size in enumerate([90, 120, 125, 126, 126, 60, 90])] == [
        "", "stop", "", "", "", "", "",
    ]  # fmt: skip
    assert [patience.judge(size, 10.0 * now) for now, size in enumerate([101, 110, 120])] == [
        "stop", "stop", "lose",
    ]  # fmt: skip
    patience = Patience(100)
    assert [patience.judge(size, 10.0 * now) for now, size in enumerate([110, 151])] == ["stop", "lose"]


@pytest.mark.usefixtures("groups")
def test_no_group_is_left_of_a_closed_sandbox(limited: Limited) -> None:
    box = limited("bwrap", memory_gb=1)
    shell(box, "sleep 1e9 &")
    assert own_groups()
    box.close()
    assert own_groups() == []


@pytest.mark.usefixtures("groups")
def test_groups_of_a_killed_process_are_removed_by_the_next(
    limited: Limited, tmp_path: Path, data: Path
) -> None:
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from sandbox.open import open_sandbox\n"
        "from sandbox.spec import SandboxSpec\n"
        f"box = open_sandbox(SandboxSpec(backend='bwrap', root=Path({str(tmp_path / 'killed')!r}), "
        f"data=Path({str(data)!r}), memory_gb=1))\n"
        "print(os.getpid(), flush=True)\n"
        "box.shell('sleep 1e9', timeout=1e6)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        left = [path for place in places() for path in place.folder.glob(f"mle-{pid}-*")]
        assert left
        owner.kill()
        owner.wait()
    deadline = time.monotonic() + 60
    while any(path.exists() for path in left) and time.monotonic() < deadline:
        cgroup.remove_dead(places())
        time.sleep(0.05)
    assert not any(path.exists() for path in left)


@pytest.fixture
def delegated(tmp_path: Path) -> Path:
    """A tree of version 2 as systemd delegates it: processes are in the own group, none in that above."""
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/user/app\n")
    (tmp_path / "proc/self/mountinfo").write_text("30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
    app = tmp_path / "sys/fs/cgroup/user/app"
    (app / "cgroup.subtree_control").mkdir(parents=True)  # nobody can write into it, nor read it
    (app.parent / "cgroup.subtree_control").write_text("cpu memory pids\n")
    for folder in (app, app.parent, app.parent.parent):
        (folder / "cgroup.controllers").write_text("cpu memory pids\n")
    return tmp_path


def test_a_group_of_version_2_is_made_beside_the_own(delegated: Path) -> None:
    (place,) = cgroup.candidates(delegated)
    assert place == (delegated / "sys/fs/cgroup/user", frozenset(cgroup.CONTROLLERS), 2)
    assert places(delegated) == ()  # an ordinary folder is none of the kernel's


def test_no_sandbox_leaves_a_group_that_limits_its_owner(delegated: Path) -> None:
    (delegated / "sys/fs/cgroup/user/app/memory.max").write_text("max\n")
    assert cgroup.candidates(delegated)
    (delegated / "sys/fs/cgroup/user/app/memory.max").write_text("1073741824\n")
    assert cgroup.candidates(delegated) == ()

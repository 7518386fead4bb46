import contextlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sandbox.backends.pipe import PipeChannel
from sandbox.driver import frames
from sandbox.errors import SandboxLost, SandboxUnavailable
from sandbox.open import open_sandbox
from sandbox.protocols import Sandbox
from sandbox.spec import SandboxSpec
from sandbox.wire import Wire
from sandbox.workspace import Workspace
from tests.requires import require
from tests.sandbox.support import IMAGE, Name, Open, gone, out


def test_auto_prefers_isolation(opened: Open) -> None:
    require("bwrap", "apt-get install bubblewrap")
    assert opened("auto").backend == "bwrap"


def test_a_killed_driver_is_a_lost_sandbox(opened: Open) -> None:
    box = opened("none")
    start = time.monotonic()
    with pytest.raises(SandboxLost, match="SIGKILL"):
        box.shell("sleep 95001.5 & setsid sleep 95002.5 & kill -9 $PPID; sleep 95003.5", timeout=60)
    assert time.monotonic() - start < 15
    assert gone(["95001.5", "95002.5", "95003.5"])
    with pytest.raises(SandboxLost):
        box.shell("true", timeout=60)
    with pytest.raises(SandboxLost):
        box.read_file("x")


def test_a_stopped_driver_is_a_lost_sandbox(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.session._SLACK_S", 1.0)
    box = opened("none")
    with pytest.raises(SandboxLost, match="does not answer"):
        box.shell("sleep 95004.5 & kill -STOP $PPID; sleep 95005.5", timeout=1)
    assert gone(["95004.5", "95005.5"])


def test_forged_frames_never_pass_for_an_answer(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.session._SLACK_S", 3.0)  # root may have spoilt what the driver hears
    box = opened("none")
    forged = "for fd in $(seq 0 64); do (printf 'garbage' > /proc/$PPID/fd/$fd) 2>/dev/null && echo $fd; done"
    try:
        assert out(box.shell(forged, timeout=3)) == ""
    except SandboxLost:  # root may write into any process; without isolation nothing holds it back
        assert os.geteuid() == 0


def _reply(header: str, payload: bytes = b"") -> bytes:
    return frames.PREFIX.pack(len(header), len(payload)) + header.encode() + payload


@pytest.mark.parametrize(
    "answer",
    [
        b"garbage that is no frame at all",
        frames.PREFIX.pack(frames.MAX_HEADER + 1, 0),
        frames.PREFIX.pack(2, 0xFFFFFFFF) + b"{}",
        frames.PREFIX.pack(0, 0),
        _reply("not json"),
        _reply("[1]"),
        _reply("[" * 200_000),
        _reply('{"id":' + "9" * 5000 + "}"),
        _reply('{"id":2,"size":1}'),
        _reply('{"id":true,"size":1}'),
        _reply('{"id":1,"size":1,"deep":{"a":1}}'),
        _reply('{"id":1,"size":1,"deep":[[1]]}'),
        _reply('{"id":1,"size":1,"chunks":[5,-1]}', b"abcd"),
        _reply('{"id":1,"size":1,"chunks":[1]}', b"abcd"),
        _reply("{" + ",".join(f'"{number}":1' for number in range(100)) + "}"),
        _reply('{"id":1,"refused":7}'),
        b"",
    ],
)
def test_an_answer_that_breaks_the_protocol_loses_the_sandbox(answer: bytes, tmp_path: Path) -> None:
    file = tmp_path / "answer"
    file.write_bytes(answer)
    argv = ("/bin/sh", "-c", f"head -c 1 >/dev/null; cat {file}; exec cat >/dev/null")
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    wire = Wire(PipeChannel(process, tmp_path / "errors"))
    with pytest.raises(SandboxLost):
        wire.ask("write", {}, timeout=2)
    with pytest.raises(SandboxLost):
        wire.ask("write", {}, timeout=2)
    assert process.poll() is not None


HARNESS = """
import sys, time
from pathlib import Path
from sandbox.open import open_sandbox
from sandbox.spec import SandboxSpec
backend, root, data, image = sys.argv[1:]
box = open_sandbox(SandboxSpec(backend=backend, root=Path(root), data=Path(data), image=image))
box.shell("sleep 96001.5 & setsid nohup sleep 96002.5 & env -i setsid sleep 96003.5 &", timeout=60)
print("ready", flush=True)
box.shell("trap '' INT TERM; sleep 96004.5; sleep 96005.5", timeout=1000)
"""


@pytest.mark.parametrize("during", ["a call", "silence"])
def test_nothing_outlives_a_harness_that_was_killed(
    backend: Name, during: str, tmp_path: Path, data: Path
) -> None:
    suffix = {"a call": "5", "silence": "6"}[during] + {"bwrap": "1", "none": "2", "docker": "3"}[backend]
    source = HARNESS.replace(".5", f".{suffix}")
    if during == "silence":
        source = source.replace('box.shell("trap', 'time.sleep(1000); box.shell("trap')
    argv = (sys.executable, "-c", source, backend, str(tmp_path / "box"), str(data), IMAGE)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as harness:
        assert harness.stdout is not None and harness.stdout.readline() == b"ready\n"
        time.sleep(0.2)
        harness.kill()
    assert gone([*(f"9600{number}.{suffix}" for number in range(1, 6)), str(tmp_path / "box")])


def test_two_sandboxes_at_once_do_not_touch_each_other(opened: Open, backend: Name) -> None:
    one, two = opened(backend), opened(backend)
    one.shell("X=one; sleep 97001.5 &", timeout=60)
    two.shell("X=two", timeout=60)
    assert two.run_script("print(1)", directory="n", env={}, timeout=60).exit_code == 0
    assert two.shell("sleep 50", timeout=0.2).ended == "timeout"
    two.close()
    assert out(one.shell("echo $X; jobs -r | wc -l", timeout=60)) == "one\n1\n"


def test_a_sandbox_outlives_the_thread_that_opened_it(backend: Name, opened: Open) -> None:
    boxes: list[Sandbox] = []
    for _ in range(2):
        thread = threading.Thread(target=lambda: boxes.append(opened(backend)))
        thread.start()
        thread.join()
    time.sleep(0.2)
    assert [out(box.shell("echo alive", timeout=60)) for box in boxes] == ["alive\n"] * 2


def test_many_threads_at_once(backend: Name, opened: Open) -> None:
    box = opened(backend)
    said: list[str] = []

    def work(number: int) -> None:
        said.append(out(box.shell(f"echo {number}", timeout=60)))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == sorted(f"{number}\n" for number in range(20))


def test_closing_ends_a_call_in_another_thread(backend: Name, opened: Open) -> None:
    box = opened(backend)
    problems: list[BaseException] = []

    def work() -> None:
        try:
            box.shell("trap '' INT TERM; sleep 98001.5", timeout=100)
        except SandboxLost as error:
            problems.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.5)
    box.close()
    thread.join(60)
    assert not thread.is_alive() and len(problems) == 1
    assert gone(["98001.5"])


def test_close_removes_everything_and_may_be_repeated(backend: Name, opened: Open, root: Path) -> None:
    box = opened(backend)
    depth = 1100 if backend == "bwrap" else 10  # Python could not recurse as deep; slow on some disks
    deep = f'import os\nfor _ in range({depth}): os.mkdir("d"); os.chdir("d")'
    box.shell(
        f"sleep 98002.5 & mkdir locked; touch locked/x; chmod 000 locked; python -c '{deep}'", timeout=60
    )
    box.close()
    box.close()
    assert not root.exists()
    assert gone(["98002.5"])
    with pytest.raises(SandboxLost, match="closed"):
        box.shell("true", timeout=1)


def test_a_folder_is_emptied_when_it_is_a_sandboxs_and_refused_otherwise(
    backend: Name, tmp_path: Path, data: Path
) -> None:
    spec = SandboxSpec(backend=backend, root=tmp_path / "r", data=data, image=IMAGE)
    first = open_sandbox(spec)
    first.write_file("old", "x")
    second = open_sandbox(spec)
    assert second.list_files() == ()
    second.close()
    first.close()
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "thesis.txt").write_text("years")
    with pytest.raises(SandboxUnavailable, match="not a sandbox's folder"):
        open_sandbox(spec.model_copy(update={"root": tmp_path / "own"}))
    assert (tmp_path / "own" / "thesis.txt").read_text() == "years"


def test_a_removal_that_died_halfway_is_finished_by_the_next(
    backend: Name, tmp_path: Path, data: Path
) -> None:
    spec = SandboxSpec(backend=backend, root=tmp_path / "r", data=data, image=IMAGE)
    half = tmp_path / ".gone-r" / "home"  # moved away, its mark removed, and then nothing more
    half.mkdir(parents=True)
    (half / "old").write_text("x")
    with contextlib.closing(open_sandbox(spec)) as box:
        assert box.list_files() == ()
    assert not half.parent.exists()
    (tmp_path / "r").mkdir()  # a start that died before its mark
    Workspace(tmp_path / "r").remove()
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("status", ["kill -9 $$", "exit 137"])
def test_a_sandbox_that_is_killed_while_it_starts_may_be_tried_again(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    program = tmp_path / "bin" / "bwrap"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo bubblewrap 0.8.0 && exit\n{status}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    with pytest.raises(SandboxLost, match="was killed while it started"):
        open_sandbox(SandboxSpec(backend="bwrap", root=tmp_path / "r", data=data))


def test_a_machine_that_cannot_says_what_to_do(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = SandboxSpec(backend="bwrap", root=tmp_path / "r", data=data)
    fake = tmp_path / "bin" / "bwrap"
    fake.parent.mkdir()
    monkeypatch.setenv("PATH", f"{fake.parent}:/nowhere")
    with pytest.raises(SandboxUnavailable, match="apt-get install bubblewrap"):
        open_sandbox(spec)
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2; exit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.defpath}")
    with pytest.raises(SandboxUnavailable, match=r"No permissions.*kernel\.unprivileged_userns_clone"):
        open_sandbox(spec)
    with pytest.raises(SandboxUnavailable, match="does not exist"):
        open_sandbox(spec.model_copy(update={"data": tmp_path / "missing"}))


def test_a_data_folder_inside_what_all_agents_see_is_refused(tmp_path: Path, bwrap: None) -> None:
    with pytest.raises(SandboxUnavailable, match="every agent sees"):
        open_sandbox(SandboxSpec(backend="bwrap", root=tmp_path / "r", data=Path("/usr/share")))


def test_signals_to_an_unisolated_driver_are_survived(opened: Open) -> None:
    box = opened("none")
    box.shell("for name in INT TERM HUP CHLD; do kill -$name $PPID; done", timeout=60)
    assert out(box.shell("echo alive", timeout=60)) == "alive\n"

"""Every way in which a container ends, and what is said of it."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sandbox.backends import engine
from sandbox.errors import EngineDown, SandboxError, SandboxLost
from sandbox.open import open_sandbox
from sandbox.protocols import Sandbox
from sandbox.spec import SandboxSpec
from tests.sandbox.docker.support import Relay, containers_of, eventually, kill
from tests.sandbox.support import Open, out

PROJECT = Path(__file__).parents[3]
HARNESS = """
import sys, time
from sandbox.open import open_sandbox
from sandbox.spec import SandboxSpec
box = open_sandbox(SandboxSpec.model_validate_json(sys.argv[1]))
box.shell("sleep 1000 & setsid nohup sleep 1000 & env -i setsid sleep 1000 &", timeout=60)
print("ready", flush=True)
if sys.argv[2] == "a call":
    box.shell("trap '' INT TERM; while :; do sleep 1000; done", timeout=1000)
time.sleep(1000)
"""


class Call:
    """A long call in another thread, and how it ended."""

    def __init__(self, box: Sandbox, command: str = "echo > on; sleep 1000") -> None:
        self.error: SandboxError | None = None
        self.seconds = 0.0
        self._box, self._command = box, command
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._box.shell(self._command, timeout=1000)
        except SandboxError as error:
            self.error = error

    def ended(self) -> str:
        self._thread.join(60)
        assert isinstance(self.error, SandboxLost)
        return str(self.error)


MANY = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from sandbox.open import open_sandbox
from sandbox.spec import SandboxSpec
spec = SandboxSpec.model_validate_json(sys.argv[1])
specs = [spec.model_copy(update={"root": spec.root / str(number)}) for number in range(20)]
with ThreadPoolExecutor(20) as pool:
    boxes = list(pool.map(open_sandbox, specs))
    list(pool.map(lambda box: box.shell("sleep 1000 &", timeout=60), boxes))
print("ready", flush=True)
time.sleep(1000)
"""


@pytest.mark.parametrize("during", ["a call", "silence"])
def test_no_container_outlives_a_harness_that_was_killed(spec: SandboxSpec, during: str) -> None:
    argv = (sys.executable, "-c", HARNESS, spec.model_dump_json(), during)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=PROJECT) as harness:
        assert harness.stdout is not None and harness.stdout.readline() == b"ready\n"
        assert len(containers_of(spec.owner)) == 1
        harness.kill()
    assert eventually(lambda: not containers_of(spec.owner))


def test_none_of_twenty_at_once_outlives_its_harness(spec: SandboxSpec) -> None:
    argv = (sys.executable, "-c", MANY, spec.model_dump_json())
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=PROJECT) as harness:
        assert harness.stdout is not None and harness.stdout.readline() == b"ready\n"
        assert len(containers_of(spec.owner)) == 20
        harness.kill()
    assert eventually(lambda: not containers_of(spec.owner), 60)


def test_a_container_that_is_killed_is_lost_at_once_and_it_is_said_how(
    start: Open, spec: SandboxSpec
) -> None:
    box = start()
    call = Call(box)
    assert eventually((spec.root.with_name("box0") / "home/code/on").exists)
    kill(*containers_of(spec.owner))
    words = call.ended()
    assert "SIGKILL" in words and "somebody had the Docker daemon kill it" in words
    assert eventually(lambda: not containers_of(spec.owner))
    with pytest.raises(SandboxLost, match="SIGKILL"):
        box.shell("true", timeout=60)


def test_a_container_that_ends_while_nobody_asks_is_lost_at_the_next_call(
    start: Open, spec: SandboxSpec
) -> None:
    box = start()
    kill(*containers_of(spec.owner))
    with pytest.raises(SandboxLost, match="SIGKILL"):
        box.shell("true", timeout=60)
    assert not box.busy()


def test_a_script_that_takes_too_much_memory_is_killed_alone_and_it_is_told(start: Open) -> None:
    box = start(memory_gb=0.125)
    ran = box.run_script("x = b'x' * (1 << 30)", directory="n", env={}, timeout=60)
    assert (ran.ended, ran.exit_code) == ("signal", -signal.SIGKILL)
    assert ran.notes == (
        "A process was killed: all processes together reached the memory limit of 0.125 GB.",
    )
    again = box.shell("X=kept; python3 -c \"x = b'x' * (1 << 30)\"; echo $X $?", timeout=60)
    assert "kept 137" in out(again)
    assert len(again.notes) == 1
    assert box.shell("true", timeout=60).notes == ()


def test_many_that_take_all_memory_leave_the_driver_alive(start: Open) -> None:
    box = start(memory_gb=0.125)
    bomb = "for i in $(seq 20); do python3 -c \"x = b'x' * (1 << 26); input()\" <&3 & done; wait -n"
    ran = box.shell(f"mkfifo f; exec 3<>f; {bomb}", timeout=60)
    assert ran.notes
    scores = out(box.shell("cat /proc/self/oom_score_adj /proc/1/oom_score_adj", timeout=60))
    assert "600\n100\n" in scores  # bash may have a word about who was killed


def test_a_limit_that_not_even_the_driver_fits_into_may_be_tried_again(spec: SandboxSpec) -> None:
    with pytest.raises(SandboxLost, match=r"killed while it started.*for want of memory.*0\.0059 GB"):
        open_sandbox(spec.model_copy(update={"memory_gb": 0.0059}))
    assert eventually(lambda: not containers_of(spec.owner))


def test_a_daemon_that_goes_away_loses_the_sandbox_and_the_next_one_waits_for_it(
    relay: Relay, start: Open, spec: SandboxSpec
) -> None:
    box = start()
    call = Call(box)
    assert eventually((spec.root.with_name("box0") / "home/code/on").exists)
    relay.kill()
    assert "the Docker daemon does not answer" in call.ended()
    assert eventually(lambda: not containers_of(spec.owner))  # without its connection it ends by itself
    timer = threading.Timer(1.0, relay.restart)
    timer.start()
    assert out(start().shell("echo again", timeout=60)) == "again\n"
    timer.join()


def test_a_daemon_that_stays_away_is_no_fault_of_the_user_or_the_agent(
    relay: Relay, start: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    start().close()
    relay.kill()
    monkeypatch.setattr(engine, "_COMES_BACK_S", 0.5)
    with pytest.raises(EngineDown, match="systemctl status docker"):
        start()
    relay.restart()


def test_a_daemon_that_hangs_holds_nobody_up(
    relay: Relay, start: Open, spec: SandboxSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = start()
    box.shell("sleep 1000 &", timeout=60)
    monkeypatch.setattr(engine, "_END_S", 1)
    monkeypatch.setattr(engine, "_COMES_BACK_S", 0.5)
    os.kill(relay.process.pid, signal.SIGSTOP)
    assert box.busy()  # asks this machine only
    began = time.monotonic()
    box.close()
    with pytest.raises(EngineDown, match="has not answered"):
        start()
    assert time.monotonic() - began < 20
    assert eventually(lambda: not containers_of(spec.owner))
    os.kill(relay.process.pid, signal.SIGCONT)

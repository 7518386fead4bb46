"""Whether a sandbox is busy, as the host sees it."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.driver import processes
from sandbox.errors import SandboxLost
from sandbox.protocols import Sandbox
from tests.sandbox.support import Name, Open, eventually, gone, host_path, processes_with


def test_a_sandbox_in_which_nothing_runs_is_not_busy(box: Sandbox) -> None:
    assert not box.busy()
    box.shell("X=5; sleep 0.01; true", timeout=60)
    assert not box.busy()
    box.write_file("a.txt", "a")
    box.run_script("print(1)", directory="s", env={}, timeout=60)
    assert not box.busy()
    box.shell("exit 3", timeout=60)
    assert not box.busy()


def test_nothing_of_a_script_is_left_to_be_busy(box: Sandbox) -> None:
    source = "import subprocess\nfor i in range(3): subprocess.Popen(['setsid', 'sleep', '94000.5'])"
    box.run_script(source, directory="s", env={}, timeout=60)
    assert not box.busy()
    box.shell("sleep 94001.5", timeout=0.2)
    assert not box.busy()


def test_a_job_in_the_background_is_busy_until_it_ends(opened: Open, backend: Name) -> None:
    box, other = opened(backend), opened(backend)
    mark = f"94100.{os.getpid()}"

    def ended() -> bool:
        processes.send(processes_with(mark), signal.SIGKILL)
        return not box.busy()

    for command in (
        f"sleep {mark} &",
        f"setsid -f sleep {mark}",
        f"(setsid env -i setsid sleep {mark} &) &",
        f"setsid -f sleep {mark}; exit",  # with no shell beside it
        f"sleep {mark} & kill -9 $$",
        f"exec -a bash sleep {mark} & kill -9 $$",
    ):
        box.shell(command, timeout=60)
        assert box.busy(), command
        assert not other.busy(), command
        assert eventually(ended), command


def test_a_job_that_is_bash_itself_is_not_taken_for_the_shell(box: Sandbox) -> None:
    box.shell("mkfifo f; (read -r line < f) & kill -9 $$", timeout=60)
    assert box.busy()
    box.shell("echo go > f", timeout=60)
    assert eventually(lambda: not box.busy())
    box.shell("setsid -f bash -c 'read -r line < f; true'; exit", timeout=60)
    assert box.busy()


def test_a_call_in_another_thread_is_busy(box: Sandbox, root: Path) -> None:
    source = "import os, time\nopen('../on', 'w')\nwhile os.path.exists('../on'): time.sleep(0.01)"
    calls: dict[str, Callable[[], object]] = {
        "shell": lambda: box.shell("echo > on; while [ -e on ]; do :; done", timeout=60),  # no child
        "script": lambda: box.run_script(source, directory="s", env={}, timeout=60),
    }
    mark = host_path(root, box, f"{box.layout.code}/on")
    for how, call in calls.items():
        thread = threading.Thread(target=call)
        thread.start()
        assert eventually(mark.exists)
        assert box.busy(), how
        mark.unlink()
        thread.join(60)
        assert not box.busy(), how


def test_a_closed_sandbox_is_not_busy(box: Sandbox) -> None:
    box.shell("sleep 94300.5 &", timeout=60)
    assert box.busy()
    box.close()
    assert not box.busy()


def test_a_lost_sandbox_is_not_busy(opened: Open) -> None:
    box = opened("none")
    with pytest.raises(SandboxLost):
        box.shell("sleep 94400.5 & kill -9 $PPID; sleep 94401.5", timeout=60)
    assert not box.busy()
    assert gone(["94400.5", "94401.5"])


def test_without_isolation_a_process_elsewhere_is_known_by_its_home(opened: Open) -> None:
    box = opened("none")
    argv = ("/bin/sleep", "94500.5")
    with subprocess.Popen(argv, env={"HOME": box.layout.home}):
        assert eventually(box.busy)  # its variables are there a moment after it has begun
        box.close()
    with subprocess.Popen(argv, env={"HOME": "/home"}) as stranger:
        assert not opened("none").busy()
        stranger.kill()


def test_a_kernel_is_busy_while_it_computes(box: Sandbox) -> None:
    mark = f"94600.{os.getpid()}"
    box.python("import subprocess, threading, time", timeout=60)
    assert eventually(lambda: not box.busy())
    box.python(
        "def work():\n    while not stop.is_set(): pass\n"
        "stop = threading.Event(); threading.Thread(target=work).start()",
        timeout=60,
    )
    assert box.busy()
    box.python("stop.set()", timeout=60)
    assert eventually(lambda: not box.busy())
    box.python(f"job = subprocess.Popen(['setsid', '-f', 'sleep', '{mark}'])", timeout=60)
    assert box.busy()
    processes.send(processes_with(mark), signal.SIGKILL)
    assert eventually(lambda: not box.busy())


def test_a_kernel_that_gets_no_processor_is_busy(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a crowded machine: it uses next to no time while it is looked at, but waits for it."""
    monkeypatch.setattr("sandbox.backends.inhabitants._STILL", 10**6)
    box.python("import threading\ndef work():\n    while not stop.is_set(): pass", timeout=60)
    assert eventually(lambda: not box.busy())
    box.python("stop = threading.Event(); threading.Thread(target=work).start()", timeout=60)
    assert eventually(box.busy)
    box.python("stop.set()", timeout=60)
    assert eventually(lambda: not box.busy())


def test_a_shell_that_computes_between_calls_is_busy(box: Sandbox) -> None:
    trap = "trap 'while [ ! -e stop ]; do :; done' USR1; (sleep 0.2; kill -USR1 $$; sleep 0.2; touch on) &"
    box.shell(f"{trap} true", timeout=60)
    assert eventually(lambda: any(entry.path == "on" for entry in box.list_files()))
    for _ in range(5):  # the shell has no company any more, and still
        assert box.busy()
    box.write_file("stop", "")
    assert eventually(lambda: not box.busy())


def test_a_job_is_busy(box: Sandbox) -> None:
    job = box.start_job("sleep 94700.5")
    assert box.busy()
    box.poll_job(job.number, kill=True)
    assert eventually(lambda: not box.busy())

"""All processes have to end, on the host's word or for their number: told once, and the next call works."""

import contextlib
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.errors import PathRefused
from sandbox.protocols import Sandbox
from sandbox.session import Session
from tests.sandbox.support import Name, Open, eventually, gone, out, processes_with

OVER = (
    "All processes were ended: the files in the home folder and the temporary folder are 0.07 GB, "
    "the limit is 0.05 GB. Remove some."
)


def stop(box: Sandbox) -> None:
    """Have the driver told what the watch tells it."""
    assert isinstance(box, Session)
    box._wire.stop(OVER)  # pyright: ignore[reportPrivateUsage] - when the watch comes to it is not to be foreseen


def works(box: Sandbox) -> bool:
    return out(box.shell("echo still here", timeout=60)) == "still here\n"


def test_a_stop_ends_a_job_that_is_waited_for(box: Sandbox) -> None:
    mark = f"75001.{os.getpid()}"
    job = box.start_job(f"sleep {mark}")
    with ThreadPoolExecutor() as pool:
        look = pool.submit(box.poll_job, job.number, wait=60)
        time.sleep(0.5)
        stop(box)
    ended = look.result()
    assert not ended.running and ended.notes == (OVER,)
    assert gone([mark])
    cleaned = box.shell("rm -rf ~/full; echo clean", timeout=60)
    assert (out(cleaned), cleaned.exit_code) == ("clean\n", 0)


def test_a_stop_is_no_matter_of_the_next_command(box: Sandbox) -> None:
    box.shell("sleep 75002.5 & true", timeout=60)
    stop(box)
    ended = box.shell("rm -rf ~/full; echo clean", timeout=60)
    assert out(ended) == "clean\n" and ended.exit_code == 0
    assert ended.notes[0] == OVER
    assert works(box)


def test_a_stop_while_the_kernel_starts_is_told_and_costs_no_more(box: Sandbox) -> None:
    with ThreadPoolExecutor() as pool:
        cell = pool.submit(box.python, "1 + 1", timeout=60)
        while not (cell.done() or processes_with("--keeper")):
            pass
        stop(box)
    error = cell.exception()
    said = (str(error),) if error else cell.result().notes
    after = box.shell("echo fine", timeout=60)
    assert out(after) == "fine\n"
    assert (*said, *after.notes).count(OVER) == 1
    assert out(box.python("1 + 1", timeout=60)) == "2\n"


THREADS = """
import threading, time
held = []
while True:
    try:
        held.append(threading.Thread(target=time.sleep, args=(1e6,), daemon=True))
        held[-1].start()
    except RuntimeError:
        time.sleep(0.1)
"""


def test_threads_without_end_cost_no_sandbox(
    opened: Open, docker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.backends.container.TASKS", 64)
    box = opened("docker")
    box.write_file("leak.py", THREADS)
    box.start_job("python leak.py")
    told: list[str] = []

    def cleared() -> bool:
        with contextlib.suppress(PathRefused):  # no process can be started just now
            told.extend(box.shell("true", timeout=60).notes)
        return any("too many threads" in note for note in told)

    assert eventually(cleared)
    assert works(box)
    assert out(box.run_script("print(1)", directory="a", env={}, timeout=60)) == "1\n"


@pytest.mark.parametrize("backend", ["bwrap", "docker"])
def test_no_sandbox_takes_the_terminals_of_all_others(
    opened: Open, backend: Name, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(backend)
    box = opened(backend)
    taken = "import pty, time\nheld = [pty.openpty() for _ in range(130)]\ntime.sleep(1e6)"
    ended = box.run_script(taken, directory="a", env={}, timeout=60)
    assert ended.ended == "signal" and "more than 128 terminals" in ended.notes[0]
    assert works(box)

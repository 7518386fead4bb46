import os
import re
import signal

import pytest

from sandbox.errors import PathRefused
from sandbox.protocols import Sandbox
from sandbox.results import Execution
from tests.sandbox.support import begun, errors, eventually, gone, out, processes_with


def run(box: Sandbox, source: str, timeout: float = 30, **env: str) -> Execution:
    return box.run_script(source, directory="node", env=env, timeout=timeout)


def test_a_script_runs_as_main_in_its_own_directory(box: Sandbox) -> None:
    source = (
        "import os, sys\nassert __name__ == '__main__'\n"
        "print(os.getcwd(), sorted(os.listdir()), open('input/train.csv').read(), os.environ['SEED'])\n"
        "print('warning', file=sys.stderr)\nsys.exit(4)"
    )
    ran = box.run_script(source, directory="nodes/7", env={"SEED": "3"}, timeout=60)
    assert (ran.ended, ran.exit_code) == ("exit", 4)
    assert out(ran) == f"{box.layout.code}/nodes/7 ['input', 'solution.py'] id,y\n1,0\n 3\n"
    assert errors(ran) == "warning\n"
    assert ran.cwd == f"{box.layout.code}/nodes/7"
    assert box.read_file("nodes/7/solution.py").text == source
    assert ran.peak_mb > 5


def test_the_projects_packages_are_there(box: Sandbox) -> None:
    ran = run(box, "import numpy, pandas, sklearn; print(numpy.arange(3).sum())", timeout=120)
    assert out(ran) == "3\n", errors(ran)
    assert ran.cpu_s > 0.1


def test_no_variables_but_those_given(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "secret")
    names = set(out(run(box, "import os; print(*os.environ)", PYTHONHASHSEED="0")).split())
    assert {"HOME", "PATH", "LANG", "MPLBACKEND", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED"} <= names
    assert names <= {
        *("HOME", "PATH", "LANG", "SHELL", "USER", "TERM", "TMPDIR", "XDG_CACHE_HOME"),
        *("MPLBACKEND", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED"),
        *("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "HDF5_USE_FILE_LOCKING"),
    }


def test_a_crash_shows_its_traceback_and_a_signal_its_number(box: Sandbox) -> None:
    ran = run(box, "1 / 0")
    assert ran.exit_code == 1 and "ZeroDivisionError" in errors(ran)
    ran = run(box, "import os; os.kill(os.getpid(), 9)")
    assert (ran.ended, ran.exit_code) == ("signal", -signal.SIGKILL)
    assert ran.notes == ()


def test_a_deadline_interrupts_and_keeps_the_output(box: Sandbox) -> None:
    source = "import time\ntry: print('begun'); time.sleep(1e9)\nfinally: print('cleaned')"
    ran = begun(lambda deadline: run(box, source, deadline))
    assert (ran.ended, ran.exit_code) == ("timeout", None)
    assert out(ran) == "begun\ncleaned\n"
    assert "KeyboardInterrupt" in errors(ran)
    assert ran.cpu_s > 0


def test_a_script_that_ignores_every_signal_is_killed(box: Sandbox) -> None:
    source = (
        "import signal, time\n"
        "for number in (1, 2, 15): signal.signal(number, signal.SIG_IGN)\n"
        "while True: time.sleep(1)"
    )
    ran = run(box, source, timeout=0.5)
    assert ran.ended == "timeout"
    assert ran.wall_s < 15


def test_no_survivors(box: Sandbox) -> None:
    marks = [f"{number}.54321" for number in (92001, 92002, 92003)]
    source = (
        "import os, subprocess\n"
        f"subprocess.Popen(['sleep', '{marks[0]}'])\n"
        f"subprocess.Popen(['setsid', 'nohup', 'sleep', '{marks[1]}'], env={{}})\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0: os.execvpe('sleep', ['sleep', '"
        + marks[2]
        + "'], {'PATH': '/bin:/usr/bin'})\n"
        "    os._exit(0)\n"
        "print('parent done')\n"
    )
    ran = run(box, source)
    assert out(ran) == "parent done\n"
    assert gone(marks)


def test_a_process_whose_first_thread_has_ended_is_found(box: Sandbox) -> None:
    source = (
        "import ctypes, os, threading, time\n"
        "if child := os.fork():\n"
        "    while open(f'/proc/{child}/stat').read().split()[2] != 'Z': time.sleep(0.01)\n"
        "    os._exit(0)\n"
        "threading.Thread(target=time.sleep, args=(93001,)).start()\n"
        "print(os.getpid(), flush=True)\n"
        "ctypes.CDLL(None).pthread_exit(None)\n"
    )
    ran = run(box, source)
    probe = box.shell(f"ls /proc/{int(out(ran))}/task 2>/dev/null | wc -l", timeout=60)
    assert out(probe) == "0\n"


def test_the_shell_and_its_jobs_survive_a_script(box: Sandbox) -> None:
    box.shell("X=5; sleep 94001.5 & echo $! > job", timeout=60)
    run(box, "print(1)")
    assert (
        out(box.shell("echo $X; kill -0 $(cat job) && echo alive; kill $(cat job)", timeout=60))
        == "5\nalive\n"
    )


def test_what_began_a_moment_before_a_script_survives_it(box: Sandbox) -> None:
    mark = f"94002.{os.getpid()}"
    for _ in range(8):
        box.shell(f"setsid -f sleep {mark}", timeout=60)
        run(box, "pass")
    assert eventually(lambda: len(processes_with(mark)) == 8)  # a program that begins has none for a moment


def test_output_is_bounded_per_stream(box: Sandbox) -> None:
    source = (
        "import os\nfor i in range(30): os.write(1, b'o' * 1000000)\n"
        "os.write(2, b'e' * 3000000); os.write(1, b'end'); os.write(2, b'END')"
    )
    ran = run(box, source)
    assert ran.stdout.total == 30_000_003 and ran.stderr.total == 3_000_003
    assert ran.stdout.tail.endswith(b"oend") and ran.stderr.tail.endswith(b"eEND")
    assert len(ran.stdout.head) == len(ran.stdout.tail) == len(ran.stderr.tail) == 1 << 20


def test_the_directory_is_below_the_code_folder(box: Sandbox) -> None:
    for directory in ("..", "../logs", "/etc", "a/../../x", "/home/code2"):
        with pytest.raises(PathRefused, match=re.escape(repr(directory))):
            box.run_script("pass", directory=directory, env={}, timeout=60)


def test_a_directory_is_used_again(box: Sandbox) -> None:
    for directory in (".", "a", "./a/", f"{box.layout.code}/a"):
        ran = box.run_script(
            "print(open('input/train.csv').readline())", directory=directory, env={}, timeout=60
        )
        assert ran.exit_code == 0


def test_what_cannot_be_started_is_refused(box: Sandbox) -> None:
    with pytest.raises(PathRefused, match="cannot be started"):
        run(box, "pass", HUGE="x" * 200_000)
    with pytest.raises(ValueError, match="not an environment variable"):
        box.run_script("pass", directory="node", env={"A=B": "x"}, timeout=60)
    with pytest.raises(ValueError, match="too large"):
        run(box, "pass", HUGE="x" * 2_000_000)
    box.shell("mkdir -p bad/solution.py", timeout=60)
    with pytest.raises(PathRefused, match="is a directory"):
        box.run_script("pass", directory="bad", env={}, timeout=60)
    assert run(box, "pass").exit_code == 0


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="breeds processes; one core is busy enough")
def test_processes_that_breed_are_stopped(box: Sandbox) -> None:
    # At most 3000 processes, so that a failure does not take the machine with it.
    source = (
        "import os, time\n"
        "for _ in range(3000):\n"
        "    try:\n        if os.fork() == 0:\n            os.setsid(); time.sleep(99)\n"
        "    except OSError: time.sleep(0.01)\n"
        "time.sleep(99)"
    )
    ran = run(box, source, timeout=40)
    assert ran.ended == "signal"
    assert any("more than" in note for note in ran.notes)
    assert out(box.shell("echo fine", timeout=60)) == "fine\n"


def test_what_is_no_script_is_not_run(box: Sandbox) -> None:
    for path in ("missing.py", ".", "a\0b", "d/x", "/dev/null"):
        with pytest.raises(PathRefused):
            box.run_script(path=path, env={}, timeout=60)
    for source, path, directory in (("pass", "a.py", "d"), (None, None, "d"), ("pass", None, None)):
        with pytest.raises(ValueError, match="either"):
            box.run_script(source, path=path, directory=directory, env={}, timeout=60)


def test_a_name_like_an_option_is_a_name(box: Sandbox) -> None:
    box.write_file("-c", "import sys\nprint(sys.argv)\n")
    assert out(box.run_script(path="-c", env={}, timeout=60)) == "['./-c']\n"

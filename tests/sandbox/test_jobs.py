"""Commands in the background."""

import os
import signal

import pytest

from sandbox.errors import PathRefused
from sandbox.protocols import Sandbox
from sandbox.results import Job
from tests.sandbox.support import Open, eventually, gone


def said(job: Job) -> str:
    return (job.output.head + job.output.tail).decode()


def test_a_job_runs_where_the_shell_stands_with_what_it_exports(box: Sandbox) -> None:
    box.shell("mkdir d; cd d; export A='x y' B=2; C=3; f() { :; }", timeout=60)
    job = box.start_job("pwd; echo $A $B $C; echo oops >&2; cat; exit 7")
    ended = box.poll_job(job.number, wait=30)
    assert (ended.number, ended.running, ended.ended, ended.exit_code) == (1, False, "exit", 7)
    assert said(job) + said(ended) == f"{box.layout.code}/d\nx y 2\noops\n"
    assert ended.log == f"{box.layout.logs}/job-1.log"
    assert box.read_file(ended.log).text == said(job) + said(ended)
    assert 0 < ended.wall_s < 30
    again = box.poll_job(job.number)
    assert (again.exit_code, said(again)) == (7, "")
    assert again.wall_s == ended.wall_s


def test_a_job_before_the_first_command_of_the_shell(box: Sandbox) -> None:
    job = box.poll_job(box.start_job("pwd; echo $HOME; (exit 3)").number, wait=30)
    assert (said(job), job.exit_code) == (f"{box.layout.code}\n{box.layout.home}\n", 3)


def test_output_comes_as_it_is_asked_for(box: Sandbox) -> None:
    job = box.start_job("echo one; while [ ! -e go ]; do sleep 0.05; done; echo two")
    heard = said(job)
    while "one" not in heard:
        heard += said(box.poll_job(job.number, wait=0.1))
    looked = box.poll_job(job.number, wait=0.05)
    assert looked.running and looked.ended is None and looked.exit_code is None
    assert said(looked) == ""
    box.write_file("go", "")
    last = box.poll_job(job.number, wait=30)
    assert (said(last), last.exit_code) == ("two\n", 0)


def test_jobs_outlive_other_calls_and_die_with_the_sandbox(box: Sandbox) -> None:
    marks = [f"71001.{os.getpid()}", f"71002.{os.getpid()}"]
    job = box.start_job(f"setsid sleep {marks[0]} & setsid nohup sleep {marks[1]} > /dev/null; true")
    box.run_script("print(1)", directory="s", env={}, timeout=60)
    assert box.shell("sleep 60", timeout=0.2).ended == "timeout"
    box.shell("exit", timeout=60)
    assert box.poll_job(job.number).running
    assert not gone(marks, seconds=0)
    box.close()
    assert gone(marks)


def test_a_job_is_killed_with_all_that_it_started(box: Sandbox) -> None:
    marks = [f"7200{number}.{os.getpid()}" for number in range(3)]
    for command in (
        "sleep {0}",
        "setsid -f sleep {0}; env -i setsid nohup sleep {1}",
        "trap '' INT TERM; (setsid sh -c 'trap \"\" INT TERM; sleep {0} & sleep {1}' &) & wait; sleep {2}",
        "exec sleep {0}",
    ):
        job = box.start_job(command.format(*marks))
        assert eventually(lambda: not gone(marks[:1], seconds=0))
        ended = box.poll_job(job.number, kill=True)  # loses the sandbox where it takes over 15 s
        assert not ended.running and ended.ended == "signal", command
        assert gone(marks), command
        assert box.poll_job(job.number, kill=True).ended == "signal"


def test_a_job_is_killed_before_it_has_begun(box: Sandbox) -> None:
    mark = f"72009.{os.getpid()}"
    for _ in range(5):
        assert box.poll_job(box.start_job(f"exec sleep {mark}").number, kill=True).ended == "signal"
    assert gone([mark])


def test_a_job_may_end_at_once_and_leave_others(box: Sandbox) -> None:
    mark = f"73001.{os.getpid()}"
    job = box.start_job(f"echo early; (sleep 0.3; echo late; sleep {mark}) &")
    ended = box.poll_job(job.number, wait=30)
    assert not ended.running
    heard = said(job) + said(ended)
    while "late" not in heard:
        heard += said(box.poll_job(job.number))
    assert heard == "early\nlate\n"
    assert box.read_file(job.log).text == heard
    box.close()
    assert gone([mark])


def test_a_job_that_is_killed_by_itself(box: Sandbox) -> None:
    job = box.start_job("kill -9 $$")
    ended = box.poll_job(job.number, wait=30)
    assert (ended.ended, ended.exit_code) == ("signal", -signal.SIGKILL)


def test_commands_may_hold_anything(box: Sandbox) -> None:
    job = box.start_job(
        "cat <<'EOF'\nit's \"$HOME\" `x` \\ ü\nEOF\nprintf '\\xff\\x00'\nset -e; false; echo no"
    )
    ended = box.poll_job(job.number, wait=30)
    assert job.output.head + ended.output.head == 'it\'s "$HOME" `x` \\ ü\n'.encode() + b"\xff\0"
    assert ended.exit_code == 1
    assert box.poll_job(box.start_job("if").number, wait=30).exit_code != 0
    assert box.poll_job(box.start_job("").number, wait=30).exit_code == 0


def test_twenty_at_once_and_no_more(box: Sandbox) -> None:
    jobs = [box.start_job("sleep 74001.5") for _ in range(20)]
    with pytest.raises(PathRefused, match="20 jobs run already"):
        box.start_job("true")
    assert box.poll_job(jobs[0].number, kill=True).ended == "signal"
    assert box.start_job("true").number == 21
    with pytest.raises(PathRefused, match="there is no job 99"):
        box.poll_job(99)


def test_numbers_are_not_used_twice(opened: Open) -> None:
    box = opened("none")
    box.write_file(f"{box.layout.logs}/job-1.log", "of a former life")
    assert box.start_job("true").number == 2
    assert box.read_file(f"{box.layout.logs}/job-1.log").text == "of a former life"


def test_logs_that_cannot_be_written(box: Sandbox) -> None:
    box.shell(f"rm -r {box.layout.logs}; touch {box.layout.logs}", timeout=60)
    job = box.start_job("echo fine")
    ended = box.poll_job(job.number, wait=30)
    assert (said(job) + said(ended), ended.log, ended.exit_code) == ("fine\n", "", 0)
    assert box.start_job("true").number == job.number + 1
    large = box.shell("head -c 100000 /dev/zero", timeout=60)
    assert (large.stdout.total, large.stdout.path) == (100_000, "")

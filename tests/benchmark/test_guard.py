"""The guarded child: right answers, typed verdicts for anything hostile, and no harm from a death."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from benchmark.contract import check
from benchmark.errors import GuardError, UnknownCompetition
from benchmark.grade import grade
from benchmark.guard import Guard, Limits
from benchmark.guard_process import GuardProcess
from benchmark.verdict import Code
from tests.benchmark.conftest import Practice, gone

MEGABYTE = 1024 * 1024
HOSTILE = {
    "nothing": (b"", Code.NOT_CSV),
    "blanks": (b" \n\t\r\n " * 1000, Code.NOT_CSV),
    "binary": (os.urandom(MEGABYTE), None),
    "zip": (b"PK\x03\x04" + b"a" * 100, Code.NOT_CSV),
    "gzip": (b"\x1f\x8b" + b"a" * 100, Code.NOT_CSV),
    "utf-16": ("id,label\n1,2\n".encode("utf-16"), Code.ENCODING),
    "latin-1": ("id,läbel\n1,2\n".encode("latin-1"), Code.ENCODING),
    "zero bytes": (b"id,label\n1,\0\n", Code.NOT_CSV),
    "one giant line": (b"1" * 16 * MEGABYTE, None),
    "one giant cell": (b"id,label\n1," + b"7" * 15 * MEGABYTE, None),
    "an open quote": (b'id,label\n"' + b"1,2\n" * MEGABYTE, Code.NOT_CSV),
    "an open quote in the header": (b'"id,label\n' + b"1,2\n" * MEGABYTE, None),
    "a hundred thousand columns": (b",".join(b"c%d" % n for n in range(100_000)) + b"\n1", Code.COLUMNS),
    "a wide second line": (b"id,label\n" + b"," * 8 * MEGABYTE, Code.NOT_CSV),
    "a wide header behind a quote": (b'"id\n",label' + b"," * 8 * MEGABYTE, Code.COLUMNS),
    "a million rows": (b"id,label\n" + b"1,2\n" * 4 * MEGABYTE, Code.ROW_COUNT),
    "only newlines": (b"id,label" + b"\n" * 16 * MEGABYTE, Code.ROW_COUNT),
    "mixed newlines": (b"id,label\r1,2\r\n3,4\n\r5,6", None),
    "many quotes": (b"id,label\n" + b'"' * 8 * MEGABYTE, None),
    "duplicate headers": (b"id,label,label\n1,2,3\n", Code.COLUMNS),
    "another delimiter": (b"id;label\n1;2\n", Code.COLUMNS),
    "huge numbers": (b"id,label\n" + b"9" * 5000 + b",1e99999\n", Code.UNKNOWN_ID),
    "html": (b"<html><body>429 Too Many Requests</body></html>", Code.COLUMNS),
    "too big": (b"1" * 20 * MEGABYTE, Code.TOO_BIG),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_end_in_a_typed_verdict(digits: Practice, guard: Guard, name: str) -> None:
    data, code = HOSTILE[name]
    verdict = guard.check(data, digits.contract)
    report = guard.grade(data, digits.competition.id, digits.folders.private)
    assert not verdict.valid
    assert not report.valid_submission
    assert verdict.code is not Code.INTERNAL
    if code is not None:
        assert verdict.code is code
    if code is not Code.TOO_BIG:
        # What the grader says differs only where it would name ids of the answers.
        assert report.verdict.code == verdict.code


def test_the_guard_says_what_the_functions_say(practice: Practice, guard: Guard) -> None:
    for data in (practice.sample, practice.perfect, b"nonsense"):
        assert guard.check(data, practice.contract) == check(data, practice.contract)
        there = guard.grade(data, practice.competition.id, practice.folders.private, submission_path="a.csv")
        here = grade(data, practice.competition, practice.folders.private, submission_path="a.csv")
        assert there.model_copy(update={"created_at": here.created_at}) == here


def test_a_missing_submission_and_an_unknown_competition(digits: Practice, guard: Guard) -> None:
    assert not guard.grade(None, digits.competition.id, digits.folders.private).submission_exists
    with pytest.raises(UnknownCompetition):
        guard.grade(b"", "practice-none", digits.folders.private)


def test_missing_answers_are_our_fault(digits: Practice, guard: Guard, tmp_path: Path) -> None:
    with pytest.raises(GuardError, match="BadData in"):
        guard.grade(digits.sample, digits.competition.id, tmp_path)


def test_too_little_time(digits: Practice) -> None:
    heavy = HOSTILE["only newlines"][0]  # a light one may be through before anybody looks at the clock
    with Guard(Limits(seconds=0.001)) as hurried:
        assert hurried.check(heavy, digits.contract).code is Code.INTERNAL
        report = hurried.grade(heavy, digits.competition.id, digits.folders.private)
        assert (report.valid_submission, report.verdict.code) == (False, Code.INTERNAL)
        assert "limits" in report.verdict.message


def test_too_little_memory(digits: Practice) -> None:
    heavy = b"id,label\n1," + b"7" * 15 * MEGABYTE
    with Guard(Limits(memory=4 * MEGABYTE)) as cramped:
        assert cramped.check(heavy, digits.contract).code is Code.INTERNAL
        assert not cramped.grade(heavy, digits.competition.id, digits.folders.private).valid_submission


def child_of(guard: Guard) -> int:
    process = guard._child  # pyright: ignore[reportPrivateUsage]
    assert isinstance(process, GuardProcess)
    return process.pid


def test_a_killed_child_is_replaced(digits: Practice) -> None:
    with Guard() as fresh:
        assert fresh.check(digits.sample, digits.contract).valid
        first = child_of(fresh)
        os.kill(first, signal.SIGKILL)
        assert fresh.check(digits.sample, digits.contract).valid
        second = child_of(fresh)
        assert second != first
    assert gone(first)
    assert gone(second)


def test_threads_share_a_guard_and_may_end_before_it(digits: Practice) -> None:
    verdicts: list[bool] = []
    with Guard() as shared:
        threads = [
            threading.Thread(
                target=lambda: verdicts.append(shared.check(digits.sample, digits.contract).valid)
            )
            for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # Only a child that outlives the thread which first asked for it is still the same one.
        child = child_of(shared)
        time.sleep(0.2)
        assert shared.check(digits.sample, digits.contract).valid
        assert child_of(shared) == child
    assert verdicts == [True] * 6


def test_the_child_dies_with_its_parent(digits: Practice, tmp_path: Path) -> None:
    contract = tmp_path / "contract.json"
    contract.write_text(digits.contract.model_dump_json())
    code = (
        "import os, sys, pathlib; from benchmark.guard import Guard; from benchmark.contract import *;"
        "g = Guard(); c = SubmissionContract.model_validate_json(pathlib.Path(sys.argv[1]).read_text());"
        "g.check(b'x', c); print(g._child.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    command = [sys.executable, "-c", code, str(contract)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert gone(int(done.stdout))


def test_the_child_has_no_keys_and_no_network(digits: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "secret")
    with Guard() as fresh:
        fresh.check(digits.sample, digits.contract)
        folder = Path(f"/proc/{child_of(fresh)}")
        assert b"SOME_API_KEY" not in (folder / "environ").read_bytes()
        if fresh.isolated:
            interfaces = (folder / "net/dev").read_text().splitlines()[2:]
            assert [line.split(":")[0].strip() for line in interfaces] == ["lo"]
            assert (folder / "ns/net").readlink() != Path("/proc/self/ns/net").readlink()


def test_a_child_that_cannot_start_says_why(digits: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with Guard() as broken, pytest.raises(GuardError, match="did not start"):
        broken.check(digits.sample, digits.contract)
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with Guard() as broken, pytest.raises(GuardError, match="cannot start"):
        broken.check(digits.sample, digits.contract)

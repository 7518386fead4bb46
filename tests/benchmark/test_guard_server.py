"""One guard for many processes: right answers, no harm between them, and none from the server's death."""

import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from benchmark.contract import SubmissionContract, check
from benchmark.errors import GuardError
from benchmark.grade import grade
from benchmark.guard import Guard, Limits
from benchmark.guard_connection import GuardConnection
from benchmark.guard_linux import short_name, user_behind
from benchmark.guard_process import GuardProcess
from benchmark.guard_server import GuardServer
from benchmark.verdict import Code
from tests.benchmark.conftest import Practice, gone
from tests.benchmark.test_guard import HOSTILE, MEGABYTE

HEAVY = HOSTILE["only newlines"][0]
"""A submission that takes a while to judge."""


@pytest.fixture(scope="module")
def server() -> Iterator[GuardServer]:
    with GuardServer() as open_server:
        open_server.address()
        yield open_server


def kind_of(guard: Guard) -> type | None:
    child = guard._child  # pyright: ignore[reportPrivateUsage]
    return None if child is None else type(child)


def below(pid: int | None) -> list[int]:
    """The processes below one, children before grandchildren."""
    assert pid is not None
    return [process.pid for process in psutil.Process(pid).children(recursive=True)]


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return held


def test_a_server_says_what_the_functions_say(practice: Practice, server: GuardServer) -> None:
    with Guard(server=server.address()) as guard:
        for data in (practice.sample, practice.perfect, b"nonsense"):
            assert guard.check(data, practice.contract) == check(data, practice.contract)
            there = guard.grade(data, practice.competition.id, practice.folders.private)
            here = grade(data, practice.competition, practice.folders.private)
            assert there.model_copy(update={"created_at": here.created_at}) == here
        assert kind_of(guard) is GuardConnection


def test_faults_of_ours_are_told_as_by_a_child_of_its_own(
    digits: Practice, server: GuardServer, tmp_path: Path
) -> None:
    with Guard(server=server.address()) as guard:
        with pytest.raises(GuardError, match="BadData in"):
            guard.grade(digits.sample, digits.competition.id, tmp_path)
        assert guard.grade(digits.sample, digits.competition.id, digits.folders.private).valid_submission
        assert kind_of(guard) is GuardConnection


def test_two_guards_at_once_and_one_of_them_under_fire(digits: Practice, server: GuardServer) -> None:
    bombs = [HOSTILE["one giant cell"][0], HOSTILE["an open quote"][0], HOSTILE["a wide second line"][0]]
    right = grade(digits.perfect, digits.competition, digits.folders.private).score

    def attack() -> list[Code]:
        with Guard(Limits(memory=4 * MEGABYTE), server.address()) as guard:
            codes = [guard.check(bomb, digits.contract).code for bomb in bombs]
            assert kind_of(guard) is GuardConnection
            return codes

    def work() -> list[float | None]:
        with Guard(server=server.address()) as guard:
            scores = [
                guard.grade(digits.perfect, digits.competition.id, digits.folders.private).score
                for _ in range(5)
            ]
            assert kind_of(guard) is GuardConnection
            return scores

    zygote = server.pid
    with ThreadPoolExecutor(2) as pool:
        codes, scores = pool.submit(attack), pool.submit(work)
    assert codes.result()[0] is Code.INTERNAL
    assert Code.OK not in codes.result()
    assert scores.result() == [right] * 5
    server.address()
    assert server.pid == zygote


def test_what_grades_import_is_there_before_the_first(digits: Practice) -> None:
    with GuardServer() as fresh, Guard(server=fresh.address()) as guard:
        guard.check(b"", digits.contract)
        libraries = Path(f"/proc/{fresh.pid}/maps").read_text()
        assert "/pandas/" in libraries
        assert "/sklearn/metrics/" in libraries


def test_limits_are_those_of_the_request(digits: Practice, server: GuardServer) -> None:
    with Guard(Limits(seconds=0.001), server.address()) as hurried, Guard(server=server.address()) as calm:
        assert hurried.check(HEAVY, digits.contract).code is Code.INTERNAL
        assert calm.check(digits.sample, digits.contract).valid
        assert kind_of(hurried) is GuardConnection


def test_a_handler_ends_with_its_connection(digits: Practice, server: GuardServer) -> None:
    with Guard(server=server.address()) as guard:
        guard.check(digits.sample, digits.contract)
        assert below(server.pid)
    assert eventually(lambda: not below(server.pid))


def test_a_dead_server_costs_no_grade_and_is_replaced(digits: Practice) -> None:
    with GuardServer() as fresh, Guard(server=fresh.address()) as guard:
        assert guard.check(digits.sample, digits.contract).valid
        first = fresh.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert gone(first)
        assert guard.grade(digits.sample, digits.competition.id, digits.folders.private).valid_submission
        assert kind_of(guard) is GuardProcess
        with Guard(server=fresh.path) as late:
            assert late.check(digits.sample, digits.contract).valid
            assert kind_of(late) is GuardProcess
        assert eventually(lambda: fresh.address() == fresh.path and fresh.pid != first)
        with Guard(server=fresh.path) as next_one:
            assert next_one.check(digits.sample, digits.contract).valid
            assert kind_of(next_one) is GuardConnection


def test_a_handler_that_dies_at_work_costs_no_grade(digits: Practice, server: GuardServer) -> None:
    with Guard(server=server.address()) as guard, ThreadPoolExecutor(1) as pool:
        caught = threading.Event()
        code = pool.submit(keep_busy, guard, digits.contract, caught)
        handler, fork = stopped_at_work(server.pid)
        caught.set()
        os.kill(handler, signal.SIGKILL)
        assert gone(fork)
        assert code.result() is Code.ROW_COUNT
        assert kind_of(guard) is GuardProcess


def keep_busy(guard: Guard, contract: SubmissionContract, caught: threading.Event) -> Code:
    """Has a request worked at, again and again until one was caught; returns what the last one came to."""
    while True:
        code = guard.check(HEAVY, contract).code
        if caught.is_set():
            return code


def stopped_at_work(zygote: int | None) -> tuple[int, int]:
    """The handler and the fork of a request that is being worked at; the fork is stopped in its work."""
    found: list[int] = []

    def caught() -> bool:
        found[:] = below(zygote)
        if len(found) != 2:
            return False
        try:
            # It is at work once it has its limits.
            at_work = psutil.Process(found[1]).rlimit(psutil.RLIMIT_FSIZE) == (0, 0)
            os.kill(found[1], signal.SIGSTOP if at_work else 0)
        except (psutil.NoSuchProcess, ProcessLookupError):
            return False
        return at_work

    assert eventually(caught)
    return found[0], found[1]


@pytest.mark.parametrize("end", ["close", "kill"])
def test_nothing_outlives_the_server(digits: Practice, end: str) -> None:
    with GuardServer() as fresh, Guard(server=fresh.address()) as guard, ThreadPoolExecutor(1) as pool:
        caught = threading.Event()
        code = pool.submit(keep_busy, guard, digits.contract, caught)
        zygote, folder = fresh.pid, fresh.path.parent
        assert zygote is not None
        processes = (zygote, *stopped_at_work(zygote))
        caught.set()
        if end == "kill":
            os.kill(zygote, signal.SIGKILL)
        else:
            fresh.close()
            assert not folder.exists()
        assert all(map(gone, processes))
        assert code.result() is Code.ROW_COUNT


def test_everything_dies_with_the_process_that_made_the_server(digits: Practice, tmp_path: Path) -> None:
    contract, bomb = tmp_path / "contract.json", tmp_path / "bomb.csv"
    contract.write_text(digits.contract.model_dump_json())
    bomb.write_bytes(HEAVY)
    code = (
        "import sys, pathlib; from benchmark.guard import Guard; from benchmark.guard_server import *;"
        "from benchmark.contract import *; contract, bomb = map(pathlib.Path, sys.argv[1:]);"
        "c = SubmissionContract.model_validate_json(contract.read_text()); data = bomb.read_bytes();"
        "s = GuardServer(); g = Guard(server=s.address()); g.check(b'', c); print(s.pid, flush=True)\n"
        "while True: g.check(data, c)"
    )
    command = [sys.executable, "-c", code, str(contract), str(bomb)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env=os.environ | {"TMPDIR": str(tmp_path)}
    ) as made:
        assert made.stdout
        zygote = int(made.stdout.readline())
        processes = (zygote, *stopped_at_work(zygote))
        made.kill()
    assert all(map(gone, processes))


def test_only_its_user_may_connect() -> None:
    here, there = socket.socketpair()
    with here, there:
        assert user_behind(here) == os.geteuid()
    with GuardServer() as fresh:
        folder = fresh.address().parent
        assert (stat.S_IMODE(folder.stat().st_mode), folder.stat().st_uid) == (0o700, os.geteuid())
        # Only a superuser can become somebody else to try it.
        if os.geteuid() == 0:
            with pytest.raises(PermissionError):
                hello_for_nobody(fresh.path)
            for path in (folder, fresh.path):
                path.chmod(0o777)
            assert hello_for_nobody(fresh.path) == b""


def hello_for_nobody(path: Path) -> bytes:
    with socket.socket(socket.AF_UNIX) as stranger:
        os.seteuid(65534)
        try:
            stranger.connect(str(path))
        finally:
            os.seteuid(0)
        return stranger.recv(1)


def test_the_server_has_no_keys_and_its_handlers_no_network(
    digits: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "secret")
    with GuardServer() as fresh, Guard(server=fresh.address()) as guard:
        guard.check(digits.sample, digits.contract)
        assert b"SOME_API_KEY" not in Path(f"/proc/{fresh.pid}/environ").read_bytes()
        if guard.isolated:
            handler = Path(f"/proc/{below(fresh.pid)[0]}")
            assert (handler / "ns/net").readlink() != Path("/proc/self/ns/net").readlink()
            assert len((handler / "net/dev").read_text().splitlines()) == 3


def test_a_request_holds_no_way_to_other_runs(digits: Practice, server: GuardServer) -> None:
    with Guard(server=server.address()) as guard, ThreadPoolExecutor(1) as pool:
        caught = threading.Event()
        code = pool.submit(keep_busy, guard, digits.contract, caught)
        handler, fork = stopped_at_work(server.pid)
        caught.set()
        assert len({name for name in open_files(handler) if name.startswith("socket:")}) == 1
        assert not [name for name in open_files(fork) if name.startswith("socket:")]
        os.kill(fork, signal.SIGCONT)
        assert code.result() is Code.ROW_COUNT


def open_files(pid: int) -> list[str]:
    return [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()]


def test_a_long_temporary_folder_is_no_obstacle(
    digits: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path.joinpath(*["a-rather-long-name-of-a-folder"] * 8)
    deep.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with GuardServer() as fresh, Guard(server=fresh.address()) as guard:
        assert len(str(fresh.path)) > 200
        assert guard.check(digits.sample, digits.contract).valid
        assert kind_of(guard) is GuardConnection


def test_a_path_without_a_server(digits: Practice, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "none", tmp_path / "none" / "none", tmp_path / "file"):
        with Guard(server=path) as guard:
            assert guard.check(digits.sample, digits.contract).valid
            assert kind_of(guard) is GuardProcess


def test_a_server_that_never_answers(
    digits: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.guard_connection.START_SECONDS", 0.1)
    with socket.socket(socket.AF_UNIX) as deaf, Guard(server=tmp_path / "socket") as guard:
        with short_name(tmp_path / "socket") as name:
            deaf.bind(name)
        deaf.listen()
        assert guard.check(digits.sample, digits.contract).valid
        assert kind_of(guard) is GuardProcess


def test_a_handler_that_falls_silent_costs_no_grade(
    digits: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.guard.GRACE_SECONDS", 0.0)
    with GuardServer() as fresh, Guard(Limits(seconds=5), fresh.address()) as guard:
        guard.check(b"", digits.contract)
        os.kill(below(fresh.pid)[0], signal.SIGSTOP)
        assert guard.check(digits.sample, digits.contract).valid
        assert kind_of(guard) is GuardProcess


def test_a_server_that_cannot_start_or_is_closed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with GuardServer() as closed:
        pass
    with pytest.raises(GuardError, match="cannot listen"):
        closed.address()
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with GuardServer() as broken, pytest.raises(GuardError, match="cannot start"):
        broken.address()

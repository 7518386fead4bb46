"""The child in which hostile bytes are parsed: `python -s -P -m benchmark.guard_worker`, started by a guard.

It imports pandas once, leaves the network where the kernel allows it, and then forks for every request. The
fork gets limits on memory, processor time and files, works, replies through a pipe and is gone, so that no
request can touch the next one. It is no sandbox for code: it bounds what a parser can cost.
"""

import ctypes
import gc
import importlib
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from benchmark.guard_frames import MAX_REPLY, Broken, Frame, Late, pack, read, write

CLONE_NEWUSER, CLONE_NEWNET, PR_SET_PDEATHSIG = 0x10000000, 0x40000000, 1
OPEN_FILES = 32
"""Files a request may hold open: the answers and what Python opens to import a module."""


class Job(NamedTuple):
    """Something the child can be asked to do."""

    work: Callable[[Mapping[str, Any], bytes], str]
    get_ready: Callable[[Mapping[str, Any]], None]
    """Imports, before the fork, what every fork would import again."""


def _no_more(params: Mapping[str, Any]) -> None:
    """The warm-up has imported all that a check needs."""


def _import_grader(params: Mapping[str, Any]) -> None:
    from benchmark.registry import find

    metrics = importlib.import_module("benchmark.metrics")
    importlib.import_module("benchmark.grade")
    for module in metrics.NEEDS.get(find(params["competition"]).metric.name, ()):
        importlib.import_module(module)


def _check(params: Mapping[str, Any], data: bytes) -> str:
    from benchmark.contract import SubmissionContract, check

    return check(data, SubmissionContract.model_validate(params["contract"])).model_dump_json()


def _grade(params: Mapping[str, Any], data: bytes) -> str:
    from benchmark.grade import grade
    from benchmark.registry import find

    competition, private = find(params["competition"]), Path(params["private"])
    return grade(data, competition, private, submission_path=params["submission_path"]).model_dump_json()


JOBS: Mapping[str, Job] = {
    "check": Job(_check, _no_more),
    "grade": Job(_grade, _import_grader),
}


def main() -> None:
    """Serves requests from standard input until it ends."""
    _die_with_parent()
    isolated = _leave_network()
    _warm_up()
    # Frozen objects are not walked by the collector, so that a fork need not copy their pages.
    gc.freeze()
    gc.disable()
    try:
        write(1, pack({"status": "ready", "isolated": isolated}))
        while True:
            write(1, pack(_serve(read(0))))
    except Broken:
        return  # the guard is gone


def _warm_up() -> None:
    """Checks a tiny file: pandas imports half of itself at the first use, which no fork should repeat."""
    from benchmark.competition import Column
    from benchmark.contract import SubmissionContract, check

    columns = {"a": Column(kind="class", classes=("0",)), "b": Column(kind="number")}
    contract = SubmissionContract(
        competition="",
        id_column="id",
        columns=columns,
        extra_columns="rejected",
        ids=("1", "2"),
        max_bytes=99,
    )
    check(b"id,a,b\n1,0,0.5\n2,0.0,1e3\n", contract)


def _serve(request: Frame) -> dict[str, object]:
    """Forks for one request and waits for its reply, its death or its deadline."""
    job = JOBS[request.header["job"]]
    job.get_ready(request.header["params"])
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _work(job, request, writing)
    os.close(writing)
    try:
        return _await(reading, request.header["seconds"])
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reading)


def _await(reading: int, seconds: float) -> dict[str, object]:
    deadline = time.monotonic() + seconds
    # Nothing is asked of standard input but whether the guard still holds the other end.
    poll = select.poll()
    poll.register(0, 0)
    poll.register(reading, select.POLLIN)
    events = poll.poll(seconds * 1000)
    if any(handle == 0 for handle, _ in events):
        raise Broken("the guard is gone")
    try:
        return read(reading, deadline=deadline, limit=MAX_REPLY).header
    except Late:
        return {"status": "late"}
    except Broken:
        return {"status": "died"}


def _work(job: Job, request: Frame, writing: int) -> NoReturn:
    """The forked process: it never returns into the loop of its parent."""
    try:
        _die_with_parent()
        _confine(request.header["memory"], request.header["seconds"])
        reply: dict[str, object] = {
            "status": "done",
            "result": job.work(request.header["params"], request.payload),
        }
    except MemoryError:
        reply = {"status": "died"}
    # Whatever goes wrong must become a reply, or the guard could not tell a fault of ours from a dead child.
    except BaseException as error:  # noqa: BLE001
        reply = {"status": "failed", "error": f"{type(error).__name__} in {_place(error)}"}
    try:
        write(writing, pack(reply))
    finally:
        os._exit(0)


def _place(error: BaseException) -> str:
    """Where an exception was raised: a file and a line, and nothing the exception says."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def _confine(memory: int, seconds: float) -> None:
    """Limits for this process; `memory` counts from what it has mapped already."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(nothing, handle)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    whole = pages * resource.getpagesize() + memory
    for limit, value in (
        (resource.RLIMIT_AS, whole),
        (resource.RLIMIT_CPU, int(seconds) + 1),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _leave_network() -> bool:
    """Moves this process into a network of its own without any interface; false where it may not."""
    libc = ctypes.CDLL(None)
    # A superuser needs no user namespace, and would lose its right to read other users' answers in one.
    flags = (CLONE_NEWNET, CLONE_NEWUSER | CLONE_NEWNET)
    return any(libc.unshare(flag) == 0 for flag in flags)


if __name__ == "__main__":
    # Linux only: on other systems there is nothing to leave and nobody to die with.
    if sys.platform != "linux":
        sys.exit("the guard needs Linux")
    main()

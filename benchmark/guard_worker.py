"""The child in which hostile bytes are parsed: `python -s -P -m benchmark.guard_worker`, started by a guard.

It imports pandas once, leaves the network where the kernel allows it, and then forks for every request. The
fork gets limits on memory, processor time and files, works, replies through a pipe and is gone, so that no
request can touch the next one. It is no sandbox for code: it bounds what a parser can cost.

With `--listen HANDLE`, an inherited socket, it works for many guards: each connection gets a fork that does
all this and finds everything imported.
"""

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from benchmark.guard_frames import MAX_REPLY, Broken, Frame, Late, pack, read, write
from benchmark.guard_linux import confine, die_with_parent, leave_network
from benchmark.guard_zygote import accept_all

if TYPE_CHECKING:
    from benchmark.competition import Competition


class Job(NamedTuple):
    """Something the child can be asked to do."""

    work: Callable[[Mapping[str, Any], bytes], str]
    get_ready: Callable[[Mapping[str, Any]], None]
    """Imports, before the fork, what every fork would import again."""


def _expect(params: Mapping[str, Any]) -> None:
    """Reads the public sample submission, which several checks share, and imports what its kinds need."""
    from benchmark.cells import KINDS
    from benchmark.contract import SubmissionContract, expected_rows
    from benchmark.submission import function_of

    contract = SubmissionContract.model_validate(params["contract"])
    for rule in contract.columns.values():
        function_of(KINDS[rule.kind].function)
    # Should the sample be gone, the fork finds the same and says so.
    with contextlib.suppress(OSError):
        expected_rows(contract)


def _competition(params: Mapping[str, Any]) -> "Competition":
    from benchmark.versions import find_version

    return find_version(params["competition"], params["data_version"])


def _import_grader(params: Mapping[str, Any]) -> None:
    metrics = importlib.import_module("benchmark.metrics")
    importlib.import_module("benchmark.grade")
    for module in metrics.METRICS[_competition(params).metric.name].needs:
        importlib.import_module(module)


def _check(params: Mapping[str, Any], data: bytes) -> str:
    from benchmark.contract import SubmissionContract, check

    return check(data, SubmissionContract.model_validate(params["contract"])).model_dump_json()


def _grade(params: Mapping[str, Any], data: bytes) -> str:
    from benchmark.grade import grade

    competition, private = _competition(params), Path(params["private"])
    return grade(data, competition, private, submission_path=params["submission_path"]).model_dump_json()


JOBS: Mapping[str, Job] = {
    "check": Job(_check, _expect),
    "grade": Job(_grade, _import_grader),
}


def main(listener: socket.socket | None) -> None:
    """Serves requests from standard input until it ends, or in a fork for every connection."""
    die_with_parent()
    isolated = listener is None and leave_network()
    _warm_up()
    if listener is None:
        _freeze()
        _serve_all(isolated)
    else:
        _import_graders()
        _freeze()
        accept_all(listener, lambda: _serve_all(leave_network()))


def _freeze() -> None:
    # Frozen objects are not walked by the collector, so that a fork need not copy their pages.
    gc.freeze()
    gc.disable()


def _serve_all(isolated: bool) -> None:
    try:
        write(1, pack({"status": "ready", "isolated": isolated}))
        while True:
            write(1, pack(_serve(read(0))))
    except Broken:
        return  # the guard is gone


def _warm_up() -> None:
    """Reads tiny files, quickly and carefully: pandas imports half of itself at the first use."""
    import pandas as pd

    from benchmark.competition import Column
    from benchmark.contract import SubmissionContract
    from benchmark.submission import make_expected, read_submission

    columns = {"a": Column(kind="class", classes=("0",)), "b": Column(kind="number")}
    contract = SubmissionContract(
        competition="",
        id_columns=("id",),
        columns=columns,
        extra_columns="rejected",
        column_order="any",
        rows="exact",
        checks=(),
        row_count=2,
        max_bytes=99,
    )
    expected = make_expected({"id": pd.Series(["1", "2"])}, contract)
    for data in (b"id,a,b\n1,0,0.5\n2,0.0,1e3\n", b"id,a,b\n2.0,0,0.5\n1,0.0,1e3\n"):
        read_submission(data, contract, expected)


def _import_graders() -> None:
    """Imports what a grade needs, whatever its metric."""
    importlib.import_module("benchmark.grade")
    metrics = importlib.import_module("benchmark.metrics")
    for module in {module for entry in metrics.METRICS.values() for module in entry.needs}:
        # A package that is not installed concerns the grades that need it, and no other.
        with contextlib.suppress(ImportError):
            importlib.import_module(module)


def _serve(request: Frame) -> dict[str, object]:
    """Forks for one request and waits for its reply, its death or its deadline."""
    job = JOBS[request.header["job"]]
    job.get_ready(request.header["params"])
    reading, writing = os.pipe()
    worker = os.getpid()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _work(job, request, writing, worker)
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


def _work(job: Job, request: Frame, writing: int, worker: int) -> NoReturn:
    """The forked process: it never returns into the loop of its parent."""
    try:
        die_with_parent(worker)
        confine(request.header["memory"], request.header["seconds"])
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


if __name__ == "__main__":
    # Linux only: on other systems there is nothing to leave and nobody to die with.
    if sys.platform != "linux":
        sys.exit("the guard needs Linux")
    match sys.argv[1:]:
        case ["--listen", handle]:
            main(socket.socket(fileno=int(handle)))
        case _:
            main(None)

"""`python -m sandbox bench`: what calls cost, beside the same work done plainly, in one run."""

import json
import shlex
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Annotated

import typer

from sandbox import reaper
from sandbox.commands.data import make_data
from sandbox.errors import SandboxError, SandboxUnavailable
from sandbox.open import open_sandbox, resolve
from sandbox.results import Execution
from sandbox.session import Session
from sandbox.spec import IMAGE, BackendName, SandboxSpec
from sandbox.text import printable

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

ROUNDS = 50
_BATCH = 10
_CROWD = 20
_CSV_BYTES = 10 * 1000 * 1000
_DATA = "train.csv"
# Runs inside, so that both sides of the comparison have the same namespaces and the same limits.
_BARE = """\
import subprocess, sys, time
open("bare.py", "w").write("pass")
for _ in range(%d):
    began = time.perf_counter()
    subprocess.run([sys.executable, "-u", "bare.py"], stdin=-3, capture_output=True, check=True)
    print(time.perf_counter() - began)
"""
_TABLE = f"""\
with open("big.csv", "w") as file:
    file.write("id,y\\n")
    while file.tell() < {_CSV_BYTES}:
        file.write(f"{{file.tell()}},0.123456789\\n")
"""
_FLOOD = "import sys\npiece = b'x' * 1000000\nfor _ in range(%d): sys.stdout.buffer.write(piece)"


@dataclass(frozen=True, slots=True)
class Parsed:
    """The verdict of a validator that only reads the file."""

    valid: bool
    code: str
    message: str


class Parser:
    """Reads a submission as a table, as every contract does first. The contract's own work is not ours."""

    max_bytes = 2 * _CSV_BYTES

    def check(self, data: bytes) -> Parsed:
        """See `Validator.check`."""
        import pandas as pd  # here, since a command that does not need it should start at once

        rows = len(pd.read_csv(BytesIO(data)))
        return Parsed(True, "OK", f"{rows} rows")


@app.command()
def bench(
    backend: Annotated[BackendName, typer.Option(help="docker, bwrap or none.")] = "auto",
    image: Annotated[str, typer.Option(help="The Docker image.")] = IMAGE,
    rounds: Annotated[int, typer.Option(min=ROUNDS, help="Measurements behind each median.")] = ROUNDS,
    flood_gb: Annotated[
        float, typer.Option(min=0, help="Also time a script that prints so many gigabytes.")
    ] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure what calls into a sandbox cost; timings vary with the machine, comparisons less."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        figures = measure(Room(Path(folder), backend, image), rounds, flood_gb)
    if as_json:
        typer.echo(json.dumps(figures))
        return
    for name, value in figures.items():
        typer.echo(f"{name:26} {value}")


@dataclass(frozen=True, slots=True)
class Room:
    """Where the sandboxes of a measurement lie."""

    folder: Path
    backend: BackendName
    image: str

    def data(self) -> Path:
        """The folder that all of them see; made when it is not there yet."""
        folder = self.folder / "data"
        if not folder.exists():
            (make_data(folder) / _DATA).write_text("id,y\n1,2\n")
        return folder

    def open(self, name: str) -> Session:
        """A sandbox of its own."""
        data, root = self.data(), self.folder / name
        spec = SandboxSpec(backend=self.backend, image=self.image, root=root, data=data, owner="bench")
        opened = open_sandbox(spec, Parser())
        assert isinstance(opened, Session)
        return opened


def measure(room: Room, rounds: int = ROUNDS, flood_gb: float = 0.0) -> dict[str, object]:
    """All figures of one backend."""
    figures: dict[str, object] = {"backend": resolve(room.backend), "rounds": rounds}
    with closing(room.open("calls")) as box:
        figures |= {"facts": dict(box.facts)} if box.facts else {}
        figures |= _calls(box, rounds)
        figures |= _flood(box, flood_gb) if flood_gb else {}
    figures["start_to_first_command_s"] = _median(_starts(room, rounds), 1)
    return figures | crowd(room)


def _calls(box: Session, rounds: int) -> dict[str, object]:
    box.shell("true", timeout=60)
    plain = _plain_command(box)
    shell, exec_ = _side_by_side(lambda: _ok(box.shell("true", timeout=60)), plain, rounds)
    box.python("1", timeout=60)
    with _plain_kernel() as cell:
        cells, bare_cells = _side_by_side(lambda: _ok(box.python("1", timeout=60)), cell, rounds)
    scripts, bare = _scripts(box, rounds)
    shell_ms, exec_ms = _median(shell, 1000), _median(exec_, 1000)
    return {
        "shell_ms": shell_ms,
        "baseline_exec_ms": exec_ms,
        "shell_times_faster": round(exec_ms / shell_ms, 1),
        "kernel_cell_ms": _median(cells, 1000),
        "baseline_cell_ms": _median(bare_cells, 1000),
        "script_ms": _median(scripts, 1000),
        "baseline_script_ms": _median(bare, 1000),
        "script_overhead_ms": round(_median(scripts, 1000) - _median(bare, 1000), 3),
        "validate_10mb_s": _median(_validations(box, rounds), 1),
    }


def _side_by_side(
    ours: Callable[[], object], plain: Callable[[], object], rounds: int
) -> tuple[list[float], list[float]]:
    """Times of both, taken in turns, so that whatever else the machine does hits both.

    In turns of some calls each: a daemon is still busy with the end of an exec when it has answered.
    """
    times: tuple[list[float], list[float]] = [], []
    for size in _batches(rounds):
        for side, call in zip(times, (ours, plain), strict=True):
            side += [_timed(call) for _ in range(size)]
    return times


def _plain_command(box: Session) -> Callable[[], object]:
    """The same command without us: a `docker exec` into the same container, or a bash of its own."""
    command = ["bash", "-c", "true"]
    if box.backend == "docker":
        filters = [f"--filter=label={name}={value}" for name, value in reaper.labels("bench").items()]
        listing = ["docker", "ps", "--quiet", *filters]
        found = subprocess.run(listing, capture_output=True, text=True, check=True)
        command = ["docker", "exec", found.stdout.split()[0], *command]
    return lambda: subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)


@contextmanager
def _plain_kernel() -> Generator[Callable[[], object]]:
    """A cell in a kernel of this process's own, by jupyter_client alone."""
    from jupyter_client.manager import KernelManager

    manager = KernelManager(transport="ipc")
    manager.start_kernel(stderr=subprocess.DEVNULL)
    client = manager.blocking_client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=60)
        yield lambda: client.execute_interactive("1", output_hook=_ignore)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


def _ignore(message: object) -> None:
    """What a kernel says is not measured."""


def _scripts(box: Session, rounds: int) -> tuple[list[float], list[float]]:
    ours: list[float] = []
    bare: list[float] = []
    for batch in _batches(rounds):
        run: Callable[[], Execution] = lambda: _ok(  # noqa: E731 - one expression, used twice
            box.run_script("pass", directory="bench", env={}, timeout=60)
        )
        ours += [_timed(run) for _ in range(batch)]
        done = _ok(box.run_script(_BARE % batch, directory="bare", env={}, timeout=120))
        bare += map(float, done.stdout.head.split())
    return ours, bare


def _batches(rounds: int) -> list[int]:
    """So many measurements in turns of `_BATCH`."""
    return [min(_BATCH, rounds - done) for done in range(0, rounds, _BATCH)]


def _validations(box: Session, rounds: int) -> list[float]:
    """From the agent's command to the verdict in its hands, with a table of 10 MB."""
    _ok(box.run_script(_TABLE, directory="validate", env={}, timeout=120))
    client, file = f"{box.layout.home}/validate_submission.sh", f"{box.layout.code}/validate/big.csv"
    command = f"{shlex.quote(client)} {shlex.quote(file)}"
    return [_timed(lambda: _ok(box.shell(command, timeout=120))) for _ in range(rounds)]


def _flood(box: Session, gigabytes: float) -> dict[str, object]:
    megabytes = round(gigabytes * 1000)
    began = time.perf_counter()
    done = _ok(box.run_script(_FLOOD % megabytes, directory="flood", env={}, timeout=3600))
    return {
        "flood_gb": done.stdout.total / 1e9,
        "flood_s": round(time.perf_counter() - began, 2),
        "flood_kept_bytes": len(done.stdout.head) + len(done.stdout.tail),
    }


def _starts(room: Room, rounds: int) -> list[float]:
    times: list[float] = []
    for number in range(rounds):
        began = time.perf_counter()
        with closing(room.open(f"start-{number}")) as box:
            _ok(box.shell("true", timeout=60))
            times.append(time.perf_counter() - began)
    return times


def crowd(room: Room) -> dict[str, object]:
    """So many sandboxes opened at once, and all of them asked while all are open."""
    room.data()  # now, lest all of them make it at once
    with ExitStack() as stack, ThreadPoolExecutor(_CROWD) as pool:
        began = time.perf_counter()
        found = list(pool.map(partial(_one_of_many, room, stack), range(_CROWD)))
        opened_s = time.perf_counter() - began
        boxes = [box for box in found if isinstance(box, Session)]
        answers = list(pool.map(_echo, boxes, range(_CROWD)))
        faults = [fault for fault in (*found, *answers) if isinstance(fault, str)]
        sizes = [box.memory_mb() for box in boxes]
        list(pool.map(Session.close, boxes))
    return {
        "idle_mb": round(max(sizes), 1) if sizes and all(sizes) else None,
        f"parallel_{_CROWD}_ok": not faults,
        **({f"parallel_{_CROWD}_fault": faults[0]} if faults else {}),
        f"parallel_{_CROWD}_open_s": round(opened_s, 2),
    }


def _one_of_many(room: Room, stack: ExitStack, number: int) -> Session | str:
    """One that is open, or why it is not."""
    try:
        return stack.enter_context(closing(room.open(f"crowd-{number}")))
    except SandboxError as error:
        return printable(str(error))


def _echo(box: Session, number: int) -> str | None:
    """What is wrong with its answer, if anything."""
    try:
        said = box.shell(f"echo {number}", timeout=60).stdout.head
    except SandboxError as error:
        return printable(str(error))
    return None if said == f"{number}\n".encode() else f"echo {number} printed {said!r}"


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _ok(done: Execution) -> Execution:
    if done.exit_code != 0:
        words = (done.stdout.head + done.stderr.head)[-500:].decode(errors="replace")
        raise SandboxUnavailable(f"a measured call failed with {done.ended} {done.exit_code}: {words}")
    return done


def _median(times: list[float], factor: float) -> float:
    return round(factor * statistics.median(times), 3)

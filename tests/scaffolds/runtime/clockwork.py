"""A world in which time passes only where a test says so: a clock, a model and a sandbox that move it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.edits import Edit
from sandbox.protocols import BlobStore, Sandbox
from sandbox.results import ROOM, Captured, Edited, Entry, Execution, FileText, Job, Snapshot
from sandbox.spec import Layout
from scaffolds.messages import Completion, Message, Usage
from scaffolds.models.protocol import Model, ModelRequest
from scaffolds.run import Run
from scaffolds.runtime.durable import DurableRun
from scaffolds.runtime.ledger import Clock, Limits, Spent
from scaffolds.runtime.session import Session, World
from scaffolds.task import Task
from tests.scaffolds.runtime.worlds import CARD, HasRows

HOUR = 3600.0
_LAYOUT = Layout("/home", "/home/data", "/home/submission", "/home/code", "/home/logs")


@dataclass
class FakeClock:
    """Stands still unless somebody sleeps."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def stopped() -> float:
    """A clock that nobody may read."""
    raise AssertionError("a replay needs no clock")


@dataclass
class Provider:
    """A model that takes `latency_s` for each answer, and first lets the client wait as planned."""

    clock: FakeClock
    waits: Mapping[str, Sequence[float]] = field(default_factory=dict[str, Sequence[float]])
    """Seconds of each wait, by the last message."""
    latency_s: float = 90.0
    name: str = "test/provider"
    asked: int = 0

    def complete(self, request: ModelRequest) -> Completion:
        self.asked += 1
        for seconds in self.waits.get(request.messages[-1].content, ()):
            with request.waiting(f"rate limited, next try in {seconds:g} s"):
                self.clock.sleep(seconds)
        self.clock.sleep(self.latency_s)
        return Completion("go on", usage=Usage(10, 0, 5, 0), usd=0.25)


@dataclass
class Machine:
    """A sandbox whose scripts and commands are numbers: how long they run, a command in the background."""

    clock: FakeClock
    layout: Layout = _LAYOUT
    backend: str = "test"
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
    timeouts: list[float] = field(default_factory=list[float])
    """Of each script, as it was told."""
    job_ends: float = 0.0

    def shell(self, command: str, *, timeout: float) -> Execution:
        self.job_ends = self.clock.now + float(command)
        return Execution("exit", 0, Captured(), Captured(), 0.0)

    def start_job(self, command: str) -> Job:
        raise NotImplementedError

    def poll_job(self, job: int, *, wait: float = 0.0, kill: bool = False) -> Job:
        raise NotImplementedError

    def python(self, code: str, *, timeout: float) -> Execution:
        raise NotImplementedError

    def edit_file(self, path: str, edit: Edit) -> Edited:
        raise NotImplementedError

    def run_script(
        self,
        source: str | None = None,
        *,
        path: str | None = None,
        directory: str | None = None,
        env: Mapping[str, str],
        timeout: float,
    ) -> Execution:
        self.timeouts.append(timeout)
        wanted = float(source or 0)
        self.clock.sleep(min(wanted, timeout))
        if wanted > timeout:
            return Execution("timeout", None, Captured(), Captured(), timeout)
        return Execution("exit", 0, Captured(), Captured(), wanted)

    def read_file(self, path: str, *, offset: int = 0, limit: int = 65536) -> FileText:
        return FileText("", 0, False)

    def write_file(self, path: str, content: str) -> int:
        return len(content)

    def put_file(self, path: str, data: bytes) -> None: ...

    def list_files(self, path: str = ".", *, limit: int = 200) -> tuple[Entry, ...]:
        return ()

    def fetch(self, path: str, *, max_bytes: int) -> bytes:
        return b""

    def snapshot(self, store: BlobStore, room: int = ROOM, *, last: bool = False) -> Snapshot:
        return Snapshot(store.put(b"{}"), 0, 0)

    def restore(self, tree: str, store: BlobStore) -> None: ...

    def busy(self) -> bool:
        return self.clock.now < self.job_ends

    def close(self) -> None: ...


def clockwork(model: Model, machine: Sandbox, clock: Clock, hours: float = 24) -> World:
    """A world of one model and one machine for all lanes."""
    task = Task("test", "Predict y.", CARD, "a machine")
    limits = Limits(time_s=hours * HOUR)
    return World(
        task, {"main": model}, lambda lane, served, part: machine, HasRows(), limits, seed=7, clock=clock
    )


def play(folder: Path, world: World, scaffold: Callable[[Run], object]) -> Spent:
    """Run `scaffold` over the log in `folder`, as one process would; returns what was spent at the end."""
    session = Session(folder / "run", world, {})
    try:
        scaffold(DurableRun(session))
        return session.ledger.read()
    finally:
        session.close_sandboxes()
        session.log.close()


def ask(run: Run, text: str) -> str:
    return run.ask([Message("system", "rules"), Message("user", text)]).text

"""A small world for runs in tests: a real sandbox without isolation, and a model that answers by rule."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sandbox.open import open_sandbox
from sandbox.portion import Part
from sandbox.protocols import Sandbox, Validator
from sandbox.spec import SandboxSpec
from scaffolds.messages import Completion, Usage
from scaffolds.models.protocol import ModelRequest
from scaffolds.run import Run
from scaffolds.runtime.durable import DurableRun
from scaffolds.runtime.ledger import Limits
from scaffolds.runtime.session import Session, World
from scaffolds.task import Metric, Task, TaskCard

T = TypeVar("T")

CARD = TaskCard("id", "y", ("y",), "number", Metric("rmse", False), {"train": "train.csv"})


class Counter:
    """Answers with a hash of the request, and counts how often it was asked."""

    name = "test/counter"

    def __init__(self) -> None:
        self.asked = 0

    def complete(self, request: ModelRequest) -> Completion:
        self.asked += 1
        text = hashlib.sha256(f"{request.messages[-1].content}/{request.seed}".encode()).hexdigest()[:8]
        return Completion(text, usage=Usage(10, 0, 5, 0), usd=0.25)


@dataclass(frozen=True)
class Judged:
    valid: bool
    code: str
    message: str


class HasRows:
    """Accepts any file with more than one line."""

    max_bytes = 1000

    def check(self, data: bytes) -> Judged:
        good = data.count(b"\n") > 1
        return Judged(good, "OK" if good else "ROW_COUNT", "ok" if good else "there are no rows")


def world(folder: Path, model: Counter, limits: Limits | None = None) -> World:
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    (data / "train.csv").write_text("id,y\n1,2\n")

    def open_lane(lane: str, served: Validator | None, part: Part) -> Sandbox:
        return open_sandbox(SandboxSpec(backend="none", root=folder / "sandbox" / lane, data=data), served)

    task = Task("test", "Predict y.", CARD, "a machine")
    return World(task, {"main": model}, open_lane, HasRows(), limits or Limits(time_s=3600), seed=7)


def play(folder: Path, scaffold: Callable[[Run], T], model: Counter, limits: Limits | None = None) -> T:
    """Run `scaffold` over the log in `folder`, as one process would."""
    session = Session(folder / "run", world(folder, model, limits), {})
    try:
        return scaffold(DurableRun(session))
    finally:
        session.close_sandboxes()
        session.log.close()

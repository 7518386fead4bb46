"""Runs whose model says what a test wrote down, in a real sandbox."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from sandbox.open import open_sandbox
from sandbox.portion import Part
from sandbox.protocols import Sandbox, Validator
from sandbox.spec import IMAGE, BackendName, SandboxSpec
from scaffolds.messages import Completion, JsonValue, ToolCall, Usage
from scaffolds.models.protocol import ModelRequest
from scaffolds.run import Run
from scaffolds.runtime.durable import DurableRun
from scaffolds.runtime.events import Event
from scaffolds.runtime.ledger import Limits
from scaffolds.runtime.log import LogReader
from scaffolds.runtime.session import Session, World
from scaffolds.task import Metric, Task, TaskCard
from tests.scaffolds.runtime.worlds import HasRows

T = TypeVar("T")
Said = Completion | Exception | Callable[[ModelRequest], Completion]

CARD = TaskCard("id", "y", ("y",), "number", Metric("rmse", False), {"train": "train.csv"})
TASK = Task("test", "Predict y.", CARD, "a machine")


def call(tool: str, **arguments: JsonValue) -> ToolCall:
    """A call as a model writes it; its id is its tool's name."""
    return ToolCall(f"id_{tool}", tool, json.dumps(arguments))


def acts(*calls: ToolCall, text: str = "") -> Completion:
    """An answer with calls, each with an id of its own."""
    numbered = tuple(ToolCall(f"{c.id}_{n}", c.name, c.arguments) for n, c in enumerate(calls))
    return Completion(text, numbered, "tool_calls", Usage(10, 0, 5), usd=0.0)


def says(text: str) -> Completion:
    """An answer without a call."""
    return Completion(text, usage=Usage(10, 0, 5), usd=0.0)


class Scripted:
    """Gives the answers of a list, one after the other, the last for ever, and keeps what it was asked."""

    name = "test/scripted"

    def __init__(self, said: Iterable[Said]) -> None:
        self._said = list(said)
        self.requests: list[ModelRequest] = []

    def complete(self, request: ModelRequest) -> Completion:
        self.requests.append(request)
        said = self._said[min(len(self.requests), len(self._said)) - 1]
        if isinstance(said, Exception):
            raise said
        return said if isinstance(said, Completion) else said(request)

    @property
    def heard(self) -> list[str]:
        """The last message of each request that is no reminder of the budget."""
        return [
            next(m.content for m in reversed(r.messages) if not m.content.startswith("["))
            for r in self.requests
        ]


def play(
    folder: Path,
    scaffold: Callable[[Run], T],
    model: Scripted,
    *,
    backend: BackendName = "none",
    image: str = IMAGE,
    limits: Limits | None = None,
) -> T:
    """Run `scaffold` over the log in `folder`, as one process would."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    (data / "train.csv").write_text("id,y\n1,2\n")

    def open_lane(lane: str, served: Validator | None, part: Part) -> Sandbox:
        del part
        root = folder / "sandbox" / lane
        return open_sandbox(SandboxSpec(backend=backend, image=image, root=root, data=data), served)

    world = World(
        TASK, {"main": model}, open_lane, HasRows(), limits or Limits(time_s=3600, steps=100), seed=7
    )
    session = Session(folder / "run", world, {})
    try:
        return scaffold(DurableRun(session))
    finally:
        session.close_sandboxes()
        session.log.close()


def events(folder: Path, kind: str) -> Sequence[Event]:
    """The events of one type in the log that `play` left."""
    return list(LogReader(folder / "run").of_type(kind))


def fields(folder: Path, kind: str) -> list[dict[str, object]]:
    """The same with all their fields."""
    reader = LogReader(folder / "run")
    return [
        event.data | {name: reader.value(event, name) for name in event.blobs}
        for event in reader.of_type(kind)
    ]

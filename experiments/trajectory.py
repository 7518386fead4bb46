"""One run as a reader wants it: its solution tree, its steps, and what happened in each.

All of it is a fold over the event log; nothing here knows which scaffold made the run, beyond the
convention that a node is an event whose type ends in `.node`.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from experiments.state import RunState, finite
from scaffolds.runtime import events as ev
from scaffolds.runtime.events import Event
from scaffolds.runtime.log import LogReader
from scaffolds.runtime.transcript import recorded_messages

_GAPS = (ev.RUN_RESUME, ev.RUN_FORK)
"""Events before which nobody was at work."""


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node of a solution tree."""

    id: int
    parents: tuple[int, ...]
    operator: str
    status: str
    score: float | None
    source: str
    event: Event


@dataclass(slots=True)
class StepView:
    """The events of one step."""

    number: int
    events: list[Event] = field(default_factory=list[Event])

    @property
    def seconds(self) -> float:
        """Wall time from its first event to its last, without what passed before a resume or a fork."""
        gaps = zip(self.events, self.events[1:], strict=False)
        return sum(after.ts - before.ts for before, after in gaps if after.type not in _GAPS)

    def count(self, kind: str) -> int:
        """How many events of a type it has."""
        return sum(event.type == kind for event in self.events)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One model call: the messages sent and what came back; None while it is in flight."""

    request: Event
    messages: Sequence[dict[str, Any]]
    answer: dict[str, Any] | None


class Trajectory:
    """A run's log, folded."""

    def __init__(self, folder: Path) -> None:
        self.log = LogReader(folder)
        self.state = RunState()
        self.nodes: dict[int, NodeView] = {}
        self.steps: dict[int, StepView] = {}
        self._children: dict[int | None, list[int]] = defaultdict(list)
        self._roles: dict[tuple[str, int | None], str] = {}
        latest = 0
        for event in self.log.events:
            self.state.apply(event)
            # What the validation server writes belongs to no lane's step: to the one that was going on.
            latest = max(latest, event.step)
            number = latest if event.type == ev.SUBMISSION_CHECK else event.step
            self.steps.setdefault(number, StepView(number)).events.append(event)
            if event.type == ev.MODEL_REQUEST:
                self._roles[event.lane, event.n] = event.data["role"]
            if event.type.endswith(".node"):
                self._add(event)

    def children(self, node_id: int | None) -> Sequence[NodeView]:
        """Nodes made from this one, oldest first; None for the roots."""
        return [self.nodes[child] for child in self._children[node_id]]

    def walk(self) -> Iterator[tuple[NodeView, tuple[bool, ...]]]:
        """Every node below its parent; with it, for each level, whether it is the last of its siblings.

        Iterative: trees may be thousands of nodes deep.
        """
        stack = [(node, (last,)) for node, last in _marked(self.children(None))]
        while stack:
            node, lasts = stack.pop()
            yield node, lasts
            stack += [(child, (*lasts, last)) for child, last in _marked(self.children(node.id))]

    def exchanges(self, step: int) -> Iterator[Exchange]:
        """The model calls of a step."""
        if step not in self.steps:
            return
        events = self.steps[step].events
        answers = {(e.lane, e.n): e for e in events if e.type in (ev.MODEL_RESPONSE, ev.MODEL_ERROR)}
        for event in events:
            if event.type == ev.MODEL_REQUEST:
                messages = recorded_messages(self.log.events, self.log.blobs, event)
                answer = answers.get((event.lane, event.n))
                yield Exchange(event, messages, self.fields(answer) if answer else None)

    def calls(self, step: int) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
        """The tool calls of a step: the call, and its result or None."""
        if step not in self.steps:
            return
        events = self.steps[step].events
        results = {(e.lane, e.n): e for e in events if e.type == ev.TOOL_RESULT}
        for event in events:
            if event.type == ev.TOOL_CALL:
                result = results.get((event.lane, event.n))
                yield self.fields(event), self.fields(result) if result else None

    def role_of(self, answer: Event) -> str:
        """The role whose answer this is."""
        return self._roles.get((answer.lane, answer.n), "")

    def fields(self, event: Event) -> dict[str, Any]:
        """All fields of an event, wherever they are kept."""
        return event.data | {name: self.log.value(event, name) for name in event.blobs}

    def _add(self, event: Event) -> None:
        """Take in a node; a note of that name without a number is none, and an unknown parent no parent."""
        data, number = event.data, event.data.get("id")
        if not isinstance(number, int) or number in self.nodes:
            return
        named: object = data.get("parents")
        listed = cast("list[object]", named) if isinstance(named, list) else []
        parents = tuple(one for one in listed if isinstance(one, int) and one in self.nodes)
        node = NodeView(
            number,
            parents,
            str(data.get("operator", "")),
            str(data.get("status", "")),
            finite(data.get("score")),
            str(data.get("source", "")),
            event,
        )
        self.nodes[node.id] = node
        self._children[parents[0] if parents else None].append(node.id)


def _marked(nodes: Sequence[NodeView]) -> list[tuple[NodeView, bool]]:
    """Nodes in the order in which a stack gives them back oldest first; the youngest is the last sibling."""
    return [(node, position == 0) for position, node in enumerate(reversed(nodes))]

"""What a log already knows: the recorded effects of each lane, in order."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from scaffolds.errors import UserError
from scaffolds.runtime.events import (
    ANSWERS,
    LIMIT,
    MODEL_REQUEST,
    TOOL_CALL,
    TOOL_RESULT,
    WORKSPACE_SNAPSHOT,
    Event,
)


class ReplayMismatch(UserError):
    """The code asks something else than the log recorded at the same place."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One effect of a lane: `answer` is None when the process died before it came."""

    request: Event | None
    answer: Event | None


class Journal:
    """Recorded effects by lane and ordinal. Each is handed out once, then forgotten."""

    def __init__(self, events: Iterable[Event], folder: Path) -> None:
        self._folder = folder
        self._requests: dict[str, dict[int, Event]] = defaultdict(dict)
        self._answers: dict[str, dict[int, Event]] = defaultdict(dict)
        self._trees: dict[str, str] = {}
        for event in events:
            n = event.n
            answered = event.type == TOOL_RESULT or (
                event.type == WORKSPACE_SNAPSHOT and "last" in event.data
            )
            if answered and (tree := event.data.get("tree")):
                self._trees[event.lane] = tree
            if n is None:
                continue
            if event.type in ANSWERS:
                self._answers[event.lane][n] = event
            else:
                self._requests[event.lane][n] = event

    def tree(self, lane: str) -> str | None:
        """The workspace of `lane` after its last answered call, or as it was frozen at the end."""
        return self._trees.get(lane)

    def in_flight(self) -> int:
        """How many requests have no answer although their kind gets one."""
        return sum(
            n not in self._answers[lane] and event.type in (MODEL_REQUEST, TOOL_CALL)
            for lane, requests in list(self._requests.items())
            for n, event in requests.items()
        )

    def take(
        self, lane: str, n: int, kind: str, digest: str, explain: Callable[[Event], str]
    ) -> Recorded | None:
        """The record at this place, or None when the log ends before it.

        Raises:
            ReplayMismatch: it holds another request; `explain` says what differs.
        """
        request = self._requests[lane].pop(n, None)
        answer = self._answers[lane].pop(n, None)
        present = request or answer
        if present is None:
            return None
        same_kind = present.type in (kind, LIMIT)
        if not same_kind or present.digest != digest:
            what = explain(present) if same_kind else f"recorded: {present.type}, now: {kind}"
            raise ReplayMismatch(
                f"the code or a prompt changed since this run began: lane {lane}, effect {n} "
                f"(event {present.seq}) differs from its record.\n{what}\n"
                "Restore the old code to go on, or fork the run before this event: "
                f"python -m experiments.fork {quote(str(self._folder))} --at {present.seq} "
                f"--out {quote(f'{self._folder}-fork')}"
            )
        return Recorded(request, answer)

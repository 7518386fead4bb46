"""What a log already knows: the recorded effects of each lane, in order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scaffolds.errors import UserError
from scaffolds.runtime.events import ANSWERS, LIMIT, TOOL_RESULT, Event


class ReplayMismatch(UserError):
    """The code asks something else than the log recorded at the same place."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One effect of a lane: `answer` is None when the process died before it came."""

    request: Event | None
    answer: Event | None


class Journal:
    """Recorded effects by lane and ordinal. Each is handed out once, then forgotten."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._requests: dict[tuple[str, int], Event] = {}
        self._answers: dict[tuple[str, int], Event] = {}
        self._trees: dict[str, tuple[int, str]] = {}
        for event in events:
            if event.n is None:
                continue
            if event.type in ANSWERS:
                self._answers[event.lane, event.n] = event
            else:
                self._requests[event.lane, event.n] = event
            if event.type == TOOL_RESULT and (tree := event.data.get("tree")):
                self._trees[event.lane] = (event.n, tree)

    def tree(self, lane: str) -> str | None:
        """The workspace of `lane` after its last answered call."""
        found = self._trees.get(lane)
        return found[1] if found else None

    def in_flight(self) -> int:
        """How many requests have no answer although their kind gets one."""
        answered = self._answers
        return sum(
            key not in answered and event.type in ("model.request", "tool.call")
            for key, event in self._requests.items()
        )

    def take(
        self, lane: str, n: int, kind: str, digest: str, explain: Callable[[Event], str]
    ) -> Recorded | None:
        """The record at this place, or None when the log ends before it.

        Raises:
            ReplayMismatch: it holds another request; `explain` says what differs.
        """
        request = self._requests.pop((lane, n), None)
        answer = self._answers.pop((lane, n), None)
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
                f"python -m experiments.fork RUN --at {present.seq}"
            )
        return Recorded(request, answer)

"""When an agent goes in circles: decided by what it calls and by what comes of it, never by calls alone.

Looking again and again at something that changes is no circle, and neither is waiting.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import orjson

from scaffolds.codeact.waiting import cell_waits, shell_waits
from scaffolds.messages import ToolCall
from scaffolds.tools import ToolResult

SAME_RESULT = 4
"""The same call with the same result, so many times in a row (OpenHands' figure)."""
ALTERNATING = 6
"""Calls that take turns, A-B-A-B-A-B, each always with its own result (OpenHands' figure)."""
SAME_WORDS = 3
"""The same answer without a call, so many times in a row (OpenHands' figure)."""
MEMORY = 20
"""Calls after a nudge within which a second circle ends the run; after that the agent got out of it."""

Rule = Literal["same_result", "alternating", "same_words"]

_Done = tuple[str, str, str]
"""Tool, arguments, output."""


@dataclass(slots=True)
class Circles:
    """Watches one run. Tell it what happens; it says which rule fires, and whether for the second time."""

    nudged: bool = False
    """Whether the agent was told of a circle not long ago."""
    _done: list[_Done] = field(default_factory=list[_Done])
    """The last calls with their results."""
    _words: list[str] = field(default_factory=list[str])
    _since: int = 0
    """Calls since the nudge."""

    def called(self, call: ToolCall, result: ToolResult) -> None:
        """A call and what came of it."""
        self._words.clear()
        self._since += 1
        if self.nudged and self._since > MEMORY:
            self.nudged = False
        if is_wait(call, result):
            self._done.clear()
        else:
            now = (call.name, _canonical(call.arguments), result.text)
            self._done = [*self._done[1 - ALTERNATING :], now]

    def spoke(self, text: str) -> None:
        """An answer without a call."""
        self._done.clear()
        self._words = [*self._words[1 - SAME_WORDS :], text]

    def rule(self) -> Rule | None:
        """The rule that fires now."""
        if _all_equal(self._done[-SAME_RESULT:], SAME_RESULT):
            return "same_result"
        if _alternate(self._done[-ALTERNATING:]):
            return "alternating"
        return "same_words" if _all_equal(self._words, SAME_WORDS) else None

    def nudge(self) -> None:
        """The agent is told; what it does from now on counts anew."""
        self._done.clear()
        self._words.clear()
        self.nudged, self._since = True, 0


def is_wait(call: ToolCall, result: ToolResult) -> bool:
    """Whether a call waited, or looked after a job that still runs: that may well show the same for hours."""
    if not result.ok:
        return False
    match call.name:
        case "shell_poll":
            return result.data.get("running") is True
        case "shell":
            return shell_waits(_argument(call, "command"))
        case "python":
            return cell_waits(_argument(call, "code"))
        case _:
            return False


def _argument(call: ToolCall, name: str) -> str:
    try:
        value: Any = orjson.loads(call.arguments)
    except orjson.JSONDecodeError:
        return ""
    arguments = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    return str(arguments.get(name, ""))


def _canonical(arguments: str) -> str:
    try:
        return orjson.dumps(orjson.loads(arguments), option=orjson.OPT_SORT_KEYS).decode()
    except orjson.JSONDecodeError:
        return arguments


def _all_equal(items: Sequence[object], count: int) -> bool:
    return len(items) == count and len(set(items)) == 1


def _alternate(done: Sequence[_Done]) -> bool:
    return (
        len(done) == ALTERNATING
        and len(set(done[::2])) == 1
        and len(set(done[1::2])) == 1
        and done[0] != done[1]
    )

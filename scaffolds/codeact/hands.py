"""Calls carried out: within the time there is, and with a second thought before the end."""

from collections.abc import Mapping
from dataclasses import dataclass

from scaffolds.calls import BadCall, read_arguments
from scaffolds.messages import JsonValue, ToolCall
from scaffolds.prompts import Prompts
from scaffolds.run import Run
from scaffolds.runtime.arguments import DEFAULT_TIMEOUT_S
from scaffolds.task import SUBMISSION_PATH
from scaffolds.tools import ToolResult, ToolSpec

_NOT_DONE = "Not carried out: the work is ended."


@dataclass(slots=True)
class Hands:
    """Carries out the calls of one run."""

    run: Run
    prompts: Prompts
    tools: Mapping[str, ToolSpec]
    """Those that the model is offered."""
    cap_s: float
    """Most seconds of one call."""
    reserve_s: float
    """Seconds at the end that no call may use."""
    check_finish: bool
    """Whether to ask once before the work is ended without a submission."""
    finished: str | None = None
    """The summary with which the work was ended."""

    def perform(self, call: ToolCall) -> ToolResult:
        """Carry out one call; whatever is wrong with it is a result.

        Raises:
            LimitReached: a budget is used up; let it pass through.
        """
        if self.finished is not None:
            return ToolResult(False, _NOT_DONE)
        arguments = read_arguments(self.tools, call)
        if isinstance(arguments, BadCall):
            return ToolResult(False, arguments.text, {"fault": arguments.fault})
        if call.name == "finish":
            return self._finish(arguments)
        return self.run.call(call.name, **self._in_time(call.name, arguments))

    def _finish(self, arguments: Mapping[str, JsonValue]) -> ToolResult:
        if self.check_finish and not self.run.call("read_file", path=SUBMISSION_PATH, limit=1).ok:
            self.check_finish = False
            self.run.note("codeact.finish_refused", reason="no submission")
            return ToolResult(False, self.prompts.render("no_submission").strip())
        done = self.run.call("finish", **arguments)
        self.finished = str(arguments.get("summary", ""))
        return done

    def _in_time(self, tool: str, arguments: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """The arguments with a time limit that leaves the reserve untouched."""
        most = max(0.1, min(self.cap_s, self.run.budget.left().seconds - self.reserve_s))
        if "timeout" in self.tools[tool].parameters:
            asked = arguments.get("timeout")
            wanted = asked if isinstance(asked, int | float) and asked > 0 else DEFAULT_TIMEOUT_S
            arguments["timeout"] = round(min(wanted, most), 1)
        if isinstance(wait := arguments.get("wait"), int | float):
            arguments["wait"] = round(min(wait, most), 1)
        return arguments

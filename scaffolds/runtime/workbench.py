"""A lane's sandbox over time: opened when first needed, restored when lost, copied after each call."""

from collections.abc import Mapping

from sandbox.errors import SandboxLost
from scaffolds.messages import JsonValue
from scaffolds.runtime import events as ev
from scaffolds.runtime.lane import Lane
from scaffolds.runtime.toolbox import Answer, Toolbox
from scaffolds.tools import ToolResult

CALL_ATTEMPTS = 2
"""A call whose sandbox dies is tried once more in a restored one: a killer script costs two runs, not all."""

RESTARTED = (
    "[The machine was restarted since your last command: files are as they were (very large ones may be "
    "missing), but shell variables, the working directory and background jobs are gone.]\n"
)

_READ_ONLY = frozenset({"read_file", "list_files", "validate_submission"})


class Workbench:
    """Performs the live tool calls of one lane."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._toolbox: Toolbox | None = None
        self._say_restarted = False
        self.tree = lane.session.journal.tree(lane.name)
        """The workspace after the last answered call, as a hash in the blob store."""

    def perform(self, tool: str, arguments: Mapping[str, JsonValue]) -> Answer:
        """Use a tool; when the sandbox dies, once more in a restored one. `tree` is then up to date."""
        for attempt in range(CALL_ATTEMPTS):
            try:
                return self._told_of_restart(tool, self._use(tool, arguments))
            except SandboxLost as error:
                self._lane.session.go_live()
                self._lane.append(ev.SANDBOX_LOST, {"reason": str(error), "attempt": attempt})
                self._lane.session.drop_sandbox(self._lane.name)
                self._toolbox = None
        text = "The machine died while running this, twice. Files are as they were before the call."
        return Answer(ToolResult(False, text, {"ended": "lost"}))

    def _use(self, tool: str, arguments: Mapping[str, JsonValue]) -> Answer:
        toolbox = self._open()
        left_s = self._lane.session.ledger.left().seconds
        if tool == "run_script":
            self._lane.append(ev.EXEC_START, {"left_s": round(left_s, 1)})
        answer = toolbox.call(tool, arguments, left_s)
        if tool == "run_script":
            facts = answer.result.data
            ending = {"ended": facts.get("ended"), "exit_code": facts.get("exit_code")}
            self._lane.append(ev.EXEC_END, ending)
        if tool not in _READ_ONLY:
            self.snapshot()
        return answer

    def _open(self) -> Toolbox:
        session = self._lane.session
        if self._toolbox is not None and session.sandbox(self._lane.name) is not None:
            return self._toolbox
        sandbox = session.open_sandbox(self._lane.name)
        if self.tree is not None:
            sandbox.restore(self.tree, session.log.blobs)
            self._say_restarted = True
        self._lane.append(ev.SANDBOX_OPEN, {"backend": sandbox.backend, "restored": self.tree})
        self._toolbox = Toolbox(sandbox, session.world.validator, session.world.hidden_tools)
        return self._toolbox

    def snapshot(self) -> None:
        """Copy what changed in the workspace into the blob store."""
        sandbox = self._lane.session.sandbox(self._lane.name)
        if sandbox is None:
            return
        taken = sandbox.snapshot(self._lane.session.log.blobs)
        if taken.tree != self.tree:
            self.tree = taken.tree
            facts = {"files": taken.files, "bytes": taken.bytes, "skipped": list(taken.skipped[:20])}
            self._lane.append(ev.WORKSPACE_SNAPSHOT, {"tree": taken.tree, **facts})

    def _told_of_restart(self, tool: str, answer: Answer) -> Answer:
        """Shell state is the only thing that a restored sandbox lacks; the agent hears it there."""
        if tool != "shell" or not self._say_restarted:
            return answer
        self._say_restarted = False
        self._lane.append(ev.SHELL_RESTART, {})
        result = answer.result
        told = ToolResult(result.ok, RESTARTED + result.text, result.data)
        return Answer(told, answer.streams, answer.execution, answer.submission)

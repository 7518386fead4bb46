"""A lane's sandbox over time: opened when first needed, restored when lost, copied after each call."""

from collections.abc import Mapping
from dataclasses import replace

from sandbox.errors import SandboxLost
from sandbox.protocols import Sandbox
from scaffolds.messages import JsonValue
from scaffolds.runtime import events as ev
from scaffolds.runtime.answers import Answer, said
from scaffolds.runtime.keeping import Keeping
from scaffolds.runtime.lane import Lane
from scaffolds.runtime.toolbox import Toolbox

CALL_ATTEMPTS = 2
"""A call whose sandbox dies is tried once more in a restored one: a killer script costs two runs, not all."""

RESTARTED = (
    "[The machine was restarted since your last command: files are as they were (very large ones may be "
    "missing), but variables of shell and Python, the working directory and background jobs are gone.]\n"
)

_READ_ONLY = frozenset({"read_file", "list_files", "validate_submission", "keep_file", "think", "finish"})
_WITH_STATE = frozenset({"shell", "shell_poll", "python"})
"""Tools whose answers depend on more than files."""


class Workbench:
    """Performs the live tool calls of one lane."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        world = lane.session.world
        self._keeping = Keeping(lane.session.log.blobs)
        self._toolbox = Toolbox(self._sandbox, world.validator, self._keeping, world.hidden_tools)
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
        text = "The machine died while running this, twice. Files are as they were before the call."
        return said(text, ok=False, ended="lost")

    def _use(self, tool: str, arguments: Mapping[str, JsonValue]) -> Answer:
        left_s = self._lane.session.ledger.left().seconds
        if tool == "run_script":
            self._sandbox()  # the script's start is told after that of the machine
            self._lane.append(ev.EXEC_START, {"left_s": round(left_s, 1)})
        answer = self._toolbox.call(tool, arguments, left_s)
        self._tell(tool, answer.result.data)
        if tool not in _READ_ONLY:
            self.snapshot()
        return answer

    def _tell(self, tool: str, facts: Mapping[str, JsonValue]) -> None:
        ending = {"ended": facts.get("ended"), "exit_code": facts.get("exit_code")}
        if tool == "run_script":
            self._lane.append(ev.EXEC_END, ending)
        elif tool == "shell" and "job" in facts:
            self._lane.append(ev.JOB_START, {"job": facts["job"]})
        elif tool == "shell_poll" and facts.get("running") is False:
            self._lane.append(ev.JOB_END, {"job": facts["job"], **ending})

    def _sandbox(self) -> Sandbox:
        session = self._lane.session
        if (opened := session.sandbox(self._lane.name)) is not None:
            return opened
        sandbox = session.open_sandbox(self._lane.name)
        if self.tree is not None:
            sandbox.restore(self.tree, session.log.blobs)
            self._say_restarted = True
        facts = {"backend": sandbox.backend, "restored": self.tree, **sandbox.facts}
        self._lane.append(ev.SANDBOX_OPEN, facts)
        return sandbox

    def snapshot(self, *, last: bool = False) -> None:
        """Copy what changed in the workspace into the blob store; with `last`, what will be graded."""
        sandbox = self._lane.session.sandbox(self._lane.name)
        if sandbox is None:
            return
        blobs = self._lane.session.log.blobs
        taken = sandbox.snapshot(blobs, self._keeping.room, last=last)
        if taken.tree != self.tree:
            self.tree = taken.tree
            facts = {"files": taken.files, "bytes": taken.bytes, "skipped": list(taken.skipped[:20])}
            facts |= {"last": True} if last else {}
            self._lane.append(ev.WORKSPACE_SNAPSHOT, {"tree": taken.tree, **facts})

    def _told_of_restart(self, tool: str, answer: Answer) -> Answer:
        """A restored sandbox lacks the state of shell, kernel and jobs; the agent hears it there, once."""
        if tool not in _WITH_STATE or not self._say_restarted:
            return answer
        self._say_restarted = False
        self._lane.append(ev.KERNEL_RESTART if tool == "python" else ev.SHELL_RESTART, {})
        result = answer.result
        return replace(answer, result=replace(result, text=RESTARTED + result.text))

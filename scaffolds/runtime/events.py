"""The vocabulary of the event log and the shape of one event.

Readers fold over events by `type`; a type that a reader does not know is skipped. Scaffolds add
types of their own through `Run.note` (`aide.node`), always with a dot and never one of these.
"""

from dataclasses import dataclass, field
from typing import Any

SCHEMA_VERSION = 1

RUN_START = "run.start"  # task, scaffold and its config, models, limits, backend, seed
RUN_RESUME = "run.resume"  # a later process goes on: calls in flight, seconds already used
RUN_FORK = "run.fork"  # the events before this one were copied from another run
RUN_END = "run.end"  # outcome, summary, the score that the scaffold claims, totals
MODEL_REQUEST = "model.request"  # role, model, messages, tools, settings
MODEL_RESPONSE = "model.response"  # text, tool calls, stop, usage, cost, latency
MODEL_ERROR = "model.error"  # an answer too: the request cannot be served, and will not on a replay
TOOL_CALL = "tool.call"  # name and arguments
TOOL_RESULT = "tool.result"  # what the agent was shown, facts, the workspace tree afterwards
EXEC_START = "exec.start"  # a script starts
EXEC_END = "exec.end"  # how it ended
SANDBOX_OPEN = "sandbox.open"  # backend, image and engine where there are such, restored tree
SANDBOX_LOST = "sandbox.lost"  # it died; the next call gets a fresh one
SHELL_RESTART = "shell.restart"  # shell state is gone and the agent is told
KERNEL_RESTART = "kernel.restart"  # the same, told with a cell
JOB_START = "job.start"  # a command begins in the background
JOB_END = "job.end"  # it was seen to have ended
WORKSPACE_SNAPSHOT = "workspace.snapshot"  # the files changed: tree, counts, what was left out; the last?
SUBMISSION_CHECK = "submission.check"  # hash and verdict code of a validation, by `tool` or `server`
SUBMISSION_SAVED = "submission.saved"  # hash and size of the submission that will be graded
STEP_START = "step.start"  # the scaffold begins a step
LIMIT = "limit"  # an answer too: the call was not made because a budget is used up
LANE_START = "lane.start"  # a parallel worker begins
LANE_DONE = "lane.done"  # the worker that finished next, as the scaffold was told
WAIT_START = "wait.start"  # a model's provider does not serve the lane: why, whether the clock now stands
WAIT_END = "wait.end"  # it is over; missing where the process died, so a `run.resume` ends all waits

ANSWERS = frozenset({MODEL_RESPONSE, MODEL_ERROR, TOOL_RESULT, LIMIT, STEP_START})
"""Types that answer a request: the event before with the same lane and ordinal, where there is one."""


RESERVED = frozenset(
    {
        "run",
        "model",
        "tool",
        "exec",
        "sandbox",
        "shell",
        "kernel",
        "job",
        "workspace",
        "submission",
        "step",
        "limit",
        "lane",
        "wait",
    }
)
"""First words of the types above: a scaffold's notes may not begin with them."""


@dataclass(slots=True)
class Event:
    """One line of `events.jsonl`.

    Attributes:
        seq: position in the log, from 0.
        ts: wall clock, seconds since the epoch.
        mono: monotonic clock of the writing process, seconds.
        lane: which worker; `main` is the scaffold's own thread.
        n: ordinal of the effect in its lane; None for events that a replay does not match.
        step: the scaffold's step count when it was written.
        digest: hash of a request, to compare it with the replay's.
        data: small values.
        blobs: larger values, by field name: hash (or list of hashes) of their JSON in the blob store.
    """

    seq: int
    ts: float
    mono: float
    type: str
    lane: str = "main"
    n: int | None = None
    step: int = 0
    digest: str | None = None
    data: dict[str, Any] = field(default_factory=dict[str, Any])
    blobs: dict[str, str | list[str]] = field(default_factory=dict[str, str | list[str]])

    def record(self) -> dict[str, Any]:
        """As it is written."""
        line: dict[str, Any] = {
            "v": SCHEMA_VERSION,
            "seq": self.seq,
            "ts": self.ts,
            "mono": self.mono,
            "type": self.type,
            "lane": self.lane,
            "step": self.step,
        }
        for key in ("n", "digest"):
            if (value := getattr(self, key)) is not None:
                line[key] = value
        if self.data:
            line["data"] = self.data
        if self.blobs:
            line["blobs"] = self.blobs
        return line

    @classmethod
    def parse(cls, line: dict[str, Any]) -> "Event":
        """The inverse of `record`."""
        return cls(
            line["seq"],
            line["ts"],
            line["mono"],
            line["type"],
            line["lane"],
            line.get("n"),
            line["step"],
            line.get("digest"),
            line.get("data") or {},
            line.get("blobs") or {},
        )

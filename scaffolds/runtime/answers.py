"""What a sandbox returned, put into words for an agent and facts for its scaffold."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.results import Captured, Edited, Ended, Execution, Image, Job
from sandbox.text import agent_view, printable
from scaffolds.messages import JsonValue
from scaffolds.tools import ToolResult


@dataclass(frozen=True, slots=True)
class Answer:
    """A tool's result, and what only the log keeps of it."""

    result: ToolResult
    streams: Mapping[str, Captured] = field(default_factory=dict[str, Captured])
    images: tuple[Image, ...] = ()
    execution: Execution | None = None
    submission: str | None = None
    """SHA-256 of a file that was validated."""


def said(text: str, *, ok: bool = True, **facts: JsonValue) -> Answer:
    """An answer that is words alone."""
    return Answer(ToolResult(ok, text, facts))


def executed(done: Execution, streams: Mapping[str, Captured]) -> Answer:
    """How a command, script or cell ended, with what it printed."""
    parts = [agent_view(captured) for captured in streams.values() if captured.total]
    parts += [*done.notes, _ending(done.ended, done.exit_code)]
    facts: dict[str, JsonValue] = {
        "ended": done.ended,
        "exit_code": done.exit_code,
        "wall_s": round(done.wall_s, 3),
        "cpu_s": round(done.cpu_s, 3),
        "peak_mb": round(done.peak_mb, 1),
        "cwd": done.cwd,
        "bytes": sum(captured.total for captured in streams.values()),
    }
    text = "\n".join(part.rstrip("\n") for part in parts)
    result = ToolResult(done.ended == "exit" and done.exit_code == 0, text, facts)
    return Answer(result, streams, done.images, done)


def started(job: Job) -> Answer:
    """A job that has just begun."""
    text = f"Job {job.number} runs in the background; shell_poll shows its output, which goes to {job.log}."
    return Answer(ToolResult(True, _joined([*job.notes, text]), _facts(job)))


def polled(job: Job) -> Answer:
    """A job as of one look."""
    parts = [agent_view(job.output)] if job.output.total else []
    ending = f"[job {job.number} has run for {job.wall_s:.0f} s and still runs]"
    if job.ended is not None:
        ending = _ending(job.ended, job.exit_code)
    return Answer(
        ToolResult(job.running or job.exit_code == 0, _joined([*parts, *job.notes, ending]), _facts(job)),
        {"output": job.output},
    )


def edited(path: str, edit: Edited) -> Answer:
    """A file after an edit."""
    if edit.gone:
        return said(f"{printable(path)} is gone: what was taken back had made it.", gone=True)
    parts = [f"{printable(path)} after the edit:", printable(edit.window)]
    parts += [f"[fault: {printable(edit.lint)}]"] if edit.lint else []
    return said(_joined(parts), lint=edit.lint or None)


def _facts(job: Job) -> dict[str, JsonValue]:
    return {
        "job": job.number,
        "running": job.running,
        "ended": job.ended,
        "exit_code": job.exit_code,
        "log": printable(job.log),
        "wall_s": round(job.wall_s, 3),
    }


def _joined(parts: list[str]) -> str:
    return "\n".join(part.rstrip("\n") for part in parts)


def _ending(ended: Ended, exit_code: int | None) -> str:
    if ended == "timeout":
        return "[stopped: it ran past its time limit]"
    if ended == "signal":
        return f"[killed by signal {-(exit_code or 0)}]"
    return f"[exit code {exit_code}]"

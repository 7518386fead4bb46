"""What came out of a sandbox, attack by attack, as the run's own log has it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import orjson

from experiments.attest.trial import Trial
from sandbox import tree
from scaffolds.runtime import events as ev
from scaffolds.runtime.events import Event
from scaffolds.runtime.log import LogReader

NOTE = "adversary.attack"
_NOTED = ("id", "tried", "reason", "claims", "works")
_BLOBS = 64 << 20
"""Bytes of new files that are looked at after one attack."""


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call and what came of it."""

    tool: str
    ok: bool
    text: str
    facts: dict[str, Any]
    streams: bytes
    passed_s: float
    """Between question and answer, by the host's clock."""


@dataclass(slots=True)
class Trace:
    """One attack."""

    id: str
    calls: list[Call] = field(default_factory=list[Call])
    """The last is the harmless script."""
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """What is new in the workspace, by path; what is large, in part."""
    links: list[str] = field(default_factory=list[str])
    checks: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Submissions that were judged."""
    lost: list[str] = field(default_factory=list[str])
    """Why its sandboxes died."""
    note: dict[str, Any] = field(default_factory=dict[str, Any])
    """The red team's own words; empty where it did not come to the end of it."""

    def everything(self) -> Iterator[bytes]:
        """All bytes that the sandbox could put into."""
        for call in self.calls:
            yield call.text.encode(errors="replace")
            yield call.streams
            yield orjson.dumps(call.facts)
        yield from self.files.values()
        yield "\n".join(chain(self.files, self.links, self.lost)).encode(errors="replace")
        yield orjson.dumps(self.checks)


def traces(trial: Trial) -> dict[str, Trace]:
    """Every attack of a run by its id; a step is an attack."""
    log = LogReader(trial.folder)
    found = {name: Trace(name) for name in trial.attacks}
    asked: dict[int, Event] = {}
    seen: set[str] = set()
    for event in log.events:
        if not 1 <= event.step <= len(trial.attacks):
            continue
        trace = found[trial.attacks[event.step - 1]]
        match event.type:
            case ev.TOOL_CALL if event.n is not None:
                asked[event.n] = event
            case ev.TOOL_RESULT if event.n is not None:
                trace.calls.append(_call(log, asked[event.n], event))
                _add_files(log, trace, log.value(event, "tree"), seen)
            case ev.SUBMISSION_CHECK:
                trace.checks.append(event.data)
            case ev.SANDBOX_LOST:
                trace.lost.append(str(log.value(event, "reason")))
            case kind:
                if kind == NOTE:
                    trace.note = {name: log.value(event, name) for name in _NOTED}
    return found


def _call(log: LogReader, asked: Event, answered: Event) -> Call:
    streams: dict[str, str] = log.value(answered, "streams") or {}
    images: list[dict[str, str]] = log.value(answered, "images") or []
    digests = [*streams.values(), *(image["sha256"] for image in images)]
    return Call(
        log.value(asked, "tool"),
        bool(log.value(answered, "ok")),
        str(log.value(answered, "text", "")),
        log.value(answered, "facts") or {},
        b"".join(map(log.blobs.get, digests)),
        answered.mono - asked.mono,
    )


def _add_files(log: LogReader, trace: Trace, digest: str | None, seen: set[str]) -> None:
    if digest is None or digest in seen:
        return
    seen.add(digest)
    room = _BLOBS
    for row in tree.load(log.blobs.get(digest)):
        if isinstance(row, tree.Link):
            trace.links.append(f"{row.path} -> {row.target}")
        if not isinstance(row, tree.File):
            continue
        new = [chunk for chunk in row.chunks if chunk not in seen]
        seen.update(new)
        content = b"".join(log.blobs.get(chunk) for chunk in new[: max(0, room // tree.CHUNK)])
        room -= len(content)
        if new or row.path not in trace.files:
            trace.files[row.path] = trace.files.get(row.path, b"") + content

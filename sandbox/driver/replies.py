"""What the driver answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

from sandbox.driver.capture import Stream


class Refused(Exception):
    """The agent's request cannot be met; the text is for the agent and names only its own path."""


class Reply(NamedTuple):
    """A frame's content, before it is encoded."""

    fields: Mapping[str, object]
    chunks: tuple[bytes, ...] = ()

    def with_notes(self, notes: Sequence[str]) -> Reply:
        """Put `notes` before those that an outcome has."""
        return Reply(
            {**self.fields, "notes": [*notes, *cast("list[str]", self.fields["notes"])]}, self.chunks
        )


class Outcome(NamedTuple):
    """How a command or script ended, as it goes over the wire."""

    ended: str
    """`exit`, `signal` or `timeout`."""
    code: int | None
    cwd: str
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    notes: tuple[str, ...] = ()

    def reply(self, *streams: Stream) -> Reply:
        """Put the outcome and its output into a reply."""
        fields = {
            **self._asdict(),
            "notes": list(self.notes),
            "totals": [stream.total for stream in streams],
            "paths": [stream.path for stream in streams],
            "mimes": [],
        }
        return Reply(fields, tuple(part for stream in streams for part in (stream.head, stream.tail)))

"""The host's end of the pipe: one request, one answer, and no trust in what comes back."""

import threading
import time
from collections.abc import Mapping
from typing import NamedTuple

from sandbox.driver import frames
from sandbox.errors import PathRefused, SandboxLost
from sandbox.protocols import Channel
from sandbox.text import printable

_MAX_REFUSAL = 2000


class Answer(NamedTuple):
    """A driver's answer, within the limits of a frame; what it says is still the agent's claim."""

    header: frames.Header
    chunks: list[bytes]


class Wire:
    """Requests over a channel, one at a time."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._lock = threading.Lock()
        self._number = 0
        self._lost: str | None = None

    def ask(self, op: str, fields: Mapping[str, object], payload: bytes = b"", *, timeout: float) -> Answer:
        """Send a request and wait for its answer.

        Args:
            op: the operation's name.
            fields: what goes into the header, besides the name.
            payload: bytes that go with it.
            timeout: seconds until the driver counts as dead.

        Raises:
            PathRefused: the driver refused; the text is for the agent.
            SandboxLost: no answer in time, or one that breaks the protocol.
            ValueError: the request itself is too large to send.
        """
        with self._lock:
            if self._lost is not None:
                raise SandboxLost(self._lost)
            self._number += 1
            frame = _encode({**fields, "op": op, "id": self._number}, payload)
            try:
                self._channel.write(frame)
                answer = self._receive(time.monotonic() + timeout)
                refusal = answer.header.text("refused") if "refused" in answer.header else None
            except (SandboxLost, frames.FrameError) as error:
                self._channel.kill()
                self._lost = f"the sandbox is lost during {op!r}: {error}; {self._channel.diagnose()}"
                raise SandboxLost(self._lost) from error
        if refusal is not None:
            raise PathRefused(printable(refusal[:_MAX_REFUSAL]))
        return answer

    def lose(self, error: frames.FrameError) -> SandboxLost:
        """Give the sandbox up for an answer whose content is wrong; returns what to raise."""
        self._channel.kill()
        self._lost = f"the sandbox is lost: {error}"
        return SandboxLost(self._lost)

    def busy(self) -> bool:
        """Whether something is still to be answered, or runs without being asked for."""
        return self._lost is None and (self._lock.locked() or self._channel.busy())

    def close(self) -> None:
        """End everything inside."""
        self._channel.kill()
        self._lost = self._lost or "the sandbox is closed"

    def _receive(self, deadline: float) -> Answer:
        sizes = frames.lengths(self._channel.read(frames.PREFIX.size, deadline))
        header = frames.decode(self._channel.read(sizes.header, deadline))
        payload = self._channel.read(sizes.payload, deadline)
        if header.integer("id") != self._number:
            raise frames.FrameError("an answer to a question that was not asked")
        return Answer(header, frames.split(header, payload))


def _encode(fields: Mapping[str, object], payload: bytes) -> bytes:
    try:
        return frames.encode(fields, (payload,))
    except frames.FrameError as error:
        raise ValueError(f"a request to the sandbox is too large: {error}") from None

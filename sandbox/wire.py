"""The host's end of the pipe: one request, one answer, and no trust in what comes back.

A thread reads all that the driver sends, since the agent's code may hand in a submission at any time:
while a call runs, and while none does.
"""

import math
import queue
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from sandbox.driver import frames
from sandbox.errors import PathRefused, SandboxLost
from sandbox.protocols import Channel, Validator
from sandbox.text import printable
from sandbox.validation import Desk

_FRAME_S = 60.0
"""From the first byte of a frame to its last."""


class Answer(NamedTuple):
    """A driver's answer, within the limits of a frame; what it says is still the agent's claim."""

    header: frames.Header
    chunks: list[bytes]


class Wire:
    """Requests over a channel, one at a time."""

    def __init__(self, channel: Channel, validator: Validator | None = None) -> None:
        self._channel = channel
        self._desk = Desk(validator, self._tell) if validator else None
        self._asking = threading.Lock()
        self._number = 0
        self._expected: int | None = None
        self._answers: queue.SimpleQueue[Answer | SandboxLost | frames.FrameError] = queue.SimpleQueue()
        self._lost: str | None = None
        threading.Thread(target=self._listen, name="sandbox-wire", daemon=True).start()

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
        with self._asking:
            self._complain()
            self._number += 1
            frame = _encode({**fields, "op": op, "id": self._number}, payload)
            try:
                self._expected = self._number
                self._channel.write(frame)
                answer = self._await(timeout)
                refusal = answer.header.text("refused") if "refused" in answer.header else None
            except (SandboxLost, frames.FrameError) as error:
                self._channel.kill()
                said = f"the sandbox is lost during {op!r}: {error}; {self._channel.diagnose()}"
                self._lost = self._lost or said  # whoever gave it up meanwhile knows better why
                raise SandboxLost(self._lost) from error
        if refusal is not None:
            raise PathRefused(printable(refusal[: frames.MAX_WORDS]))
        return answer

    def stop(self, reason: str) -> None:
        """Have the driver end every process of the agent; a call at work then returns and says `reason`."""
        with suppress(SandboxLost):
            self._tell(frames.encode({"notice": "stop", "reason": reason}))

    def lose(self, error: frames.FrameError | str) -> SandboxLost:
        """Give the sandbox up, for an answer whose content is wrong or because it has to end."""
        self._lost = self._lost or f"the sandbox is lost: {error}"
        self._channel.kill()
        return SandboxLost(self._lost)

    def busy(self) -> bool:
        """Whether something is still to be answered, or runs without being asked for."""
        return self._lost is None and (self._asking.locked() or self._channel.busy())

    def news(self) -> tuple[str, ...]:
        """What the host saw happen inside since it was last asked, for the agent."""
        return self._channel.news()

    def close(self) -> None:
        """End everything inside."""
        self._lost = self._lost or "the sandbox is closed"
        self._channel.kill()

    def _complain(self) -> None:
        if self._lost is not None:
            raise SandboxLost(self._lost)
        if self._desk and self._desk.fault:
            fault, self._desk.fault = self._desk.fault, None
            raise fault

    def _tell(self, frame: bytes) -> None:
        with suppress(SandboxLost):  # what follows finds it out
            self._channel.write(frame)

    def _await(self, timeout: float) -> Answer:
        try:
            answer = self._answers.get(timeout=timeout)
        except queue.Empty:
            raise SandboxLost("the driver does not answer") from None
        if not isinstance(answer, Answer):
            raise answer
        return answer

    def _listen(self) -> None:
        try:
            while True:
                self._take(*self._receive())
        except (SandboxLost, frames.FrameError) as error:
            self._answers.put(error)

    def _take(self, header: frames.Header, payload: bytes) -> None:
        if "query" in header:
            if self._desk is None or header.text("query") != "validate":
                raise frames.FrameError("a query that nobody here answers")
            self._desk.take(header, payload)
            return
        if header.integer("id") != self._expected:
            raise frames.FrameError("an answer to a question that was not asked")
        self._expected = None
        self._answers.put(Answer(header, frames.split(header, payload)))

    def _receive(self) -> tuple[frames.Header, bytes]:
        sizes = frames.lengths(self._channel.read(frames.PREFIX.size, math.inf))
        deadline = time.monotonic() + _FRAME_S
        header = frames.decode(self._channel.read(sizes.header, deadline))
        return header, self._channel.read(sizes.payload, deadline)


def _encode(fields: Mapping[str, object], payload: bytes) -> bytes:
    try:
        return frames.encode(fields, (payload,))
    except frames.FrameError as error:
        raise ValueError(f"a request to the sandbox is too large: {error}") from None

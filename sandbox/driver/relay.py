"""The end of the validation server that agents meet: HTTP inside, frames to the host.

It judges nothing. One submission at a time goes to the host; others wait for their turn.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import NamedTuple

from sandbox.driver import frames
from sandbox.driver.loop import Loop
from sandbox.driver.world import World

_PIECE = 4 * 1024 * 1024
_CONNECTIONS = 16
"""Served at once; more are turned away, so that agents cannot use up the driver's memory."""
_BODIES = 2
"""In memory at once: one that is judged, and one that comes."""


class Verdict(NamedTuple):
    """The host's answer."""

    valid: bool
    code: str
    message: str


class Relay:
    """The listening socket, and the submission that is on its way."""

    def __init__(self, loop: Loop, world: World) -> None:
        """Begin to listen, and tell the agent's processes where."""
        self.max_bytes = world.max_bytes
        self.room = threading.Semaphore(_BODIES)
        """Held by the connections whose submissions are in memory."""
        self.turn = threading.Lock()
        """Held by the connection whose submission is judged."""
        self._loop = loop
        self._ticket = 0
        self._verdict: Verdict | None = None
        self._decided = threading.Event()
        self._free = threading.Semaphore(_CONNECTIONS)
        self._listener = _listen(world.port)
        world.env["VALIDATION_URL"] = f"http://localhost:{self._listener.getsockname()[1]}/validate"
        threading.Thread(target=self._serve, daemon=True).start()

    def judge(self, submission: memoryview) -> Verdict:
        """Have the host judge a submission, within its size limit. The caller holds `turn`."""
        self._ticket += 1
        self._decided.clear()
        for start in range(0, max(len(submission), 1), _PIECE):
            more = start + _PIECE < len(submission)
            fields = {"query": "validate", "ticket": self._ticket, "more": more}
            self._loop.send(frames.encode(fields, (bytes(submission[start : start + _PIECE]),)))
        self._decided.wait()
        assert self._verdict is not None
        return self._verdict

    def decide(self, header: frames.Header) -> None:
        """Take the host's verdict on the submission that it was sent last."""
        if header.integer("ticket") == self._ticket:
            self._verdict = Verdict(header.flag("valid"), header.text("code"), header.text("message"))
            self._decided.set()

    def _serve(self) -> None:
        while True:
            with contextlib.suppress(OSError):  # a client that has already gone; too many open files
                connection, _ = self._listener.accept()
                if not self._free.acquire(blocking=False):
                    connection.close()
                    continue
                try:
                    threading.Thread(target=self._converse, args=(connection,), daemon=True).start()
                except RuntimeError:  # there are too many threads already
                    self._free.release()
                    connection.close()

    def _converse(self, connection: socket.socket) -> None:
        # Imported when first used: it costs more time than the rest of the driver's start.
        from sandbox.driver.web import converse

        try:
            with connection:
                converse(connection, self)
        finally:
            self._free.release()


def _listen(port: int) -> socket.socket:
    # localhost is 127.0.0.1 before anything else to every client that agents use
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(_CONNECTIONS)
    return listener

"""A connection to a guard server: one handler process there that answers one guard."""

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from benchmark.guard_frames import MAX_REPLY, START_SECONDS, Broken, Late, exchange, read
from benchmark.guard_linux import short_name, user_behind


class GuardConnection:
    """An open connection; any fault of the server is `Broken`, as its work can be done elsewhere."""

    def __init__(self, path: Path) -> None:
        """Connects to the socket at `path`, and waits for the server to be ready.

        Raises:
            Broken: Nobody of this user listens there, or nobody answers.
        """
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.isolated = bool(self._connect(path)["isolated"])
            """Whether the handler has left the network."""
        except (OSError, Broken, Late) as error:
            self._socket.close()
            raise Broken(f"no guard server at {str(path)!r}") from error

    def _connect(self, path: Path) -> Mapping[str, object]:
        self._socket.setblocking(False)
        with short_name(path) as name:
            self._socket.connect(name)
        if user_behind(self._socket) != os.geteuid():
            raise Broken("the server belongs to another user")
        return read(self._socket.fileno(), deadline=time.monotonic() + START_SECONDS, limit=MAX_REPLY).header

    def exchange(
        self, header: Mapping[str, object], payload: bytes, *, seconds: float
    ) -> Mapping[str, object]:
        """One request and its reply.

        Raises:
            Broken: The handler died, or fell silent for `seconds`.
        """
        handle, deadline = self._socket.fileno(), time.monotonic() + seconds
        try:
            return exchange(handle, handle, header, payload, deadline=deadline)
        except Late as error:
            raise Broken(f"the guard server fell silent for {seconds:g} s") from error

    def close(self) -> None:
        """Ends the handler and all it has forked."""
        self._socket.close()

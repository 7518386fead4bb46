"""A guarded child that answers one guard alone, over pipes."""

import os
import time
from collections.abc import Mapping

from benchmark.errors import GuardError
from benchmark.guard_child import GuardChild
from benchmark.guard_frames import MAX_REPLY, START_SECONDS, Broken, Late, exchange, read

CLOSE_SECONDS = 2.0


class GuardProcess:
    """A child of its own for one guard."""

    def __init__(self) -> None:
        self._child = GuardChild()
        os.set_blocking(self._child.input, False)
        self._ready = False
        self.isolated = False
        """Whether the child has left the network; known after the first exchange."""

    @property
    def pid(self) -> int:
        """The process id of the child."""
        return self._child.pid

    def exchange(
        self, header: Mapping[str, object], payload: bytes, *, seconds: float
    ) -> Mapping[str, object]:
        """One request and its reply.

        Raises:
            GuardError: The child never came up, or fell silent; it is closed.
            Broken: The child died.
        """
        self._await_ready()
        deadline = time.monotonic() + seconds
        try:
            return exchange(self._child.input, self._child.output, header, payload, deadline=deadline)
        except Late as error:
            # The child ends its own requests in time; if it does not, the machine is to blame, not the file.
            self.close()
            raise GuardError(f"the guarded child fell silent for {seconds:g} s") from error

    def _await_ready(self) -> None:
        if self._ready:
            return
        try:
            hello = read(self._child.output, deadline=time.monotonic() + START_SECONDS, limit=MAX_REPLY)
        except (Broken, Late) as error:
            reason = self._child.last_words() or "no reason given"
            self.close()
            raise GuardError(f"the guarded child did not start: {reason}") from error
        self._ready = True
        self.isolated = bool(hello.header["isolated"])

    def close(self) -> None:
        """Ends the child and all it has forked."""
        self._child.end(CLOSE_SECONDS if self._ready else 0)

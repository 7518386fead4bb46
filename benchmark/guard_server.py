"""One warm guard for many processes: it imports pandas and scikit-learn once, and they need not.

The processes get the path of its socket and give it to `benchmark.guard.Guard`. A server that is gone costs
them time and nothing else, because every guard can start a child of its own.
"""

import shutil
import socket
import tempfile
import threading
from pathlib import Path
from typing import Self

from benchmark.errors import GuardError
from benchmark.guard_child import GuardChild
from benchmark.guard_linux import short_name

_PREFIX = "guard-"
BACKLOG = 1024
"""Connections that may wait while the server warms up: more than runs start at once on any machine."""


class GuardServer:
    """Keeps a `benchmark.guard_worker` that listens on a socket; may be used from several threads.

    A context manager. The worker dies with the process that made it, and its handlers with the worker. The
    socket lies in a folder that only its user may enter.
    """

    def __init__(self, within: Path | None = None) -> None:
        """Makes the socket's folder.

        Args:
            within: an existing folder to make it in; what killed servers have left there is removed, so it
                must be this server's alone. The system's temporary folder when left out.
        """
        self._lock = threading.Lock()
        if within is not None:
            clear_leftovers(within)
        self._folder = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=within)
        self._child: GuardChild | None = None
        self.path = Path(self._folder.name) / "socket"
        """Where it listens; always the same, also for the worker after a dead one."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The process id of the worker; none before the first `address`."""
        return None if self._child is None else self._child.pid

    def address(self) -> Path:
        """The path of the socket; starts the worker if there is none, or if it has died.

        Returns at once: who connects waits until the worker has warmed up.

        Raises:
            GuardError: The worker cannot be started, or the server is closed.
        """
        with self._lock:
            if self._child is None or not self._child.alive:
                self._end()
                self._child = self._start()
        return self.path

    def close(self) -> None:
        """Ends the worker and its handlers, and removes the socket."""
        with self._lock:
            self._end()
            self._folder.cleanup()

    def _start(self) -> GuardChild:
        # This process keeps no listening socket: once the worker is dead, nobody waits in vain for an answer.
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            try:
                self.path.unlink(missing_ok=True)
                with short_name(self.path) as name:
                    listener.bind(name)
                listener.listen(BACKLOG)
            except OSError as error:
                raise GuardError(f"cannot listen at {str(self.path)!r}: {error.strerror}") from error
            handle = listener.fileno()
            return GuardChild("--listen", str(handle), handles=(handle,))

    def _end(self) -> None:
        if self._child is not None:
            self._child.end(patience=0)
            self._child = None


def clear_leftovers(within: Path) -> None:
    """Removes what killed servers have left in a folder; none may live there."""
    for leftover in within.glob(f"{_PREFIX}*"):
        shutil.rmtree(leftover, ignore_errors=True)  # one that is just ending removes its own

"""A channel over the daemon's connection to a container whose process 1 is the driver."""

import contextlib
import math
import select
import signal
import socket
import threading
import time
from collections.abc import Collection, Mapping
from typing import NamedTuple

from sandbox.backends import census
from sandbox.backends.engine import Engine
from sandbox.backends.multiplex import Demultiplexer, Garbled
from sandbox.errors import SandboxError, SandboxLost
from sandbox.text import printable

_WRITE_S = 60.0
_PIECE = 1 << 18
_DEATH_S = 10.0
"""From the end of a container's output to the daemon's last word on how it ended: it has much to do where
many end at once."""
_OOM_S = 3.0
"""A want of memory that was noticed this long before the end was its cause."""


class Death(NamedTuple):
    """How a container ended, by the daemon's word."""

    code: int | None = None
    """Exit status of process 1; None while it runs."""
    memory: bool = False
    """The kernel killed it for want of memory."""
    ordered: bool = False
    """Somebody had the daemon kill it."""
    unknown: str = ""
    """Why the daemon could not be asked."""


class AttachedChannel:
    """A driver in a container, and the connection to its standard streams."""

    def __init__(
        self,
        engine: Engine,
        container: str,
        connection: socket.socket,
        *,
        pid: int,
        memory: str,
        since: float,
        facts: Mapping[str, str],
    ) -> None:
        """Take over a container that runs.

        Args:
            engine: closed with the channel.
            container: its id.
            connection: to its streams; the container ends when this ends.
            pid: its process 1, on the daemon's machine.
            memory: what all its processes together may use, in words.
            since: when it was created, in seconds since the epoch.
            facts: which image and engine these are.
        """
        self.facts = facts
        self._engine, self._container, self._connection = engine, container, connection
        self._people = census.of(engine, container, pid)
        self._memory = memory
        self._since = since
        self._streams = Demultiplexer()
        self._answered = self._ended = self._closed = False
        self._death = Death()
        self._reading, self._writing, self._killing = threading.Lock(), threading.Lock(), threading.Lock()
        connection.setblocking(False)

    def write(self, data: bytes) -> None:
        """Send all of `data`; raises `SandboxLost` when the other end is gone or does not read."""
        deadline = time.monotonic() + _WRITE_S
        view = memoryview(data)
        with self._writing:
            while view:
                self._check()
                try:
                    view = view[self._connection.send(view) :]
                except BlockingIOError:
                    self._await(select.POLLOUT, deadline)
                except OSError:
                    self._ended = True
                    raise SandboxLost("the driver has ended") from None

    def read(self, size: int, deadline: float) -> bytes:
        """Receive exactly `size` bytes before `deadline` (time.monotonic); raises `SandboxLost` otherwise."""
        with self._reading:
            output = self._streams.output
            while len(output) < size:
                self._receive(deadline)
            data = bytes(output[:size])
            del output[:size]
        self._answered = True
        return data

    def busy(self) -> bool:
        """Whether a process of the agent runs inside, besides an idle shell."""
        return not (self._closed or self._ended) and self._people.busy()

    def inside(self) -> Collection[int]:
        """Processes inside, as this machine numbers them; none where they cannot be told."""
        return () if self._closed else self._people.inside()

    def news(self) -> tuple[str, ...]:
        """Nothing: the driver sees its own control group."""
        return ()

    def holds_memory(self) -> bool:
        """Always: no container starts without the limits that it was asked for."""
        return True

    def kill(self) -> None:
        """End every process inside. Safe to repeat, and while another thread reads or writes."""
        with self._killing:
            if self._closed:
                return
            self._closed = True
            if self._ended:
                self._death = self._learn()
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)  # wakes a thread that reads
            if not self._engine.remove(self._container):
                self._people.kill()  # the daemon is gone or hangs; the reaper sees to the rest
            with self._reading, self._writing:
                self._connection.close()
            self._engine.close()

    def killed(self) -> bool:
        """Whether a signal ended it, or the daemon took it along; asked when it does not answer."""
        if not self._closed and self._ended:
            self._death = self._learn()
        return bool(self._death.unknown) or (self._death.code or 0) > 128

    def diagnose(self) -> str:
        """Say in one line why the other end is gone, as far as the host can tell."""
        words = " ".join(printable(self._streams.errors.decode(errors="replace")).split())
        state = self._state() + (f"; last words: {words}" if words else "")
        return state if self._answered else f"the sandbox does not start: {state}"

    def _state(self) -> str:
        death = self._death
        if death.unknown:
            return death.unknown
        if death.code is None:
            return "the connection to its container was cut" if self._ended else "the driver runs"
        if death.memory:
            return f"the kernel ended it for want of memory: {self._memory}"
        by = "; somebody had the Docker daemon kill it" if death.ordered else ""
        return f"its container ended with {_status(death.code)}{by}"

    def _learn(self) -> Death:
        """Ask the daemon how the container ended; it remembers some 256 events, also of what is gone."""
        death, oom_at, died_at = Death(), -math.inf, math.inf
        try:
            for event in self._engine.events(self._container, self._since, time.time() + _DEATH_S):
                if event.kind == "oom":
                    oom_at = event.at
                elif event.kind == "kill":
                    death = death._replace(ordered=True)
                elif event.kind == "die":
                    death, died_at = death._replace(code=event.code), event.at
                # What was killed may have been another process, and the driver ended by itself.
                killed = death.code == 128 + signal.SIGKILL
                if killed and died_at - oom_at < _OOM_S:
                    return death._replace(memory=True)
                # A want of memory may be told after the death that it caused, but not after the removal.
                if event.kind == "destroy" or (event.kind == "die" and (death.ordered or not killed)):
                    return death
        except SandboxError as error:
            return Death(unknown=str(error))
        return death

    def _receive(self, deadline: float) -> None:
        self._check()
        try:
            data = self._connection.recv(_PIECE)
        except BlockingIOError:
            self._await(select.POLLIN, deadline)
            return
        except OSError:
            data = b""
        if not data:
            self._ended = not self._closed
            raise SandboxLost("the driver has ended")
        try:
            self._streams.feed(data)
        except Garbled as error:
            raise SandboxLost(f"the Docker daemon sends what it should not: {error}") from None

    def _check(self) -> None:
        if self._closed:
            raise SandboxLost("the sandbox is closed")

    def _await(self, event: int, deadline: float) -> None:
        waiting = select.poll()
        waiting.register(self._connection, event)
        left_ms = None if deadline == math.inf else max(deadline - time.monotonic(), 0.0) * 1000
        if not waiting.poll(left_ms):
            raise SandboxLost("the driver does not answer")


def _status(code: int) -> str:
    if code > 128:
        with contextlib.suppress(ValueError):
            return f"signal {signal.Signals(code - 128).name}"
    return f"status {code}"

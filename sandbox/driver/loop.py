"""The driver's one waiting place: for the host, for children that end, for bytes, for time.

When the host is gone (its end of the pipe is closed, however it died) every wait ends with `HostGone`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from sandbox.driver import frames
from sandbox.driver.memory import expendable


class HostGone(Exception):
    """The host closed the pipe or died."""


class End(NamedTuple):
    """How a child process ended."""

    code: int
    """Exit status, or the negative number of the signal."""
    cpu_s: float
    peak_mb: float
    """The largest resident size of the child or of any descendant it waited for."""


class Child:
    """A process that the driver started."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.end: End | None = None
        """Set once it has ended and was reaped."""


class Request(NamedTuple):
    """One frame from the host."""

    header: frames.Header
    payload: bytes


class Loop:
    """The pipe to the host and the table of children."""

    def __init__(self) -> None:
        # Copies above 0, 1 and 2 that no child inherits; the originals are then made harmless.
        self._input = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 10)
        self._output = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 10)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        self._children: dict[int, Child] = {}
        self.reason = ""
        """Why every process of the agent has to end now; empty if they need not."""
        self.notes: list[str] = []
        """What the agent has to hear with its next answer."""
        self.look_at = 0.0
        """When the number of processes is looked at again, on the monotonic clock."""
        self._request: Request | None = None
        self._on_notice: Callable[[frames.Header], None] = _unexpected
        self._sending = threading.Lock()
        self._woken, wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(wake, False)
        # Handlers that do nothing, since ignored signals would stay ignored in every child.
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _nothing)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)

    def receive(self, meanwhile: Callable[[], None]) -> Request:
        """Wait for the host's next frame, calling `meanwhile` every second or oftener."""
        while self._request is None:
            if not self._poll((), 1.0) and self._request is None:
                meanwhile()
        request, self._request = self._request, None
        return request

    def take_notes(self) -> list[str]:
        """Return the notes, which are then told."""
        notes, self.notes = self.notes, []
        return notes

    def on_notice(self, handle: Callable[[frames.Header], None]) -> None:
        """Have `handle` take what the host says of its own accord, in a call or between calls."""
        self._on_notice = handle

    def send(self, frame: bytes) -> None:
        """Send one frame to the host, from any thread."""
        view = memoryview(frame)
        try:
            with self._sending:
                while view:
                    view = view[os.write(self._output, view) :]
        except BrokenPipeError:
            raise HostGone from None

    def wait(self, seconds: float, fds: Collection[int] = ()) -> set[int]:
        """Wait until a descriptor is readable, a child ends or time is up; returns the readable ones."""
        return self._poll(fds, max(seconds, 0.0))

    def pause(self, seconds: float) -> None:
        """Reap children for this long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._poll((), left)
        self._poll((), 0.0)

    def reap(self) -> None:
        """Take note of every child that has ended."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            child = self._children.pop(pid, None)
            if child is not None:
                cpu_s = usage.ru_utime + usage.ru_stime
                child.end = End(os.waitstatus_to_exitcode(status), cpu_s, usage.ru_maxrss / 1024)

    def spawn(
        self,
        argv: Sequence[str],
        *,
        cwd: bytes,
        env: Mapping[str, str],
        outputs: tuple[int, int],
        keep: Sequence[int] = (),
    ) -> Child:
        """Start a process in a session of its own with standard input empty; raises OSError."""
        with expendable():
            process = subprocess.Popen(
                argv,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=outputs[0],
                stderr=outputs[1],
                pass_fds=keep,
                start_new_session=True,
            )
        process.returncode = 0  # reaped here, with its resource usage; Popen must not wait for it
        child = Child(process.pid)
        self._children[child.pid] = child
        return child

    def _poll(self, fds: Collection[int], seconds: float) -> set[int]:
        waiting = select.poll()
        waiting.register(self._input, 0 if self._request else select.POLLIN)
        waiting.register(self._woken, select.POLLIN)
        for fd in fds:
            waiting.register(fd, select.POLLIN)
        ready = dict(waiting.poll(seconds * 1000))
        if event := ready.pop(self._input, 0):
            if not event & select.POLLIN:
                raise HostGone
            self._take()
        if ready.pop(self._woken, None) is not None:
            with contextlib.suppress(BlockingIOError):
                os.read(self._woken, 4096)
            self.reap()
        return set(ready)

    def _take(self) -> None:
        sizes = frames.lengths(self._read(frames.PREFIX.size))
        request = Request(frames.decode(self._read(sizes.header)), self._read(sizes.payload))
        if "notice" in request.header:
            self._on_notice(request.header)
        else:
            self._request = request

    def _read(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            piece = os.read(self._input, min(size - len(data), 1 << 20))
            if not piece:
                raise HostGone
            data += piece
        return bytes(data)


def _unexpected(header: frames.Header) -> None:
    del header
    raise frames.FrameError("a notice before the host was met")


def _nothing(number: int, frame: object) -> None:
    del number, frame

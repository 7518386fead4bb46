"""A channel over the standard input and output of a process on this machine."""

import contextlib
import math
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO

from sandbox.backends.inhabitants import found
from sandbox.cgroup import Group
from sandbox.driver import processes
from sandbox.errors import SandboxLost
from sandbox.limits import GIB
from sandbox.text import printable

_WRITE_S = 60.0
_CLOSE_S = 3.0
_REAP_S = 0.5
"""Between the end of a process's output and its own."""
_EXCERPT = 600


def _has_children(pid: int) -> bool:
    return bool(processes.below(pid))


class PipeChannel:
    """A driver's process and the pipes to it."""

    facts: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        errors: Path,
        sweep: Callable[[subprocess.Popen[bytes]], None] | None = None,
        explain: Callable[[str], str] = str,
        occupied: Callable[[int], bool] = _has_children,
        group: Group | None = None,
    ) -> None:
        """Take over a process.

        Args:
            process: started with pipes on standard input and output.
            errors: where its standard error goes.
            sweep: called after the process was given time to end by itself; kills what its end leaves
                behind, or would.
            explain: turns the diagnosis of a driver that never answered into a reason and a remedy.
            occupied: says of a process that started a driver whether the agent's own run below it.
            group: the control group of all processes, removed when they are gone.
        """
        assert process.stdin is not None and process.stdout is not None
        self._process = process
        self._input, self._output = process.stdin, process.stdout
        self._errors = errors
        self._sweep = sweep
        self._explain = explain
        self._occupied = occupied
        self._group = group
        self._oom_kills = 0
        self._starved = False
        self._answered = False
        self._reading, self._writing, self._killing = threading.Lock(), threading.Lock(), threading.Lock()
        os.set_blocking(self._input.fileno(), False)

    def write(self, data: bytes) -> None:
        """Send all of `data`; raises `SandboxLost` when the other end is gone or does not read."""
        deadline = time.monotonic() + _WRITE_S
        view = memoryview(data)
        with self._writing:
            while view:
                self._await(self._input, select.POLLOUT, deadline)
                try:
                    view = view[os.write(self._input.fileno(), view) :]
                except BlockingIOError:
                    continue
                except BrokenPipeError:
                    raise SandboxLost("the driver has ended") from None

    def read(self, size: int, deadline: float) -> bytes:
        """Receive exactly `size` bytes before `deadline` (time.monotonic); raises `SandboxLost` otherwise."""
        data = bytearray()
        with self._reading:
            while len(data) < size:
                self._await(self._output, select.POLLIN, deadline)
                piece = os.read(self._output.fileno(), min(size - len(data), 1 << 20))
                if not piece:
                    raise SandboxLost("the driver has ended")
                data += piece
                self._answered = True
        return bytes(data)

    def busy(self) -> bool:
        """Whether a process of the agent runs inside, besides an idle shell."""
        if self._output.closed or self._process.poll() is not None:
            return False
        try:
            return found(lambda: self._occupied(self._process.pid))
        except OSError:  # what cannot be looked at may be at work
            return True

    def inside(self) -> Collection[int]:
        """Processes below the one that was started."""
        return () if self._output.closed else processes.below(self._process.pid)

    def news(self) -> tuple[str, ...]:
        """Whether the kernel ended processes for want of memory."""
        if self._group is None:
            return ()
        before, self._oom_kills = self._oom_kills, self._group.oom_kills()
        limit = (self._group.limits.memory_bytes or 0) / GIB
        words = f"A process was killed: all processes together reached the memory limit of {limit:.3g} GB."
        return (words,) if self._oom_kills > before else ()

    def holds_memory(self) -> bool:
        """Whether its control group could be made and limited."""
        return self._group is not None and "memory" in self._group.held

    def kill(self) -> None:
        """End every process inside. Safe to repeat, and while another thread reads or writes."""
        with self._killing:
            if self._output.closed:
                return
            with self._writing:
                self._input.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_CLOSE_S)  # the driver ends when its input does, and all else with it
            if self._sweep is not None:
                self._sweep(self._process)
            self._process.kill()
            self._process.wait()
            with self._reading:  # a reader has seen the end of the stream by now
                self._output.close()
            if self._group is not None:
                self._starved = bool(self.news())
                self._group.remove()

    def killed(self) -> bool:
        """Whether a signal has ended the process, or what it was the shell of."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(_REAP_S)
            return code < 0 or code > 128
        return False

    def diagnose(self) -> str:
        """Say in one line why the other end is gone, as far as the host can tell."""
        code = self._process.poll()
        state = "the driver runs" if code is None else f"its process ended with {_status(code)}"
        if self._starved or self.news():
            state += "; all processes together had reached the memory limit"
        with contextlib.suppress(OSError), self._errors.open("rb") as file:
            file.seek(max(self._errors.stat().st_size - _EXCERPT, 0))
            words = " ".join(printable(file.read(_EXCERPT).decode(errors="replace")).split())
            state += f"; last words: {words}" if words else ""
        return state if self._answered else self._explain(state)

    @staticmethod
    def _await(pipe: IO[bytes], event: int, deadline: float) -> None:
        if pipe.closed:
            raise SandboxLost("the sandbox is closed")
        waiting = select.poll()
        waiting.register(pipe, event)
        left_ms = None if deadline == math.inf else max(deadline - time.monotonic(), 0.0) * 1000
        if not waiting.poll(left_ms):
            raise SandboxLost("the driver does not answer")


def _status(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"status {code}"

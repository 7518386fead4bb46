"""Commands in the background, each with a bash and a log of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

from sandbox.driver import processes, start, supervise
from sandbox.driver.bash import BASH, OPTIONS, write
from sandbox.driver.capture import Drain, Logged
from sandbox.driver.loop import Loop
from sandbox.driver.replies import Refused, Reply
from sandbox.driver.spill import Place
from sandbox.driver.world import World

_RUNNING = 20
_REMEMBERED = 200
"""Jobs that have ended; older ones are forgotten, with what they printed since they were last looked at."""
_GRACE_S = 1.0
"""For the process that adopts, once nothing is left below it."""
_PROGRAM = 'builtin . "$1"; builtin . "$2"'


class _Job:
    """One job, running or ended."""

    def __init__(self, loop: Loop, world: World, command: bytes, cwd: bytes, exports: bytes) -> None:
        place = Place(world.logs, "job")
        log = place.open("log")
        self.number = place.number
        self.log = log.path
        self._began = time.monotonic()
        self._wall_s: float | None = None
        name = f"{world.scratch}/job-{os.urandom(8).hex()}"
        self._files = {f"{name}.exports": exports, name: command}
        for path, content in self._files.items():
            write(path, content)
        self._output = Drain(lambda: Logged(log), at_end=log.finish)
        bash = (BASH, *OPTIONS, _PROGRAM, "bash", *self._files)
        try:
            self._child = loop.spawn(
                (*start.command(sys.executable, "--adopt", bare=True), *bash),
                cwd=cwd,
                env=world.env,
                outputs=(self._output.write_end, self._output.write_end),
            )
        finally:
            self._output.close_write_end()

    @property
    def pid(self) -> int:
        """The process all others of the job are below."""
        return self._child.pid

    def running(self) -> bool:
        """Say whether the command runs; what it left in the background does not count."""
        if self._child.end is not None and self._wall_s is None:
            self._wall_s = time.monotonic() - self._began
            for path in self._files:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)  # noqa: PTH108
        return self._child.end is None

    def stop(self, loop: Loop, *, alone: bool) -> None:
        """End it and all it started."""
        processes.send((self.pid,), signal.SIGTERM)  # from now on its first process outlives all others
        supervise.stop(loop, lambda: processes.below(self.pid), alone=alone)
        if supervise.await_end(loop, lambda: not self.running(), time.monotonic() + _GRACE_S) != "exit":
            processes.send((self.pid,), signal.SIGKILL)

    def reply(self) -> Reply:
        """Say how it stands, and what it printed since it was last asked."""
        running = self.running()
        stream = self._output.take()
        code = self._child.end.code if self._child.end else None
        fields: dict[str, object] = {
            "job": self.number,
            "running": running,
            "ended": None if code is None else "exit" if code >= 0 else "signal",
            "code": code,
            "log": self.log,
            "wall_s": time.monotonic() - self._began if self._wall_s is None else self._wall_s,
            "total": stream.total,
            "notes": [],
        }
        return Reply(fields, (stream.head, stream.tail))


class Jobs:
    """All jobs of a sandbox."""

    def __init__(self, loop: Loop, world: World) -> None:
        self._loop = loop
        self._world = world
        self._jobs: dict[int, _Job] = {}

    def pids(self) -> set[int]:
        """Return the processes that other calls must spare, with all below them."""
        return {job.pid for job in self._jobs.values() if job.running()}

    def start(self, command: bytes, cwd: bytes, exports: bytes) -> Reply:
        """Start a command.

        Args:
            command: for bash.
            cwd: where.
            exports: commands that set its variables.
        """
        self._loop.reap()
        if len(self.pids()) >= _RUNNING:
            raise Refused(f"{_RUNNING} jobs run already; wait for one to end, or kill one")
        try:
            job = _Job(self._loop, self._world, command, cwd, exports)
        except OSError as error:
            raise Refused(f"the job cannot be started: {error.strerror}") from None
        job.number = job.number or max(self._jobs, default=0) + 1  # where logs cannot be written
        self._jobs[job.number] = job
        for number in [n for n, job in self._jobs.items() if not job.running()][:-_REMEMBERED]:
            del self._jobs[number]
        return job.reply()

    def poll(self, number: int, wait: float, *, kill: bool) -> Reply:
        """Reply with the state of a job, after at most `wait` seconds, and what it printed since the last.

        With `kill`, end it and all it started before that.
        """
        job = self._jobs.get(number)
        if job is None:
            known = ", ".join(map(str, self._jobs)) or "none"
            raise Refused(f"there is no job {number}; there are: {known}")
        if kill and job.running():
            job.stop(self._loop, alone=self._world.isolated)
            wait = max(wait, _GRACE_S)
        supervise.await_end(self._loop, lambda: not job.running(), time.monotonic() + wait)
        return job.reply()

"""The shell as its caller sees it: it always works, and says when it had to be started again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Collection, Mapping

from sandbox.driver import processes, supervise
from sandbox.driver.bash import Bash, write
from sandbox.driver.capture import Drain, Record
from sandbox.driver.loop import Loop
from sandbox.driver.processes import Process
from sandbox.driver.replies import Outcome, Refused, Reply
from sandbox.driver.spill import Place
from sandbox.driver.world import World

_START_S = 10.0
_KEPT = "with the variables exported before this command; other variables, functions and options are lost"


class Shell:
    """The persistent bash, with what has to outlive it."""

    def __init__(self, loop: Loop, world: World) -> None:
        self._loop = loop
        self._world = world
        self._out = Drain(lambda: Record(Place(world.logs, "shell"), "stdout.txt"))
        self._bash: Bash | None = None
        self._cwd = os.fsencode(world.code)
        self._exports = b""

    @property
    def pid(self) -> int | None:
        """The process that other calls must spare."""
        return self._bash.pid if self._bash else None

    @property
    def stand(self) -> tuple[bytes, bytes]:
        """Where it stands, and commands that set the variables that it exports."""
        return self._folder(), self._exports

    def run(self, commands: bytes, timeout: float, spared: Collection[int]) -> Reply:
        """Run commands for at most `timeout` seconds, plus what it takes to end them but not the `spared`."""
        deadline = time.monotonic() + timeout
        notes: list[str] = []
        while True:
            self._loop.reap()
            if self._bash and self._bash.exit_code is not None:
                notes.append(self._drop(self._bash, "exit"))
            bash = self._bash or self._start()
            cpu_before = bash.cpu_s()
            before = processes.below(os.getpid())
            bash.begin(commands)
            how = supervise.await_end(self._loop, bash.settled, deadline, bash.watched)
            if how != "exit" or not bash.died_before or time.monotonic() > deadline:
                break
        if how != "exit":
            self._cwd = bash.cwd() or self._cwd
            if how == "timeout":
                self._stop(bash, before, spared)
            self._loop.reap()
            bash.settled()
        outcome = self._outcome(bash, how, max(bash.cpu_s() - cpu_before, 0.0), notes)
        return outcome.reply(self._out.take())

    def _outcome(self, bash: Bash, how: str, cpu_s: float, notes: list[str]) -> Outcome:
        code = bash.exit_code
        if bash.report:
            code, self._cwd, self._exports = bash.report
        if bash.exit_code is not None:
            notes.append(self._drop(bash, how))
        if how == "cleared":
            code = -9
        ended = "timeout" if how == "timeout" else "exit" if code is None or code >= 0 else "signal"
        cwd = self._cwd.decode("utf-8", "replace")
        return Outcome(ended, None if how == "timeout" else code, cwd, cpu_s, 0.0, tuple(notes))

    def _drop(self, bash: Bash, how: str) -> str:
        assert bash.exit_code is not None
        bash.close()
        self._bash = None
        cwd = self._cwd.decode("utf-8", "replace")
        return f"The shell {_end(how, bash.exit_code)}. The next one starts in {cwd}, {_KEPT}."

    def _stop(self, bash: Bash, before: Mapping[int, Process], spared: Collection[int]) -> None:
        def targets() -> Collection[int]:
            young = processes.begun_since(before, os.getpid(), through=(bash.pid,), spared=spared)
            return young if bash.settled() else (bash.pid, *young)

        supervise.stop(self._loop, targets, alone=self._world.isolated)

    def _start(self) -> Bash:
        bash = self._launch()
        if bash is None:  # what was kept may be what stops it
            self._cwd, self._exports = os.fsencode(self._world.code), b""
            bash = self._launch()
        if bash is None:
            raise Refused("the shell does not start")
        self._bash = bash
        return bash

    def _launch(self) -> Bash | None:
        write(f"{self._world.scratch}/exports", self._exports)
        bash = Bash(self._loop, self._world.scratch, self._folder(), self._world.env, self._out.write_end)
        how = supervise.await_end(self._loop, bash.settled, time.monotonic() + _START_S, bash.watched)
        if bash.report and bash.exit_code is None:
            return bash
        processes.send((bash.pid,), signal.SIGKILL)
        bash.close()
        return self._launch() if how == "cleared" else None  # it did not end for what it was given

    def _folder(self) -> bytes:
        return self._world.standing(self._cwd)


def _end(how: str, code: int) -> str:
    if how == "exit":
        return f"ended with status {code}" if code >= 0 else f"was ended by signal {-code}"
    return "had to be ended too"

"""The kernel as its caller sees it: it always works, and says when it had to be started again."""

# Plain strings for paths: the driver starts sooner without pathlib.
# ruff: noqa: PTH102, PTH115

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Collection, Mapping
from typing import NamedTuple

from sandbox.driver import frames, processes, start, supervise
from sandbox.driver.bash import write
from sandbox.driver.loop import Loop
from sandbox.driver.replies import Refused, Reply
from sandbox.driver.world import World

_START_S = 50.0
_START_LEFT_S = 15.0
"""What a start may take past the cell's own time: at the end of a run nobody waits for more."""
_INTERRUPT_S = 3.0
_SHORT = 80
"""Bytes of a folder's path below which the names of sockets in it are short enough (107 in all)."""
_PIPE = 1024 * 1024
_KILLED = -9
_ENV = {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "PYTHONDONTWRITEBYTECODE": "1"}
_QUIET = {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}
"""Else the debugger warns of what nobody has asked for."""


class _Answer(NamedTuple):
    """What the keeper says of a cell; all of it is the agent's claim."""

    code: int
    """0 or 1; the status or negative signal number of the kernel, where that has ended."""
    died: bool
    total: int = 0
    path: str = ""
    mimes: tuple[str, ...] = ()
    chunks: tuple[bytes, ...] = (b"", b"")


class _Usage(NamedTuple):
    cpu_s: float = 0.0
    peak_mb: float = 0.0


class _Keeper:
    """The process that keeps a kernel, and the pipes to it."""

    def __init__(self, loop: Loop, world: World) -> None:
        self._folder = _fresh_folder(world.scratch)
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        os.set_blocking(self._answers, False)
        with contextlib.suppress(OSError):  # a smaller pipe only costs more reads
            import fcntl

            fcntl.fcntl(self._answers, 1031, _PIPE)
        env = {"IPYTHONDIR": f"{self._folder}/ipython", "JUPYTER_RUNTIME_DIR": self._folder}
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            self._child = loop.spawn(
                (*start.command(world.python, "--keeper", bare=False), str(orders), self._folder, world.logs),
                cwd=world.standing(),
                env={**world.env, **_ENV, **_QUIET, **env},
                outputs=(answers, null),
                keep=(orders,),
            )
        finally:
            for fd in (orders, answers, null):
                os.close(fd)
        self.pid = self._child.pid
        self.kernel = 0
        """The kernel's process; 0 until it has started."""
        self.refusal = ""
        self.answer: _Answer | None = None
        self._number = 0
        self._heard = bytearray()
        self._silent = False

    def begin(self, code: bytes) -> None:
        """Have a cell run."""
        self._hear()
        self._number += 1
        self.answer = None
        write(f"{self._folder}/cell", code)
        with contextlib.suppress(BrokenPipeError):  # its end is noticed by itself
            os.write(self._orders, b"%d\n" % self._number)

    def watched(self) -> tuple[int, ...]:
        """Return the descriptors that become readable when there may be news."""
        return () if self._silent else (self._answers,)

    def started(self) -> bool:
        """Say whether the kernel runs, or will not."""
        self._hear()
        return bool(self.kernel or self.refusal) or self.gone()

    def settled(self) -> bool:
        """Say whether there is an answer, or will be none."""
        self._hear()
        return self.answer is not None or self.gone()

    def gone(self) -> bool:
        """Say whether it has ended, and with it the kernel."""
        return self._silent or self._child.end is not None

    def useless(self) -> bool:
        """Say whether the kernel has ended, of which nobody may have heard yet."""
        self._hear()
        return self.gone() or (self.answer is not None and self.answer.died)

    def usage(self) -> _Usage:
        """Return what the kernel has used so far."""
        row = processes.read(self.kernel) if self.kernel else None
        if row is None or row.parent != self.pid:  # a keeper that lies about its kernel
            return _Usage()
        return _Usage(row.cpu_ticks / processes.TICKS, _peak_mb(self.kernel))

    def cwd(self) -> str:
        """Return where the kernel stands; empty if that cannot be seen."""
        try:
            return os.readlink(f"/proc/{self.kernel}/cwd")
        except OSError:
            return ""

    def begun_since(self, before: Mapping[int, processes.Process]) -> dict[int, processes.Process]:
        """Return what the kernel has started since then, each after its parent."""
        return processes.begun_since(before, self.pid, through=(self.kernel,))

    def close(self, loop: Loop, *, alone: bool) -> None:
        """End the kernel and all that it started."""
        processes.end(lambda: processes.below(self.pid), loop.pause, alone=alone)
        processes.send((self.pid,), signal.SIGKILL)
        supervise.await_end(loop, lambda: self._child.end is not None, time.monotonic() + 1.0)
        os.close(self._orders)
        os.close(self._answers)
        self.remove()

    def remove(self) -> None:
        """Remove its files."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _hear(self) -> None:
        try:
            while not self._silent and (frame := self._receive()) is not None:
                self._take(*frame)
        except frames.FrameError:  # whoever wrote that: it is of no more use
            self._silent = True

    def _receive(self) -> tuple[frames.Header, bytes] | None:
        """Return the next frame if it has come."""
        prefix = frames.PREFIX.size
        if not self._fill(prefix):
            return None
        sizes = frames.lengths(bytes(self._heard[:prefix]))
        if not self._fill(prefix + sum(sizes)):
            return None
        body, self._heard = bytes(self._heard[prefix:]), bytearray()
        return frames.decode(body[: sizes.header]), body[sizes.header :]

    def _fill(self, size: int) -> bool:
        with contextlib.suppress(BlockingIOError):
            while len(self._heard) < size:
                piece = os.read(self._answers, min(size - len(self._heard), _PIPE))
                if not piece:
                    self._silent = True
                    return False
                self._heard += piece
        return len(self._heard) >= size

    def _take(self, header: frames.Header, payload: bytes) -> None:
        if "refused" in header:
            self.refusal = header.text("refused")[:1000]
        elif "ready" in header:
            self.kernel = header.integer("kernel", 2)
        else:
            self._take_answer(header, tuple(frames.split(header, payload)))

    def _take_answer(self, header: frames.Header, chunks: tuple[bytes, ...]) -> None:
        died = "died" in header
        mimes = tuple(header.texts("mimes"))
        if len(chunks) != 2 + len(mimes) or len(mimes) > 16:
            raise frames.FrameError("a cell whose parts do not fit together")
        code = header.integer("died", -64, 255) if died else int(header.text("status") != "ok")
        answer = _Answer(code, died, header.integer("total"), header.text("path"), mimes, chunks)
        if died or header.integer("cell") == self._number:  # others are about cells that nobody waits for
            self.answer = answer


class Kernel:
    """The persistent IPython kernel, with what has to outlive it."""

    def __init__(self, loop: Loop, world: World) -> None:
        self._loop = loop
        self._world = world
        self._keeper: _Keeper | None = None

    @property
    def pid(self) -> int | None:
        """The process that other calls must spare, with all below it."""
        return self._keeper.pid if self._keeper else None

    def run(self, code: bytes, timeout: float) -> Reply:
        """Run a cell for at most `timeout` seconds, plus what it takes to start a kernel and to end it."""
        notes: list[str] = []
        self._loop.reap()
        if self._keeper and self._keeper.useless():
            notes.append(self._drop(self._keeper, _end(self._keeper.answer)))
        keeper = self._keeper or self._start(min(_START_S, timeout + _START_LEFT_S))
        before = keeper.usage()
        table = processes.below(keeper.pid)
        keeper.begin(code)
        deadline = time.monotonic() + timeout
        how = supervise.await_end(self._loop, keeper.settled, deadline, keeper.watched)
        if how == "timeout":
            self._interrupt(keeper, table)
        elif how == "cleared":
            keeper.settled()
        return self._reply(keeper, how, before, notes)

    def close(self) -> None:
        """Remove what lies outside of the driver's folder."""
        if self._keeper:
            self._keeper.remove()

    def _start(self, seconds: float) -> _Keeper:
        try:
            keeper = _Keeper(self._loop, self._world)
        except OSError as error:
            raise Refused(f"the kernel cannot be started: {error.strerror}") from None
        deadline = time.monotonic() + seconds
        how = supervise.await_end(self._loop, keeper.started, deadline, keeper.watched)
        if not keeper.kernel or keeper.gone():
            keeper.close(self._loop, alone=self._world.isolated)
            ended = " ".join(self._loop.take_notes()) if how == "cleared" else ""
            raise Refused(ended or keeper.refusal or "the kernel does not start")
        self._keeper = keeper
        return keeper

    def _interrupt(self, keeper: _Keeper, before: Mapping[int, processes.Process]) -> None:
        """Have the cell end by itself, and end what it has started."""

        def begun() -> Collection[int]:
            return keeper.begun_since(before)

        processes.send((keeper.kernel, *begun()), signal.SIGINT)
        until = time.monotonic() + _INTERRUPT_S
        supervise.await_end(self._loop, keeper.settled, until, keeper.watched)
        if keeper.answer is not None:
            processes.end(begun, self._loop.pause, alone=self._world.isolated)

    def _reply(self, keeper: _Keeper, how: str, before: _Usage, notes: list[str]) -> Reply:
        after, cwd = keeper.usage(), keeper.cwd() or self._world.code
        answer = keeper.answer or _Answer(_KILLED, died=True)
        if how == "timeout" and keeper.answer is None:
            notes.append(self._drop(keeper, "did not stop at the interrupt"))
        elif answer.died:
            notes.append(self._drop(keeper, _end(keeper.answer)))
        elif how == "timeout":
            notes.append("The cell was interrupted. The kernel has kept its variables.")
        code = _KILLED if how == "cleared" else answer.code
        fields = {
            "ended": "timeout" if how == "timeout" else "exit" if code >= 0 else "signal",
            "code": None if how == "timeout" else code,
            "cwd": cwd,
            "cpu_s": max(after.cpu_s - before.cpu_s, 0.0),
            "peak_mb": after.peak_mb,
            "notes": notes,
            "totals": [answer.total],
            "paths": [answer.path],
            "mimes": list(answer.mimes),
        }
        return Reply(fields, answer.chunks)

    def _drop(self, keeper: _Keeper, why: str) -> str:
        keeper.close(self._loop, alone=self._world.isolated)
        self._keeper = None
        return f"The kernel {why}. It was restarted: all variables are lost."


def _end(answer: _Answer | None) -> str:
    if answer is None or not answer.died:
        return "was killed"
    return f"ended with status {answer.code}" if answer.code >= 0 else f"was ended by signal {-answer.code}"


def _fresh_folder(scratch: str) -> str:
    if len(os.fsencode(scratch)) > _SHORT:
        return tempfile.mkdtemp(prefix="kernel-", dir="/tmp")
    folder = f"{scratch}/kernel"
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder, 0o700)
    return folder


def _peak_mb(pid: int) -> float:
    try:
        with open(f"/proc/{pid}/status", "rb") as file:  # noqa: PTH123
            for line in file:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0

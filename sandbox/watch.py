"""Limits that no kernel holds for us: disk, and memory where there are no control groups.

A thread looks at all sandboxes of this process, for at most a twentieth of the time. One that uses too much
is stopped: all its processes end, and the agent is told why and can still remove files. One that goes on
nevertheless is given up. Both may have to wait for a driver or a daemon, and are done beside the looking.
"""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sandbox.protocols import Channel
from sandbox.usage import (
    DiskLook,
    descriptors,
    memory_bytes,
    room_left,
    unlinked_bytes,
    written_bytes,
)
from sandbox.wire import Wire
from sandbox.workspace import Workspace

DISK_S = 2.0
"""Seconds between looks at the disk, at least."""
MEMORY_S = 0.5
_REST = 20
"""A look that took long is followed by a rest of so many times as long."""
_STOPS = 2
_FAR = 1.5
"""A sandbox that grows to so many times its limit after it was stopped is given up."""
_SETTLE_S = 2.0
"""What a stop takes to end all processes: what they add meanwhile is no second offence."""
_SLACK = 50
"""One part in so many of a limit may be added by an agent that cleans up."""
_DESCRIPTORS = 200_000
"""Descriptors that may be open: to look at each takes time, in which nobody is watched."""
_GROWTH_BYTES = 16 * 2**20
_POLL_S = 0.05
_GIB = 2**30


class Bounds(NamedTuple):
    """What one sandbox is watched for."""

    disk_bytes: int
    memory_bytes: int | None
    """None where nothing has to be watched."""
    disk_s: float = DISK_S
    """Seconds between looks, at least."""
    memory_s: float = MEMORY_S


class Patience:
    """What is done about a quantity that has a limit, look by look."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._line = limit
        self._stops = 0
        self._settled = 0.0

    def judge(self, used: int, now: float) -> str:
        """Return `stop`, `lose`, or nothing.

        Args:
            used: how much there is.
            now: seconds on a clock that never goes back.
        """
        if used <= self._limit:
            self._line, self._stops, self._settled = self._limit, 0, 0.0
            return ""
        if now < self._settled:
            self._line = max(self._line, used + self._limit // _SLACK)
            return ""
        if used <= self._line:
            return ""
        self._stops += 1
        if self._stops > _STOPS or (self._stops > 1 and used > self._limit * _FAR):
            return "lose"
        self._settled = now + _SETTLE_S
        self._line = used + self._limit // _SLACK
        return "stop"


class _Calm(NamedTuple):
    """How things stood at the last look while the machine's disk had room."""

    used: int
    written: int
    free: int


class Watch:
    """One sandbox under watch, from `begin_watch` to `end`."""

    def __init__(self, wire: Wire, channel: Channel, workspace: Workspace, bounds: Bounds) -> None:
        self.ended = False
        self._wire = wire
        self._channel = channel
        self._workspace = workspace
        self._bounds = bounds
        self._disk = Patience(bounds.disk_bytes)
        self._memory = Patience(bounds.memory_bytes or 0)
        self._full = Patience(_GROWTH_BYTES)
        self._open = Patience(_DESCRIPTORS)
        self._used = 0
        """What the files were at the last look."""
        self._calm = _Calm(0, 0, 0)
        self._look: DiskLook | None = None
        self._began = 0.0
        self._next_disk = time.monotonic() + bounds.disk_s
        self._next_memory = time.monotonic()
        self._next_room = self._next_disk

    def end(self) -> None:
        """Look no more."""
        self.ended = True
        _wake.set()

    def look(self) -> float:
        """Look at what is due; returns when to come again, on the monotonic clock."""
        if self._bounds.memory_bytes is not None and time.monotonic() >= self._next_memory:
            self._look_at_memory(self._bounds.memory_bytes)
        if time.monotonic() >= self._next_room:
            self._look_at_room()
        if self._look is not None:
            if self._look.done():
                self._look_at_disk(self._look)
        elif time.monotonic() >= self._next_disk:
            self._began = time.monotonic()
            # And what the driver says when it fails, which an agent may bring about again and again.
            self._look = DiskLook((self._workspace.home, self._workspace.tmp, self._workspace.errors))
        disk = self._next_disk if self._look is None else time.monotonic() + _POLL_S
        soonest = min(disk, self._next_room)
        return soonest if self._bounds.memory_bytes is None else min(soonest, self._next_memory)

    def memory_mb(self) -> float:
        """What its processes hold together now, in MiB."""
        return memory_bytes(self._channel.inside(), 0) / 2**20

    def drop(self) -> None:
        """Let go of a look at work."""
        if self._look is not None:
            self._look.give_up()
            self._look = None

    def _look_at_memory(self, limit: int) -> None:
        began = time.monotonic()
        used = memory_bytes(self._channel.inside(), limit)
        now = time.monotonic()
        said = f"the memory in use is {_gb(used)} GB, the limit is {_gb(limit)} GB."
        self._act(self._memory.judge(used, now), said)
        self._next_memory = now + max(self._bounds.memory_s, _REST * (now - began))

    def _look_at_disk(self, look: DiskLook) -> None:
        named, self._look = look.used_bytes(), None
        if named is not None:
            self._used = named + self._unlinked_bytes()
            limit = self._bounds.disk_bytes
            said = (
                f"the files in the home folder and the temporary folder are {_gb(self._used)} GB, "
                f"the limit is {_gb(limit)} GB. Remove some."
            )
            self._act(self._disk.judge(self._used, time.monotonic()), said)
        now = time.monotonic()
        self._next_disk = now + max(self._bounds.disk_s, _REST * (now - self._began))

    def _unlinked_bytes(self) -> int:
        inside = self._channel.inside()
        number = descriptors(inside)
        said = f"they had more than {_DESCRIPTORS} descriptors open."
        self._act(self._open.judge(number, time.monotonic()), said)
        return unlinked_bytes(inside, _device(self._workspace.root)) if number <= _DESCRIPTORS else 0

    def _look_at_room(self) -> None:
        """Whoever grows while the machine's disk is nearly full is stopped.

        A file can be out of sight: without a name, and only mapped or on its way through a socket; or there
        are so many that a look at all takes long. Then the disk has less room by what the sandbox writes.
        """
        began = time.monotonic()
        room, written = room_left(self._workspace.root), written_bytes(self._channel.inside())
        calm = self._calm
        if room.scarce:
            calm = _Calm(min(calm.used, self._used), min(calm.written, written), max(calm.free, room.free))
        else:
            calm = _Calm(self._used, written, room.free)
        self._calm = calm
        grown = max(self._used - calm.used, min(written - calm.written, calm.free - room.free))
        said = "the disk of this machine is nearly full. Remove files that you do not need."
        now = time.monotonic()
        self._act(self._full.judge(grown, now), said)
        self._next_room = now + max(self._bounds.disk_s, _REST * (now - began))

    def _act(self, action: str, said: str) -> None:
        if action == "stop":
            _beside(self._wire.stop, f"All processes were ended: {said}")
        elif action == "lose":
            _beside(self._wire.lose, f"it went on after it was stopped: {said}")
            self.end()


_lock = threading.Lock()
_wake = threading.Event()
_watches: list[Watch] = []
_thread: threading.Thread | None = None


def begin_watch(watch: Watch) -> None:
    """Have one more sandbox looked at until its `end`."""
    global _thread
    with _lock:
        _watches.append(watch)
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_keep_looking, name="sandbox-watch", daemon=True)
            _thread.start()
    _wake.set()


def _keep_looking() -> None:
    while True:
        _wake.clear()
        if not (watches := _watched()):
            return
        soonest = min(map(_look, watches))
        _wake.wait(max(soonest - time.monotonic(), 0.0))


def _look(watch: Watch) -> float:
    """A look that fails, for want of descriptors say, is made again later; nobody else goes unwatched."""
    try:
        return watch.look()
    except Exception:  # noqa: BLE001 - whatever it is about one sandbox, the others have limits too
        return time.monotonic() + MEMORY_S


def _beside(act: Callable[[str], object], reason: str) -> None:
    threading.Thread(target=act, args=(reason,), name="sandbox-stop", daemon=True).start()


def _watched() -> list[Watch]:
    """The sandboxes to look at; without any, the thread is no longer needed."""
    global _thread
    with _lock:
        for watch in [watch for watch in _watches if watch.ended]:
            watch.drop()
            _watches.remove(watch)
        if not _watches:
            _thread = None
        return list(_watches)


def _forget() -> None:
    global _lock, _thread, _wake
    _lock, _thread, _wake = threading.Lock(), None, threading.Event()
    _watches.clear()


os.register_at_fork(after_in_child=_forget)  # a fork has the list but not the thread, and no sandbox


def _device(folder: Path) -> int:
    try:
        return folder.stat().st_dev
    except OSError:
        return -1


def _gb(size: int) -> str:
    return f"{size / _GIB:.3g}"

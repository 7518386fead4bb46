"""How much disk and memory a sandbox uses, measured from the host."""

import contextlib
import os
import re
import stat
import subprocess
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

_PAGE = os.sysconf("SC_PAGE_SIZE")
_KIB = 1024
_PARTS = re.compile(rb"^(?:Pss|SwapPss): +([0-9]+) kB", re.MULTILINE)
_SLOTS = re.compile(rb"^FDSize:\s+([0-9]+)$", re.MULTILINE)
_MAX_ANSWER = 4096
FILE_BYTES = 4096
"""What a file counts at least, an empty one too."""
_RESERVE_BYTES, _RESERVE_SHARE = 5 * 10**9, 0.02
"""What is kept free of a file system: the smaller of both; and of the files that it has room for."""


class DiskLook:
    """A count of the blocks and the files below some folders, by other programs while this one goes on.

    `du` counts hard links once, follows no symbolic links, survives files that vanish and nests as deep as
    any agent can. Folders that this user cannot read are left out.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        named = ("--", *map(str, folders))
        self._looks: list[subprocess.Popen[bytes]] = []
        with contextlib.suppress(OSError):  # no `du`, or no room for a process: nothing is known
            for options in ("-skxc", "-sxc --inodes"):
                argv = ("du", *options.split(), *named)
                null = subprocess.DEVNULL
                self._looks.append(subprocess.Popen(argv, stdin=null, stdout=subprocess.PIPE, stderr=null))

    def done(self) -> bool:
        """Whether it is through."""
        return all(look.poll() is not None for look in self._looks)

    def used_bytes(self) -> int | None:
        """Return what it found, once it is through; None where it could not look.

        A file counts `FILE_BYTES` at least: a file system has room for so many files, too.
        """
        totals = [_total(look) for look in self._looks]
        self._looks = []
        blocks, files = (*totals, None, None)[:2]
        return None if blocks is None else max(blocks * _KIB, (files or 0) * FILE_BYTES)

    def give_up(self) -> None:
        """End it; it has nothing to say any more."""
        for look in self._looks:
            look.kill()
        self.used_bytes()


def _total(look: subprocess.Popen[bytes]) -> int | None:
    assert look.stdout is not None
    with look, look.stdout as output:
        answer = output.read(_MAX_ANSWER).split()
    return int(answer[-2]) if len(answer) > 1 and answer[-2].isdigit() else None


class Room(NamedTuple):
    """What is left of a file system."""

    free: int
    """Bytes."""
    scarce: bool
    """Whether nothing should be added, be it for want of bytes or of files."""


def room_left(folder: Path) -> Room:
    """Look at a folder's file system; one that cannot be looked at is full."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return Room(0, scarce=True)
    free, total = found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
    full = free < min(_RESERVE_BYTES, total * _RESERVE_SHARE)
    return Room(free, full or found.f_favail < found.f_files * _RESERVE_SHARE)


def written_bytes(pids: Collection[int]) -> int:
    """Return what processes, and those whose end they saw, have had written to disks, wherever it is now."""
    found = (_fields(pid) for pid in pids)
    return sum(io.get(b"write_bytes", 0) - io.get(b"cancelled_write_bytes", 0) for io in found)


def _fields(pid: int) -> dict[bytes, int]:
    rows = _bytes(Path(f"/proc/{pid}/io")).split()
    return {name.rstrip(b":"): int(number) for name, number in zip(rows[::2], rows[1::2], strict=True)}


def descriptors(pids: Collection[int]) -> int:
    """Return how many descriptors processes may have open, by the sizes of their tables."""
    found = (_SLOTS.search(_bytes(Path(f"/proc/{pid}/status"))) for pid in pids)
    return sum(int(match[1]) for match in found if match)


def unlinked_bytes(pids: Collection[int], device: int) -> int:
    """Return the blocks of files without a name that processes hold open on a file system."""
    found: dict[int, int] = {}
    for pid in pids:
        with contextlib.suppress(OSError):
            for entry in os.scandir(f"/proc/{pid}/fd"):
                with contextlib.suppress(OSError):
                    status = entry.stat()
                    if status.st_nlink == 0 and status.st_dev == device and stat.S_ISREG(status.st_mode):
                        found[status.st_ino] = status.st_blocks * 512
    return sum(found.values())


def memory_bytes(pids: Collection[int], enough: int) -> int:
    """Return the memory that processes hold together.

    What they share counts for each of them as long as it comes to no more than `enough`; beyond, when
    it matters, it is divided among them, which takes longer.
    """
    resident = {pid: _resident(pid) for pid in pids}
    if sum(resident.values()) <= enough:
        return sum(resident.values())
    return sum(_proportional(pid, size) for pid, size in resident.items())


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _proportional(pid: int, resident: int) -> int:
    try:
        parts = _PARTS.findall(Path(f"/proc/{pid}/smaps_rollup").read_bytes())
    except OSError:
        return resident
    return sum(map(int, parts)) * _KIB


def _bytes(path: Path) -> bytes:
    """What a file of a process says; nothing once the process is gone."""
    try:
        return path.read_bytes()
    except OSError:
        return b""

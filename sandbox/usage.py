"""How much disk and memory a sandbox uses, measured from the host."""

import contextlib
import os
import re
import stat
import subprocess
from collections.abc import Collection, Iterable
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_KIB = 1024
_PARTS = re.compile(rb"^(?:Pss|SwapPss): +([0-9]+) kB", re.MULTILINE)
_MAX_ANSWER = 4096


class DiskLook:
    """A count of the blocks below some folders, made by another program while this one goes on.

    `du` counts hard links once, follows no symbolic links, survives files that vanish and nests as deep as
    any agent can. Folders that this user cannot read are left out.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        argv = ["du", "-skxc", "--", *map(str, folders)]
        self._process: subprocess.Popen[bytes] | None = None
        with contextlib.suppress(OSError):  # no `du`, or no room for a process: nothing is known
            self._process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )

    def done(self) -> bool:
        """Whether it is through."""
        return self._process is None or self._process.poll() is not None

    def used_bytes(self) -> int | None:
        """Return what it found, once it is through; None where it could not look."""
        answer = self._close().split()
        return int(answer[-2]) * _KIB if len(answer) > 1 and answer[-2].isdigit() else None

    def give_up(self) -> None:
        """End it; it has nothing to say any more."""
        if self._process is not None:
            self._process.kill()
        self._close()

    def _close(self) -> bytes:
        process, self._process = self._process, None
        if process is None or process.stdout is None:
            return b""
        with process, process.stdout as output:
            return output.read(_MAX_ANSWER)


def free_share(folder: Path) -> tuple[int, int]:
    """Return the bytes that are free on a folder's file system, and all that it has."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0, 0
    return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize


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

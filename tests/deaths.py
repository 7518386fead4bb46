"""Deaths between effects: what kills at random instants would find once a month is found at once.

A process is killed before its first change of the disk, another one before its second, and so on until one
gets through. Python says itself what is about to change (`sys.addaudithook`); nothing is patched.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import count, takewhile
from pathlib import Path

_CHANGES = frozenset(
    {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.utime", "os.chmod"}
)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def died(work: Callable[[], object]) -> bool:
    """Do `work` in a fork; whether a signal killed it."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or status == 0
    return os.WIFSIGNALED(status)


def deaths(work: Callable[[int], object]) -> Iterator[int]:
    """Numbers, beginning at 1, as long as a `work` of that number dies before its change of that number."""

    def killed(number: int) -> None:
        _kill_before(number)
        work(number)

    return takewhile(lambda number: died(lambda: killed(number)), count(1))


def left_in(folder: Path) -> dict[str, str]:
    """Everything below a folder: a digest of files by their path; locks apart, which stay on purpose."""
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in folder.rglob("*")
        if not path.name.endswith(".lock")
    }


def _kill_before(number: int) -> None:
    left = number

    def count(event: str, args: tuple[object, ...]) -> None:
        nonlocal left
        if event in _CHANGES or (event == "open" and isinstance(args[2], int) and args[2] & _WRITES):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)

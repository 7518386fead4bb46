"""Deaths between effects: what kills at random instants would find once a month is found at once.

A process is killed before its first change of the disk, another one before its second, and so on until one
gets through. Python says itself what is about to change (`sys.addaudithook`); nothing is patched. All of it
happens in a program of its own, `python -m tests.deaths once|each MODULE:FUNCTION ...`: a fork of a process
with several threads may find a lock that nobody opens.
"""

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from itertools import count
from pathlib import Path

Work = Callable[..., object]
"""A function of a module, of texts."""
_CHANGES = frozenset(
    {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.utime", "os.chmod"}
)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def died(work: Work, *words: object) -> bool:
    """Do `work` in a process of its own; whether it was killed."""
    done = _program("once", work, *words)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


def deaths(work: Work, folder: Path, *words: object, timed: str = "") -> int:
    """Check that `work` leaves the same after every death; returns the number of deaths.

    Args:
        work: is given a path in `folder`, another one for each death, and the `words`.
        folder: where the paths are.
        words: more arguments.
        timed: a file below each path that holds the time, and so is another one every time.
    """
    done = _program("each", work, folder, timed, *words)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.splitlines()[-1])


def left_in(folder: Path) -> dict[str, str]:
    """Everything below a folder: a digest of files by their path; locks apart, which stay on purpose."""
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in folder.rglob("*")
        if not path.name.endswith(".lock")
    }


def _program(how: str, work: Work, *words: object) -> "subprocess.CompletedProcess[str]":
    name = f"{work.__module__}:{work.__qualname__}"
    command = [sys.executable, "-m", "tests.deaths", how, name, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _each(work: Work, folder: Path, timed: str, words: list[str]) -> None:
    def whole(number: int) -> dict[str, str]:
        place = folder / str(number)
        work(place, *words)
        return left_in(place) | {timed: ""}

    undisturbed = whole(0)
    for number in count(1):
        if not _dies(number, lambda place=folder / str(number): work(place, *words)):
            print(number - 1)  # noqa: T201 - the answer to the test that started this
            return
        again = whole(number)
        assert again == undisturbed, f"death {number}: {sorted(again.items() ^ undisturbed.items())}"


def _dies(number: int, work: Callable[[], object]) -> bool:
    child = os.fork()
    if child == 0:
        _kill_before(number)
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or status == 0
    return os.WIFSIGNALED(status)


def _kill_before(number: int) -> None:
    left = number

    def countdown(event: str, args: tuple[object, ...]) -> None:
        nonlocal left
        if event in _CHANGES or (event == "open" and isinstance(args[2], int) and args[2] & _WRITES):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(countdown)


def _main(how: str, name: str, *words: str) -> None:
    module, _, function = name.partition(":")
    work = getattr(importlib.import_module(module), function)
    if how == "once":
        work(*words)
    else:
        folder, timed, *more = words
        _each(work, Path(folder), timed, more)


if __name__ == "__main__":
    _main(*sys.argv[1:])

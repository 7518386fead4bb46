"""Files as the agent itself could read and write them: from inside, with its own rights."""

# Plain strings for paths: the driver starts sooner without pathlib.
# ruff: noqa: PTH103, PTH105, PTH108, PTH112, PTH116

from __future__ import annotations

import contextlib
import heapq
import os
import posixpath
import stat
from collections.abc import Generator

from sandbox.driver.replies import Refused, Reply
from sandbox.driver.world import World

_MODE = 0o644


def read_file(world: World, path: str, offset: int, limit: int) -> Reply:
    """Reply with `limit` bytes from `offset` of a regular file, and its size."""
    with refusing(path), opened(world.absolute(path), path) as fd:
        return Reply({"size": os.fstat(fd).st_size}, (os.pread(fd, limit, offset),))


@contextlib.contextmanager
def opened(path: str, named: str) -> Generator[int]:
    """Open a regular file for an agent, who calls it `named`; raises `Refused` for what is none, or OSError.

    None of /proc is: to who reads there as the driver, `self` is the driver, with all its memory.
    """
    # Without O_NONBLOCK, opening a FIFO would wait for a writer.
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(fd)
        if stat.S_ISDIR(status.st_mode):
            raise Refused(f"{named}: is a directory")
        if not stat.S_ISREG(status.st_mode) or status.st_dev == os.stat("/proc").st_dev:
            raise Refused(f"{named}: not a regular file")
        yield fd
    finally:
        os.close(fd)


def write_file(world: World, path: str, content: bytes) -> Reply:
    """Write a file as a whole; its readers see the old content or the new."""
    write(world, path, content)
    return Reply({"size": len(content)})


def begin_file(world: World, path: str, content: bytes, to: str) -> Reply:
    """Write the beginning of a file that will be `to`: for content that is too long for one frame.

    `path` is of the host's choice; who is refused reads of `to` alone.
    """
    _check_file(world, to)
    write(world, path, content, named=to)
    return Reply({})


def append_file(world: World, path: str, content: bytes, to: str) -> Reply:
    """Add to a file that was begun."""
    with refusing(to):
        # It is ours, under a name of the host's choice: what is a link, or has another name, is not.
        fd = os.open(world.absolute(path), os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(fd, "wb") as file:
            file.write(content)
    return Reply({})


def move_file(world: World, path: str, to: str) -> Reply:
    """Give a file another name; readers of that see the old content or the new."""
    _check_file(world, to)
    with refusing(to):
        os.replace(world.absolute(path), world.absolute(to))
    return Reply({})


def drop_file(world: World, path: str) -> Reply:
    """Remove a file that was begun; one that is not there is no fault."""
    with contextlib.suppress(OSError):
        os.unlink(world.absolute(path))
    return Reply({})


def write(world: World, path: str, content: bytes, *, named: str = "") -> None:
    """Write a file, and its folders; `named` is what an agent calls it, if not by its path."""
    named = named or path
    _check_file(world, path)
    folder, name = posixpath.split(world.absolute(path))
    with refusing(named):
        real, data = os.path.realpath(folder), os.path.realpath(world.data)
        if posixpath.commonpath((real, data)) == data:  # a folder that only some backends can protect
            raise Refused(f"{named} is in the data folder, which is read-only")
        os.makedirs(folder, exist_ok=True)
        replace(folder, name, content)


def _check_file(world: World, path: str) -> None:
    with refusing(path):
        if os.path.isdir(world.absolute(path)) or path.endswith("/"):
            raise Refused(f"{path}: is a directory")


def list_files(world: World, path: str, limit: int) -> Reply:
    """Reply with the first `limit` names of a directory, however many there are."""
    folder = world.absolute(path)
    with refusing(path), os.scandir(folder) as entries:
        first = heapq.nsmallest(limit, entries, key=lambda entry: entry.name)
    prefix = "" if path in ("", ".") else path.rstrip("/") + "/"
    rows: list[str] = []
    for entry in first:
        with contextlib.suppress(FileNotFoundError):
            status = entry.stat(follow_symlinks=False)
            rows.append(f"{_kind(status.st_mode)} {status.st_size} {prefix}{entry.name}")
    return Reply({}, ("\0".join(rows).encode("utf-8", "replace"),))


def replace(folder: str, name: str, content: bytes) -> None:
    """Put a file in the place of another at once, with the mode of that."""
    target = posixpath.join(folder, name)
    temporary = posixpath.join(folder, f".writing-{os.urandom(8).hex()}")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), _mode(target))
        os.replace(temporary, target)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _mode(path: str) -> int:
    try:
        return stat.S_IMODE(os.stat(path).st_mode) & 0o777
    except OSError:
        return _MODE


def _kind(mode: int) -> str:
    for kind, test in (("file", stat.S_ISREG), ("dir", stat.S_ISDIR), ("link", stat.S_ISLNK)):
        if test(mode):
            return kind
    return "other"


@contextlib.contextmanager
def refusing(path: str) -> Generator[None]:
    """Turn the errors of the operating system into refusals that name the agent's path."""
    try:
        yield
    except (OSError, ValueError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a usable path"
        raise Refused(f"{path}: {reason.lower()}") from None

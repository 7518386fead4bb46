"""What the guard asks of the Linux kernel: death with a parent, no network, limits, who a peer is."""

import ctypes
import os
import resource
import signal
import socket
import struct
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

CLONE_NEWUSER, CLONE_NEWNET, PR_SET_PDEATHSIG = 0x10000000, 0x40000000, 1
OPEN_FILES = 32
"""Files a request may hold open: the answers and what Python opens to import a module."""
PEER = struct.Struct("iII")
"""What the kernel knows of the other end of a socket: process, user and group."""


def die_with_parent(parent: int | None = None) -> None:
    """Ties this process to its parent's life.

    Args:
        parent: The parent's id; a fork that was slower than its parent's death ends here.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and os.getppid() != parent:
        os._exit(0)


def leave_network() -> bool:
    """Moves this process into a network of its own without any interface; false where it may not."""
    libc = ctypes.CDLL(None)
    # A superuser needs no user namespace, and would lose its right to read other users' answers in one.
    flags = (CLONE_NEWNET, CLONE_NEWUSER | CLONE_NEWNET)
    return any(libc.unshare(flag) == 0 for flag in flags)


def confine(memory: int, seconds: float) -> None:
    """Limits for this process; `memory` counts from what it has mapped already."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(nothing, handle)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    whole = pages * resource.getpagesize() + memory
    for limit, value in (
        (resource.RLIMIT_AS, whole),
        (resource.RLIMIT_CPU, int(seconds) + 1),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))


def user_behind(connection: socket.socket) -> int:
    """The id of the user who connected to this end of a UNIX socket, or who listens at the other end."""
    return PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size))[1]


@contextmanager
def short_name(path: Path) -> Generator[str]:
    """Another name of a path while the context lasts: the name of a socket has at most 107 bytes."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)

"""The accepting half of a shared guard: one warm process that forks a handler for every connection.

The zygote reads nothing from a connection. It keeps its network, because a process that enters a namespace of
its own can no longer tell users apart; each handler leaves the network instead.
"""

import contextlib
import os
import select
import signal
import socket
from collections.abc import Callable
from typing import NoReturn

from benchmark.guard_linux import die_with_parent, user_behind

Serve = Callable[[], None]
"""Serves requests from standard input until it ends."""


def accept_all(listener: socket.socket, serve: Serve) -> None:
    """Forks a handler for every connection of the same user, until standard input is closed."""
    # Nobody waits for handlers: the kernel buries them.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener.setblocking(False)
    poll = select.poll()
    poll.register(0, 0)
    poll.register(listener, select.POLLIN)
    while not any(handle == 0 for handle, _ in poll.poll()):
        # Who connected may be gone again, or there is no room for a process; then he must help himself.
        with contextlib.suppress(OSError):
            _accept(listener, serve)


def _accept(listener: socket.socket, serve: Serve) -> None:
    connection, _ = listener.accept()
    with connection:
        if user_behind(connection) != os.geteuid():
            return
        zygote = os.getpid()
        if os.fork() == 0:
            _handle(connection, listener, serve, zygote)


def _handle(connection: socket.socket, listener: socket.socket, serve: Serve, zygote: int) -> NoReturn:
    """The forked process: it never returns into the loop of its parent."""
    try:
        die_with_parent(zygote)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for stream in (0, 1):
            os.dup2(connection.fileno(), stream)
        # No fork that parses may hold a way to other runs.
        connection.close()
        listener.close()
        serve()
    finally:
        os._exit(0)

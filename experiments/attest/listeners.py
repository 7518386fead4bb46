"""The host's open doors: sockets that somebody inside a sandbox could reach if it leaked, and must not."""

import contextlib
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

_CID_LOCAL = 1
"""This machine itself; 2 would be the hypervisor, who has not asked for visitors."""


@dataclass(slots=True)
class Doors:
    """Where the host listens, and who came."""

    addresses: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    abstract: list[str] = field(default_factory=list[str])
    sockets: list[str] = field(default_factory=list[str])
    vsock: int = 0
    """Port on the machine's own vsock; 0 where it has none."""
    visits: list[str] = field(default_factory=list[str])
    """Each door that somebody came through."""


@contextmanager
def open_doors(folder: Path, word: str, token: str) -> Generator[Doors]:
    """Listen on all kinds of sockets of this host; whoever connects is told `token`.

    Args:
        folder: where a socket with a path is put.
        word: part of the abstract socket's name.
        token: the secret that visitors carry home.
    """
    doors = Doors()
    with contextlib.ExitStack() as stack:

        def serve(name: str, listener: socket.socket, answer: Callable[[socket.socket, bytes], None]) -> None:
            stack.enter_context(listener)
            stack.callback(_shut, listener)
            threading.Thread(target=_serve, args=(name, listener, answer, token, doors), daemon=True).start()

        for address in ("127.0.0.1", *_addresses()):
            listener = socket.create_server((address, 0))
            port = int(listener.getsockname()[1])
            doors.addresses.append((address, port))
            serve(f"TCP {address}", listener, _greet)
            packets = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            packets.bind((address, port))
            serve(f"UDP {address}", packets, _reply)
        doors.abstract.append(f"attest-{word}")
        serve("an abstract socket", _unix(f"\0attest-{word}"), _greet)
        doors.sockets.append(str(folder / "door.sock"))
        serve("a socket in the file system", _unix(doors.sockets[0]), _greet)
        with contextlib.suppress(OSError):  # machines that are not virtual have none
            listener = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
            stack.callback(listener.close)
            listener.bind((_CID_LOCAL, socket.VMADDR_PORT_ANY))
            listener.listen()
            doors.vsock = int(listener.getsockname()[1])
            serve("vsock", listener, _greet)
        yield doors


def _addresses() -> list[str]:
    """This host's IPv4 addresses besides the loopback."""
    found = [
        a.address for all_of in psutil.net_if_addrs().values() for a in all_of if a.family == socket.AF_INET
    ]
    return [address for address in found if not address.startswith("127.")]


def _unix(name: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(name)
    listener.listen()
    if not name.startswith("\0"):
        Path(name).chmod(0o777)
    return listener


def _serve(
    name: str,
    listener: socket.socket,
    answer: Callable[[socket.socket, bytes], None],
    token: str,
    doors: Doors,
) -> None:
    while True:
        try:
            answer(listener, token.encode())
        except OSError:
            return
        doors.visits.append(name)


def _greet(listener: socket.socket, token: bytes) -> None:
    connection, _ = listener.accept()
    with connection, contextlib.suppress(OSError):
        connection.sendall(token)


def _reply(listener: socket.socket, token: bytes) -> None:
    sender: Any
    _, sender = listener.recvfrom(4096)
    if sender is None:
        raise ConnectionError  # the listener was shut
    with contextlib.suppress(OSError):
        listener.sendto(token, sender)


def _shut(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)

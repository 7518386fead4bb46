"""The connection to an IPython kernel: Jupyter's messages, by way of jupyter_client."""

# Plain strings for paths, as in all of the driver.
# ruff: noqa: PTH118, PTH120, PTH123
# What jupyter_client declares has types of its own that are incomplete.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import contextlib
import math
import mmap
import os
from collections.abc import Collection, Mapping
from typing import TypedDict, cast

import zmq
from jupyter_client.connect import write_connection_file
from jupyter_client.session import Session

_BATCH = 200
"""Messages that are taken before others are looked at."""
_MAX_MESSAGE = 64 << 20
_MALFORMED = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""What jupyter_client raises for messages that are none, or are not signed with the key."""
_PARTS = ("header", "parent_header", "content")


class Message(TypedDict):
    """A message as jupyter_client reads it; parts are the kernel's claim, and any key may be missing."""

    header: Mapping[str, object]
    parent_header: Mapping[str, object]
    """The header of the request that it belongs to; empty if there is none."""
    content: Mapping[str, object]


class Connection:
    """The sockets to a kernel, and other descriptors to wait for."""

    def __init__(self, path: str, watched: Collection[int]) -> None:
        """Write a connection file, and connect as soon as the kernel takes it up.

        Args:
            path: of the file; the kernel's sockets are created beside it.
            watched: descriptors that end a wait when they become readable.
        """
        folder, key = os.path.dirname(path), os.urandom(32).hex().encode()
        base = os.path.join(folder, "k")
        _, ports = write_connection_file(path, ip=base, key=key, transport="ipc")
        # What is forged would be kept, too.
        self._session = Session(key=key, digest_history_size=0)
        self._taken = _Taken(os.path.join(folder, "taken"))
        self._address = f"ipc://{base}-{ports.get('iopub_port')}"
        context = zmq.Context()
        self._shell = context.socket(zmq.DEALER)
        self._shell.setsockopt(zmq.SNDTIMEO, 0)
        self._iopub = context.socket(zmq.SUB)
        self._iopub.setsockopt(zmq.RCVHWM, 0)  # a publisher drops what its readers have no room for
        self._iopub.subscribe(b"")
        self._poller = zmq.Poller()
        for socket, address in (
            (self._iopub, self._address),
            (self._shell, f"ipc://{base}-{ports.get('shell_port')}"),
        ):
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.RECONNECT_IVL, 5)  # milliseconds
            socket.setsockopt(zmq.MAXMSGSIZE, _MAX_MESSAGE)
            socket.connect(address)
            self._poller.register(socket, zmq.POLLIN)
        for fd in watched:
            self._poller.register(fd, zmq.POLLIN)

    def execute(self, code: str, *, silent: bool = False) -> str:
        """Ask the kernel to run a cell; returns the identifier by which its messages name it."""
        content: dict[str, object] = {
            "code": code,
            "silent": silent,
            "store_history": not silent,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        request = self._session.msg("execute_request", content)
        with contextlib.suppress(zmq.Again):  # a kernel that takes nothing more runs into its deadline
            self._session.send(self._shell, request)
        return str(request["msg_id"])

    def wait(self, seconds: float | None) -> set[object]:
        """Wait, without end if it is None; returns what has news."""
        wait = None if seconds is None else math.ceil(max(seconds, 0) * 1000)
        return {key for key, _ in self._poller.poll(wait)}

    def hear(self, ready: set[object]) -> list[Message]:
        """Return messages that have come, though not all if there are very many."""
        found = [self._receive(socket) for socket in (self._iopub, self._shell) if socket in ready]
        return [message for messages in found for message in messages]

    def listen_again(self) -> None:
        """Take up the connection that a message which was too large has ended."""
        with contextlib.suppress(zmq.ZMQError):
            self._iopub.disconnect(self._address)
        self._iopub.connect(self._address)

    def _receive(self, socket: zmq.Socket[bytes]) -> list[Message]:
        messages: list[Message] = []
        for _ in range(_BATCH):
            try:
                _, message = self._session.recv(socket)
            except _MALFORMED:
                continue
            if message is None:
                break
            if all(isinstance(message[part], dict) for part in _PARTS):
                messages.append(cast("Message", message))
                self._taken.add(messages[-1])
        return messages


class _Taken:
    """How much printed text was taken from the kernel, in a file that the kernel maps."""

    def __init__(self, path: str) -> None:
        with open(path, "w+b") as file:
            file.truncate(8)
            self._count = memoryview(mmap.mmap(file.fileno(), 8)).cast("Q")

    def add(self, message: Message) -> None:
        """Count a message."""
        text = message["content"].get("text")
        if message["header"].get("msg_type") == "stream" and isinstance(text, str):
            self._count[0] = (self._count[0] + len(text)) % (1 << 63)

"""What an image that is none of ours holds and no agent may see: shown empty, as bubblewrap does it.

Bundled data sets, since a competition may be drawn from one of them; the graders and thresholds of the
upstream benchmark, whose image has them beside the agent's environment; an installation of this project.
Images that `python -m sandbox build-image` made have none.
"""

import contextlib
import posixpath
import socket
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from docker.types import LogConfig

from sandbox.backends import look_inside
from sandbox.backends.container import in_python
from sandbox.backends.engine import Engine, Image
from sandbox.backends.masked import DATA_SETS, OWN, SYSTEM
from sandbox.backends.multiplex import Demultiplexer, Garbled
from sandbox.errors import SandboxUnavailable
from sandbox.text import printable

_UPSTREAM = ("/mlebench", "/private")
"""Where `mlebench-env` has its graders, and where its grading server finds the answers."""
_COVERED = ("/home", "/tmp", "/run")
"""What lies below is not the image's in a sandbox."""
_LOOK_S = 120.0
_MOST_BYTES = 1 << 20
_NAMES = (*_UPSTREAM, *SYSTEM, "--", *DATA_SETS, "--", *OWN)
_PROGRAM = Path(look_inside.__file__)

_seen: dict[str, tuple[str, ...]] = {}
_looking = threading.Lock()


def withheld(engine: Engine, image: Image, user: str, labels: Mapping[str, str]) -> tuple[str, ...]:
    """Return the folders of an image to hide; an image is looked through once by each process.

    Args:
        engine: where the image is.
        image: one with our label is taken at its word.
        user: `UID:GID` of the agent.
        labels: whose the container is that looks.

    Raises:
        SandboxUnavailable: the image cannot be looked through.
        SandboxLost: the daemon does not answer.
    """
    if image.python:
        return ()
    with _looking:
        if image.id not in _seen:
            _seen[image.id] = _outermost(_look(engine, image, user, labels))
        return _seen[image.id]


def _look(engine: Engine, image: Image, user: str, labels: Mapping[str, str]) -> list[str]:
    """What a container of the image, with no more rights than an agent has, prints of its own folders."""
    host = {
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "network_mode": "none",
        "log_config": LogConfig(type="none", config={}),
        "auto_remove": True,
        "pids_limit": 64,
        "tmpfs": dict.fromkeys(image.volumes, "ro"),
    }
    command = in_python(image, "-I", "-S", "-c", _PROGRAM.read_text(), *_NAMES)
    made = engine.create(image.id, host, labels=labels, user=user, **command)
    try:
        with contextlib.closing(engine.attach(made)) as connection:
            engine.start(made)
            streams = _all(connection)
    finally:
        engine.remove(made)
    *found, end = streams.output.decode(errors="replace").split("\n")[:-1] or [""]
    if end != look_inside.END:
        words = " ".join(printable(streams.errors.decode(errors="replace")).split())
        raise SandboxUnavailable(f"the image cannot be looked through for what no agent may see: {words}")
    return found


def _all(connection: socket.socket) -> Demultiplexer:
    """What comes until the end of the output, in bounds: the image may be anybody's."""
    streams, deadline = Demultiplexer(), time.monotonic() + _LOOK_S
    with contextlib.suppress(OSError, Garbled):
        while (left := deadline - time.monotonic()) > 0 and len(streams.output) < _MOST_BYTES:
            connection.settimeout(left)
            piece = connection.recv(1 << 16)
            if not piece:
                break
            streams.feed(piece)
    return streams


def _outermost(found: list[str]) -> tuple[str, ...]:
    """Folders that are the image's, without those below others: in a hidden one there are none to hide."""
    folders: list[str] = []
    for path in sorted({posixpath.normpath(path) for path in found if path.startswith("/")}):
        if not any(path.startswith(f"{above}/") for above in (*_COVERED, *folders)):
            folders.append(path)
    return tuple(folders)

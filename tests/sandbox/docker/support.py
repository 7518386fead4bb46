"""What the tests of the Docker backend share: the SDK without our own code, and a daemon that can fail."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, cast

import docker
from docker.errors import NotFound

from sandbox.reaper import RUN

SOCKET = Path("/var/run/docker.sock")


@contextlib.contextmanager
def client() -> Generator[docker.APIClient]:
    api = docker.APIClient(f"unix://{SOCKET}", version="auto")
    try:
        yield api
    finally:
        api.close()


def containers_of(run: str) -> list[str]:
    """The containers of a run, in any state."""
    with client() as api:
        found = api.containers(all=True, filters={"label": f"{RUN}={run}"})
        return [str(row["Id"]) for row in cast("list[dict[str, Any]]", found)]


def inspect(container: str) -> dict[str, Any]:
    with client() as api:
        return cast("dict[str, Any]", api.inspect_container(container))


def kill(container: str) -> None:
    with client() as api:
        api.kill(container)


def remove(container: str) -> None:
    with client() as api, contextlib.suppress(NotFound):
        api.remove_container(container, force=True)


def eventually(happens: Callable[[], bool], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while not happens():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


# As a daemon does, it takes connections while it is stopped, and cuts them all when it is killed.
_RELAY = """
import socket, sys, threading

def pump(source, sink):
    try:
        while piece := source.recv(1 << 16):
            sink.sendall(piece)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(64)
print("ready", flush=True)
while True:
    near, _ = server.accept()
    far = socket.socket(socket.AF_UNIX)
    far.connect(sys.argv[2])
    for pair in ((near, far), (far, near)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
"""


class Relay:
    """Stands between a test and the daemon of this machine, which must not be restarted."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"unix://{path}"
        self.process = self._start()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()
        self.path.unlink(missing_ok=True)

    def restart(self) -> None:
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        argv = (sys.executable, "-c", _RELAY, str(self.path), str(SOCKET))
        process = subprocess.Popen(argv, stdout=subprocess.PIPE)
        assert process.stdout and process.stdout.readline() == b"ready\n"
        return process

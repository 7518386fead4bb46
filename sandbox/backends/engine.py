"""The Docker daemon, as sandboxes need it: every question with a timeout, every answer with a type.

The only module that talks through the docker package. What fails is told apart here: a daemon that does not
answer, a disk that is full, an image that is missing, a request that this machine cannot fulfil.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeArgument=false

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple, cast

import docker
import requests
import urllib3
from docker.errors import APIError, DockerException, NotFound
from docker.utils import kwargs_from_env

from sandbox import daemon
from sandbox.errors import EngineDown, SandboxError, SandboxLost, SandboxUnavailable
from sandbox.image.names import BUILD, LABEL_PYTHON
from sandbox.text import printable

_CALL_S = 60
"""Many sandboxes that start at once on a busy machine wait for each other."""
_END_S = 20
"""For what is asked while a sandbox ends: a daemon that hangs must not hold up its run for long."""
_COMES_BACK_S = 30.0
"""A daemon that answered before is waited for; a restart takes a few seconds."""
_ROOTLESS = (
    "the Docker daemon at {where} is a rootless one: in its containers no ordinary user can have the agent's "
    "files. Name this machine's own with: export DOCKER_HOST=unix:///var/run/docker.sock, or choose "
    "bubblewrap by backend: bwrap"
)
_EXCERPT = 400
_UNANSWERED = (
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    requests.exceptions.ChunkedEncodingError,
    urllib3.exceptions.HTTPError,
    OSError,
)

_limit_s: ContextVar[float] = ContextVar("limit of a question to the daemon", default=_CALL_S)

_answered = threading.Event()
"""Whether a daemon has answered this process, or one that it was forked from."""


class Image(NamedTuple):
    """What sandboxes need to know of an image."""

    id: str
    """`sha256:...`, the digest of all that it holds."""
    python: str
    """The interpreter that its label names; empty if it has no label."""
    volumes: tuple[str, ...] = ()
    """Folders for which the daemon would make a place on its disk that everybody inside can fill."""
    hidden: tuple[str, ...] = ()
    """Folders that no agent may see."""


class Event(NamedTuple):
    """Something that happened to a container."""

    kind: str
    """`oom`, `kill`, `die`, ..."""
    at: float
    """Seconds since the epoch, by the daemon's clock."""
    code: int | None
    """For `die`: the exit status."""


class Container(NamedTuple):
    """A container with its labels."""

    id: str
    labels: Mapping[str, str]


class Row(NamedTuple):
    """A process of a container, numbered as the daemon's machine does."""

    pid: int
    parent: int
    session: int
    command: str


class _Client(docker.APIClient):
    """The SDK's client, which would wait for events without an end."""

    def _set_request_timeout(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        return {**kwargs, "timeout": _limit_s.get()}


class Engine:
    """A connection to the daemon. Safe to use from several threads."""

    def __init__(self, api: docker.APIClient) -> None:
        """Take over a client that has been answered; `connect` makes one."""
        self._api = api

    @contextlib.contextmanager
    def _asking(self, task: str) -> Generator[None]:
        try:
            _knock()
            yield
        except APIError as error:
            raise _refused(task, error) from error
        except (DockerException, *_UNANSWERED) as error:
            raise SandboxLost(
                f"the Docker daemon does not answer when it is to {task}: {_excerpt(error)}"
            ) from error

    @classmethod
    def connect(cls) -> Engine:
        """Reach the daemon that DOCKER_HOST names, or this machine's; one that answered before is waited for.

        Raises:
            SandboxUnavailable: there is none, or this user may not talk to it.
            EngineDown: it answered before.
        """
        deadline = time.monotonic() + (_COMES_BACK_S if _answered.is_set() else 0.0)
        delay = 0.2
        while True:
            try:
                engine = cls(_client())
            except (DockerException, *_UNANSWERED) as error:
                if time.monotonic() >= deadline or not _answered.is_set():
                    raise _unreachable(error) from error
                time.sleep(delay)
                delay = min(2 * delay, 3.0)
                continue
            _answered.set()
            return engine

    def close(self) -> None:
        """Let go of the connection."""
        self._api.close()

    def version(self) -> str:
        """The daemon's version.

        Raises:
            SandboxUnavailable: it runs as an ordinary user, in whose containers that user is root and no
                other user of this machine is known.
        """
        with self._asking("tell its version"):
            found = self._api.info()
        if any("name=rootless" in option for option in found.get("SecurityOptions") or []):
            raise SandboxUnavailable(_ROOTLESS.format(where=daemon.where()))
        return str(found["ServerVersion"])

    def cards_fault(self) -> str | None:
        """Say why it gives no graphics cards to containers, and what to do; None where it does."""
        with self._asking("tell what it can give"):
            found = self._api.info()
        return daemon.cards_fault(found.get("Runtimes"), found.get("DiscoveredDevices"))

    def image(self, name: str) -> Image:
        """Find an image of this machine.

        Raises:
            SandboxUnavailable: there is none of that name.
        """
        with self._asking(f"find the image {name!r}"):
            try:
                found = cast("dict[str, Any]", self._api.inspect_image(name))
            except NotFound:
                raise SandboxUnavailable(daemon.no_image(name)) from None
        config = cast("dict[str, Any]", found.get("Config") or {})
        labels = cast("dict[str, str]", config.get("Labels") or {})
        return Image(str(found["Id"]), labels.get(LABEL_PYTHON, ""), tuple(config.get("Volumes") or ()))

    def create(self, image: str, host: Mapping[str, Any], **options: Any) -> str:  # noqa: ANN401
        """Create a container whose input is closed with the first connection to it; returns its id.

        Args:
            image: its id or name.
            host: mounts, rights and limits, by the SDK's names.
            options: what process 1 is, by the SDK's names.
        """
        with self._asking("create the sandbox"):
            host_config = self._api.create_host_config(**host)
            made = self._api.create_container(image, stdin_open=True, host_config=host_config, **options)
        return str(cast("dict[str, Any]", made)["Id"])

    def attach(self, container: str) -> socket.socket:
        """Connect to the standard streams of a container that has not begun yet."""
        with self._asking("attach to the sandbox"):
            raw = self._api.attach_socket(container, {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
            connection = socket.socket(fileno=os.dup(raw.fileno()))
            # The response has no other owner; without this, its descriptor stays open.
            raw._response.close()
            raw.close()
            return connection

    def start(self, container: str) -> None:
        """Begin a container's process 1."""
        with self._asking("start the sandbox"):
            self._api.start(container)

    def pid(self, container: str) -> int:
        """The number of its process 1 on the daemon's machine; 0 when it has ended."""
        with self._asking("find the sandbox"):
            state = cast("dict[str, Any]", self._api.inspect_container(container))["State"]
            return int(state["Pid"])

    def rows(self, container: str) -> list[Row]:
        """Its processes, as the daemon sees them."""
        with self._asking("list the sandbox's processes"):
            listed = self._api.top(container, "-eo pid,ppid,sess,args")
        return [
            Row(int(pid), int(parent), int(session), args)
            for pid, parent, session, args in listed["Processes"] or []
        ]

    def events(self, container: str, since: float, until: float) -> Iterator[Event]:
        """What happened to a container, also to one that is gone, as it happens; ends at `until`."""
        asked = {"since": f"{since:.9f}", "until": f"{until:.9f}", "filters": {"container": [container]}}
        with self._asking("tell what happened"):
            with _within(_END_S):
                stream = self._api.events(decode=True, **cast("Any", asked))
            try:
                for event in cast("Iterator[dict[str, Any]]", stream):
                    code = event["Actor"]["Attributes"].get("exitCode", "")
                    yield Event(
                        str(event["Action"]),
                        int(event["timeNano"]) / 1e9,
                        int(code) if code.isdecimal() else None,
                    )
            finally:
                with contextlib.suppress(OSError):
                    stream.close()

    def remove(self, container: str) -> bool:
        """Kill and remove a container; says whether it is gone, and raises nothing."""
        try:
            with _within(_END_S), self._asking("remove the sandbox"):
                self._api.remove_container(container, force=True)
        except SandboxError as error:
            # Gone already, or going: it removes itself when it ends.
            cause = error.__cause__
            return isinstance(cause, APIError) and cause.status_code in (404, 409)
        return True

    def containers(self, label: str) -> list[Container]:
        """All containers with a label, in any state."""
        with self._asking("list its containers"):
            found = self._api.containers(all=True, filters={"label": label})
        return [
            Container(str(row["Id"]), cast("dict[str, str]", row["Labels"] or {}))
            for row in cast("list[dict[str, Any]]", found)
        ]


def _client() -> docker.APIClient:
    options = cast("dict[str, Any]", kwargs_from_env())
    where = daemon.where()
    if not where.startswith(("unix:", "tcp:", "http:")) or options.get("tls"):
        raise SandboxUnavailable(
            f"DOCKER_HOST is {where!r}: a daemon there cannot mount this machine's folders; unset it, or "
            "name a daemon on this machine: unix:///var/run/docker.sock"
        )
    _knock()
    with _within(_END_S):
        return _Client(version="auto", timeout=_CALL_S, **options)


@contextlib.contextmanager
def _within(seconds: float) -> Generator[None]:
    """Give each question of this thread so long, at least until the daemon goes on with its answer."""
    before = _limit_s.set(seconds)
    try:
        yield
    finally:
        _limit_s.reset(before)


def _knock() -> None:
    """Raise OSError where nobody listens; the SDK would leave a socket open when it finds that out."""
    scheme, _, path = daemon.where().partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.settimeout(_END_S)
            knocking.connect(path)


def _unreachable(error: Exception) -> SandboxError:
    words = _excerpt(error)
    if "permission denied" in words.lower():
        return SandboxUnavailable(daemon.not_permitted(words))
    if _answered.is_set():
        return EngineDown(
            f"the Docker daemon at {daemon.where()} has not answered for {_COMES_BACK_S:g} s ({words}); "
            "look at it with: systemctl status docker"
        )
    return SandboxUnavailable(daemon.unanswered(words))


def _refused(task: str, error: APIError) -> SandboxError:
    words = _excerpt(error.explanation or error)
    said = f"the Docker daemon cannot {task}: {words}"
    lower = words.lower()
    if "no space left on device" in lower:
        return SandboxUnavailable(f"{said}. See what Docker keeps with: docker system df; free some space")
    if "could not select device driver" in lower:
        return SandboxUnavailable(f"{said}. It needs the NVIDIA Container Toolkit: {daemon.TOOLKIT}")
    if "/bin/sh" in lower and "no such file" in lower:
        return SandboxUnavailable(f"the image has no /bin/sh; build one with: {BUILD} ({words})")
    if "could not find bridge" in lower:
        return SandboxUnavailable(
            f"{said}. Restart the daemon, which makes it: sudo systemctl restart docker"
        )
    passing = error.status_code in (404, 409) or (error.status_code or 500) >= 500
    return SandboxLost(said) if passing else SandboxUnavailable(f"{said}. See: python -m sandbox check")


def _excerpt(said: object) -> str:
    return " ".join(printable(str(said)).split())[:_EXCERPT]

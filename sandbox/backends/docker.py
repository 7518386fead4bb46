"""Isolation by Docker: a container per sandbox, whose process 1 is the driver.

The container lives as long as the connection to its standard input: when the process that opened the
sandbox dies, however it dies, the driver sees the end of its input and ends, and all else inside with it.
Nothing that passes over the connection is kept by the daemon.
"""

import contextlib
import os
import time
from collections.abc import Mapping

from sandbox import ownership, reaper
from sandbox.backends import container
from sandbox.backends.attached import AttachedChannel
from sandbox.backends.container import Owner
from sandbox.backends.engine import Engine, Image
from sandbox.backends.withheld import withheld
from sandbox.errors import SandboxError, SandboxUnavailable
from sandbox.protocols import Channel
from sandbox.spec import Layout, SandboxSpec
from sandbox.workspace import PORT, Workspace, layout_at

_AGENT = Owner(1000, 1000)
"""Where root opens the sandbox: the agent must not be root to the files it sees."""


class Docker:
    """The backend `docker`."""

    name = "docker"
    isolated = True

    def __init__(self) -> None:
        root = os.geteuid() == 0
        self._user = _AGENT if root else Owner(os.geteuid(), os.getegid())
        self.owner = self._user if root else None

    def layout(self, spec: SandboxSpec) -> Layout:
        """The same paths in every sandbox; the image says which Python."""
        return layout_at("/home", "/tmp", "", PORT)

    def start(self, spec: SandboxSpec, layout: Layout) -> Channel:
        """Start the driver as process 1 of a new container."""
        workspace = Workspace(spec.root)
        (workspace.home / "data").mkdir()
        container.write_identity(workspace, self._user)
        if self.owner:
            _check_readable(spec)
            ownership.give((workspace.home, workspace.tmp), self.owner)
        engine = Engine.connect()
        try:
            reaper.reap_sometimes(engine)
            return self._run(engine, spec, layout, workspace)
        except BaseException:
            engine.close()
            raise

    def _run(self, engine: Engine, spec: SandboxSpec, layout: Layout, workspace: Workspace) -> Channel:
        image = engine.image(spec.image)
        found = _facts(engine, image)
        labels = reaper.labels(spec.owner)
        hidden = withheld(engine, image, f"{self._user.uid}:{self._user.gid}", labels)
        image = image._replace(hidden=hidden)
        since = time.time()
        made = engine.create(
            image.id,
            container.host_options(spec, workspace, image, self._user),
            labels=labels,
            **container.options(spec, layout, image, self._user),
        )
        with contextlib.ExitStack() as undo:
            undo.callback(engine.remove, made)
            connection = undo.enter_context(engine.attach(made))
            engine.start(made)
            pid = engine.pid(made)
            undo.pop_all()
        limit = container.memory_words(spec)
        return AttachedChannel(engine, made, connection, pid=pid, memory=limit, since=since, facts=found)


def why_not(image: str) -> str | None:
    """Say why no sandbox of `image` can start here, and what to type; None when nothing is known."""
    try:
        facts(image)
    except SandboxError as error:
        return str(error)
    return None


def cards_fault() -> str | None:
    """Say why no sandbox could have a graphics card, and what to do; None where one can, or no daemon is."""
    try:
        with contextlib.closing(Engine.connect()) as engine:
            return engine.cards_fault()
    except SandboxError:  # is told elsewhere
        return None


def facts(image: str) -> Mapping[str, str]:
    """What a sandbox of `image` would be: the image's digest, and which engine.

    Raises:
        SandboxError: no daemon, or no such image.
    """
    engine = Engine.connect()
    try:
        return _facts(engine, engine.image(image))
    finally:
        engine.close()


def _facts(engine: Engine, image: Image) -> Mapping[str, str]:
    return {"image": image.id, "engine": f"docker {engine.version()}"}


def _check_readable(spec: SandboxSpec) -> None:
    if spec.data.stat().st_mode & 0o005 != 0o005 and spec.data.stat().st_uid != _AGENT.uid:
        raise SandboxUnavailable(
            f"agents run as user {_AGENT.uid}, who cannot read the data folder; let everybody read it with: "
            f"chmod -R a+rX {spec.data}"
        )

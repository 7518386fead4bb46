"""Opening a sandbox."""

import errno
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress

from sandbox.backends import backend
from sandbox.errors import SandboxError, SandboxLost, SandboxUnavailable
from sandbox.limits import GIB
from sandbox.protocols import SYSTEM_CALLS, Backend, Channel, Sandbox, Validator
from sandbox.session import Place, Session, pairs
from sandbox.spec import IMAGE, BackendName, Isolation, Layout, SandboxSpec
from sandbox.watch import DISK_S, Bounds, Watch, begin_watch
from sandbox.wire import Wire
from sandbox.workspace import Workspace

_START_S = 30.0


def open_sandbox(spec: SandboxSpec, validator: Validator | None = None, *, look_s: float = DISK_S) -> Sandbox:
    """Empty `spec.root` and start a sandbox in it, its driver answering.

    Args:
        spec: what it is made of.
        validator: answers at the validation server inside; without one there is none.
        look_s: seconds between two looks at the disk that it uses, at least.

    Raises:
        SandboxUnavailable: this machine cannot give it; the message says what to do.
        SandboxLost: it was killed, or did not start in time; it may the next time.
    """
    return open_on(backend(resolve(spec.backend)), spec, validator, look_s=look_s)


def open_on(
    chosen: Backend, spec: SandboxSpec, validator: Validator | None = None, *, look_s: float = DISK_S
) -> Sandbox:
    """Do the same with a backend at hand, whatever the spec names."""
    spec = spec.model_copy(update={"root": spec.root.absolute(), "data": spec.data.resolve()})
    if not spec.data.is_dir():
        raise SandboxUnavailable(f"the data folder {str(spec.data)!r} does not exist; name one that does")
    workspace = Workspace(spec.root)
    try:
        return _open(chosen, spec, workspace, validator, look_s)
    except BaseException:
        with suppress(SandboxUnavailable, OSError):  # what has to stay hides no reason; it may be another's
            workspace.remove()
        raise


def _open(
    chosen: Backend, spec: SandboxSpec, workspace: Workspace, validator: Validator | None, look_s: float
) -> Session:
    layout = chosen.layout(spec)
    try:
        workspace.create(client=validator is not None, mounted=layout.mounted)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise SandboxUnavailable(
                f"no space is left in {str(spec.root)!r} for a sandbox; free some"
            ) from error
        raise
    channel = chosen.start(spec, layout)
    wire = Wire(channel, validator)
    began = time.monotonic()
    try:
        facts = _greet(wire, spec, layout, isolated=chosen.isolated, validator=validator)
    except SandboxError as error:
        killed = channel.killed()
        wire.close()
        if killed:  # by the system for want of memory, say: another may live
            raise SandboxLost(f"the sandbox was killed while it started: {channel.diagnose()}") from error
        if time.monotonic() - began > _START_S:  # a busy machine, not one that cannot
            raise SandboxLost(
                f"the sandbox did not answer within {_START_S:g} s of its start: this machine is busy, or "
                "cannot; see: python -m sandbox check"
            ) from error
        raise SandboxUnavailable(channel.diagnose()) from error
    except BaseException:
        wire.close()
        raise
    watch = Watch(wire, channel, workspace, _bounds(spec, channel, look_s))
    begin_watch(watch)
    place = Place(layout, spec.data, chosen.name, {**channel.facts, **facts}, chosen.owner)
    return Session(wire, workspace, watch, place)


def resolve(name: BackendName, *, foreign: bool = False, image: str = IMAGE) -> Isolation:
    """Return the backend that `name` means on this machine.

    `auto` takes Docker for `foreign` code, where its daemon answers and has the image; else bubblewrap
    where it is installed.
    """
    if name != "auto":
        return name
    if foreign and _docker_is_ready(image):
        return "docker"
    return "bwrap" if shutil.which("bwrap") else "none"


def _docker_is_ready(image: str) -> bool:
    from sandbox.backends.docker import why_not  # its package takes long to import

    return why_not(image) is None


def environment(spec: SandboxSpec, layout: Layout) -> dict[str, str]:
    """Return all variables of the agent's processes; nothing of the host's environment is among them."""
    return {
        "HOME": layout.home,
        "LANG": "C.UTF-8",
        "SHELL": "/bin/bash",
        "USER": "agent",
        "TERM": "dumb",
        "TMPDIR": layout.tmp,
        "XDG_CACHE_HOME": f"{layout.tmp}/cache",  # caches stay out of snapshots
        "HDF5_USE_FILE_LOCKING": "FALSE",  # another sandbox's lock on the data would refuse them to this one
        "CUDA_VISIBLE_DEVICES": ",".join(spec.gpus),  # empty for none: it hides what a backend cannot
        "NVIDIA_VISIBLE_DEVICES": ",".join(spec.gpus) or "void",
        **spec.env,
    }


def _greet(
    wire: Wire, spec: SandboxSpec, layout: Layout, *, isolated: bool, validator: Validator | None
) -> Mapping[str, str]:
    """Tell the driver what it is to know; what it says of the isolation, where that lacks something."""
    fields = {
        "home": layout.home,
        "data": layout.data,
        "code": layout.code,
        "python": layout.python,
        "port": layout.port,
        "max_bytes": validator.max_bytes if validator else 0,
        "env": pairs(environment(spec, layout)),
        "isolated": isolated,
        "disk_bytes": round(spec.disk_gb * GIB),
    }
    answer = wire.ask("hello", fields, timeout=_START_S)
    lacks = isolated and not answer.header.flag("filtered")
    return {SYSTEM_CALLS: "not filtered"} if lacks else {}


def _bounds(spec: SandboxSpec, channel: Channel, look_s: float) -> Bounds:
    watched = None if channel.holds_memory() else spec.memory_gb
    return Bounds(round(spec.disk_gb * GIB), None if watched is None else round(watched * GIB), look_s)

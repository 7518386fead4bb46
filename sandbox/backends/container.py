"""What a sandbox's container is made of: mounts, rights, limits, and the command that finds a Python."""

import posixpath
from typing import NamedTuple

from docker.types import DeviceRequest, LogConfig, Mount

from sandbox.backends.engine import Image
from sandbox.driver.world import TASKS
from sandbox.spec import Layout, SandboxSpec
from sandbox.workspace import Workspace

_DRIVER = "/run/driver/driver.pyz"
_SCRATCH = "/run/shell"
_SCRATCH_SIZE = "64m"
_SHM_GB = 8.0
"""Shared memory without a limit of memory; PyTorch's loaders pass batches through it."""
_OOM_SCORE = 100
"""Above this process's own, so that the kernel takes a sandbox first; what the driver starts is above it."""
_PYTHONS = ("/opt/conda/envs/agent/bin/python", "python3", "python")
"""Where an image without our label has one: MLE-bench's own images, then any."""
_NO_PYTHON = "no Python in this image"
_START = f"""
until [ "$1" = -- ]; do
    [ -n "$found" ] || found=$(command -v "$1" 2>/dev/null)
    shift
done
shift
[ -n "$found" ] && exec "$found" "$@"
echo "{_NO_PYTHON}; the sandbox's driver needs Python 3.9 or later" >&2
exit 127
"""


class Owner(NamedTuple):
    """Numbers of a user and a group."""

    uid: int
    gid: int


def options(spec: SandboxSpec, layout: Layout, image: Image, user: Owner) -> dict[str, object]:
    """What process 1 is, by the SDK's names."""
    return {
        **in_python(image, "-I", "-S", _DRIVER, _SCRATCH),
        "user": f"{user.uid}:{user.gid}",
        "working_dir": layout.code,
        "hostname": "sandbox",
        "stop_signal": "SIGKILL",  # the driver ends for nobody inside, and so not for a daemon that is polite
        "environment": _environment(spec),
    }


def in_python(image: Image, *arguments: str) -> dict[str, object]:
    """Have process 1 be the image's Python with these arguments, by the SDK's names."""
    pythons = (*([image.python] if image.python else []), *_PYTHONS)
    return {"entrypoint": ["/bin/sh", "-c", _START, "sh"], "command": [*pythons, "--", *arguments]}


def host_options(spec: SandboxSpec, workspace: Workspace, image: Image, user: Owner) -> dict[str, object]:
    """Mounts, rights and limits, by the SDK's names."""
    return {
        "mounts": _mounts(spec, workspace, image),
        "tmpfs": {
            _SCRATCH: f"rw,nosuid,nodev,noexec,mode=0700,uid={user.uid},gid={user.gid},size={_SCRATCH_SIZE}"
        },
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "userns_mode": "host",  # files must belong to the numbers that they have here
        "ipc_mode": "private",
        "network_mode": "none" if spec.network == "none" else "bridge",
        "extra_hosts": {"sandbox": "127.0.0.1"},
        "log_config": LogConfig(type="none", config={}),
        "auto_remove": True,
        "oom_score_adj": _OOM_SCORE,
        **_limits(spec),
    }


def write_identity(workspace: Workspace, user: Owner) -> None:
    """Write what the image may lack: a name for whatever user this is."""
    folder = workspace.private / "etc"
    folder.mkdir()
    (folder / "passwd").write_text(
        f"root:x:0:0::/root:/bin/sh\nagent:x:{user.uid}:{user.gid}::/home:/bin/bash\n"
    )
    (folder / "group").write_text(f"root:x:0:\nagent:x:{user.gid}:\n")
    for path in (folder / "passwd", folder / "group", workspace.driver):
        path.chmod(0o644)  # whatever this process withholds from others by default


def memory_words(spec: SandboxSpec) -> str:
    """Say how much memory there is."""
    if spec.memory_gb is None:
        return "the machine's memory is used up"
    return f"all its processes together may use {spec.memory_gb:g} GB"


def _limits(spec: SandboxSpec) -> dict[str, object]:
    limits: dict[str, object] = {"pids_limit": TASKS, "shm_size": int(_SHM_GB * 2**30)}
    if spec.memory_gb is not None:
        memory = int(spec.memory_gb * 2**30)
        # memswap is the sum of both: no swap, in which a run would only crawl
        limits |= {"mem_limit": memory, "memswap_limit": memory, "shm_size": memory // 2}
    if spec.cores is not None:
        limits["nano_cpus"] = int(spec.cores * 1e9)
    if spec.gpus:
        request = DeviceRequest(device_ids=list(spec.gpus), capabilities=[["gpu", "compute", "utility"]])
        limits["device_requests"] = [request]
    return limits


def _mounts(spec: SandboxSpec, workspace: Workspace, image: Image) -> list[Mount]:
    etc = workspace.private / "etc"
    writable = {"/home": workspace.home, "/tmp": workspace.tmp}
    readable = {
        "/home/data": spec.data,
        _DRIVER: workspace.driver,
        "/etc/passwd": etc / "passwd",
        "/etc/group": etc / "group",
    }
    # Where the image has a volume there would be a place on the disk that nobody watches.
    empty = {posixpath.normpath(path) for path in (*image.volumes, *image.hidden)}
    return [
        *(Mount(inside, str(outside), type="bind") for inside, outside in writable.items()),
        *(Mount(inside, str(outside), type="bind", read_only=True) for inside, outside in readable.items()),
        *(Mount(path, "", type="tmpfs", read_only=True) for path in sorted(empty - {*writable, *readable})),
    ]


def _environment(spec: SandboxSpec) -> dict[str, str]:
    # An image made for GPUs asks for all of them, and a daemon may be set to give what images ask for.
    return {"NVIDIA_VISIBLE_DEVICES": ",".join(spec.gpus) or "void"}

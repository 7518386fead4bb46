"""Who holds a sandbox to its limits, backend by backend."""

from pathlib import Path
from typing import NamedTuple

from sandbox import cgroup
from sandbox.cgroup import Group, Limits
from sandbox.driver.world import TASKS
from sandbox.spec import Isolation, SandboxSpec

GIB = 2**30
_AS_ROOT = "; this user can make no control group for it, root mostly can"


class Enforcement(NamedTuple):
    """What holds the sandboxes of a backend to their limits on this machine, in words."""

    memory: str
    cores: str
    tasks: str
    disk: str


def group_for(spec: SandboxSpec, machine: Path = Path("/")) -> Group | None:
    """Make the control group that a sandbox's processes are started in; None where there can be none.

    `machine` is where `/proc` and the mounted control groups are looked for, here and below.
    """
    size = None if spec.memory_gb is None else round(spec.memory_gb * GIB)
    return cgroup.make_group(Limits(size, spec.cores, TASKS), machine)


def enforcement(backend: Isolation, machine: Path = Path("/")) -> Enforcement:
    """Say who holds the sandboxes of a backend to their limits."""
    disk = "watched: looked at every 2 s, and one file is never larger than the limit"
    if backend == "docker":
        held = "a control group of Docker's"
        return Enforcement(held, held, held, disk)
    kinds = {
        kind: f"a control group (version {place.version})"
        for place in cgroup.places(machine)
        for kind in place.controllers
    }
    return Enforcement(
        memory=kinds.get("memory", f"watched: looked at every 0.5 s{_AS_ROOT}"),
        cores=kinds.get("cpu", f"not limited{_AS_ROOT}"),
        tasks=kinds.get("pids", "watched by the driver: all are killed when there are more than 2048"),
        disk=disk,
    )

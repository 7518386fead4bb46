"""Isolation by bubblewrap: new namespaces, no capabilities, and an allowlist of read-only folders."""

import functools
import re
import shutil
import subprocess
from pathlib import Path

from sandbox import gpu, interpreter
from sandbox.backends.inhabitants import agent_runs
from sandbox.backends.masked import masked
from sandbox.backends.pipe import PipeChannel
from sandbox.driver import processes
from sandbox.errors import SandboxUnavailable
from sandbox.limits import GIB, group_for
from sandbox.protocols import Channel
from sandbox.spawn import spawn
from sandbox.spec import Layout, SandboxSpec
from sandbox.workspace import FOLDERS, PORT, Workspace, layout_at

INSTALL = "apt-get install bubblewrap"
_UID = "1000"
_INSIDE_DRIVER = "/run/driver"
_INSIDE_SCRATCH = "/run/shell"
_OWN = ("/home", "/tmp")
_SCRATCH_BYTES = 64 * 2**20
_ROOT_LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "mime.types")
_ETC_NETWORK = ("ssl", "ca-certificates", "pki", "resolv.conf", "services", "gai.conf")
_SYNTHESIZED = {
    "passwd": f"agent:x:{_UID}:{_UID}::/home:/bin/bash\n",
    "group": f"agent:x:{_UID}:\n",
    "hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


class Bwrap:
    """The backend `bwrap`."""

    name = "bwrap"
    isolated = True
    owner: tuple[int, int] | None = None

    def __init__(self, machine: Path = Path("/")) -> None:
        """Use the control groups and devices that are found below `machine`."""
        self._machine = machine

    def layout(self, spec: SandboxSpec) -> Layout:
        """The same paths in every sandbox."""
        port = PORT if spec.network == "none" else 0  # with the network open, all share one loopback
        return layout_at(*_OWN, interpreter.script_python(), port)

    def start(self, spec: SandboxSpec, layout: Layout) -> Channel:
        """Start the driver as process 1 of new namespaces."""
        program = shutil.which("bwrap")
        if program is None:
            raise SandboxUnavailable(f"bubblewrap is not installed; install it with: {INSTALL}")
        workspace = Workspace(spec.root)
        (workspace.home / "data").mkdir()
        options = [*_namespaces(program, spec), *_system(), *_memory_files(program, spec)]
        options += [*gpu.bindings(spec.gpus, self._machine), "--remount-ro", "/dev"]
        options += [*_etc(workspace, spec), *_home(workspace, spec)]
        options += [*_python(spec), "--remount-ro", "/proc", "--remount-ro", "/", "--chdir", layout.code]
        driver = (interpreter.driver_python(), "-I", "-S", f"{_INSIDE_DRIVER}/driver.pyz", _INSIDE_SCRATCH)
        group = group_for(spec, self._machine)
        command = (program, *options, "--", *driver)
        process = spawn(
            group.joining(command) if group else command, errors=workspace.errors, env={}, cwd=Path("/")
        )
        return PipeChannel(process, workspace.errors, explain=_explain, occupied=_occupied, group=group)


def _occupied(bwrap: int) -> bool:
    inside = processes.below(bwrap)
    driver = next((pid for pid, process in inside.items() if process.parent == bwrap), bwrap)
    return agent_runs(inside, driver)


def _explain(diagnosis: str) -> str:
    if not re.search(r"namespace|uid map|mount proc|[Oo]peration not permitted|clone", diagnosis):
        return f"the sandbox does not start: {diagnosis}"
    return (
        f"bubblewrap is installed but this machine does not let it create namespaces ({diagnosis}). "
        "Allow them (sysctl kernel.unprivileged_userns_clone=1, or on Ubuntu "
        "kernel.apparmor_restrict_unprivileged_userns=0; in a container, run it with "
        "--security-opt seccomp=unconfined --security-opt systempaths=unconfined), "
        "or choose another backend"
    )


def _namespaces(program: str, spec: SandboxSpec) -> list[str]:
    # The driver must be process 1 itself: bubblewrap's own would keep the pipes to the host open in a
    # process that the agent can look into.
    options = ["--unshare-user", "--unshare-all", "--as-pid-1", "--die-with-parent", "--new-session"]
    options += ["--clearenv", "--setenv", "LANG", "C.UTF-8", "--cap-drop", "ALL", "--hostname", "sandbox"]
    options += ["--uid", _UID, "--gid", _UID]
    if _version(program) >= (0, 8):
        options.append("--disable-userns")
    if spec.network == "open":
        options.append("--share-net")
    return options


def _system() -> list[str]:
    options = ["--ro-bind", "/usr", "/usr"]
    for path in map(Path, _ROOT_LINKS):
        if path.is_symlink():
            options += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            options += ["--ro-bind", str(path), str(path)]
    # Started by root, the agent is root to the files it sees, and /proc/sys asks for no more than that:
    # all of /proc is made read-only below.
    return [*options, "--proc", "/proc", "--dev", "/dev", "--dir", "/run"]


def _memory_files(program: str, spec: SandboxSpec) -> list[str]:
    """The folders for files in memory: without a size of its own, files alone could use all that there is."""
    shared = None if spec.memory_gb is None else round(spec.memory_gb * GIB / 2)
    options: list[str] = []
    for folder, size in ((_INSIDE_SCRATCH, _SCRATCH_BYTES), ("/dev/shm", shared)):
        sized = size is not None and _version(program) >= (0, 7)
        options += [*(("--size", str(size)) if sized else ()), "--tmpfs", folder]
    return options


def _etc(workspace: Workspace, spec: SandboxSpec) -> list[str]:
    options: list[str] = []
    for name in (*_ETC, *(_ETC_NETWORK if spec.network == "open" else ())):
        options += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    folder = workspace.private / "etc"
    folder.mkdir()
    for name, text in _SYNTHESIZED.items():
        (folder / name).write_text(text)
        options += ["--ro-bind", str(folder / name), f"/etc/{name}"]
    return options


def _home(workspace: Workspace, spec: SandboxSpec) -> list[str]:
    options = ["--bind", str(workspace.home), _OWN[0], "--bind", str(workspace.tmp), _OWN[1]]
    options += ["--ro-bind", str(spec.data), "/home/data"]
    return [*options, "--ro-bind", str(workspace.driver), f"{_INSIDE_DRIVER}/driver.pyz"]


def _python(spec: SandboxSpec) -> list[str]:
    system = Path("/usr")
    prefixes = [path for path in interpreter.prefixes() if not path.is_relative_to(system)]
    for path in (system, *prefixes):
        _check(path, spec)
    # What leads to them would else be folders of the agent's own, among them some that Python imports from.
    stands = [f"{home}/{name}" for home in _OWN for name in sorted(interpreter.names_below(home))]
    options = [word for stand in stands for word in ("--tmpfs", stand)]
    for path in prefixes:
        options += ["--ro-bind", str(path), str(path)]
    for link in interpreter.links():
        if not any(link.is_relative_to(path) for path in (*prefixes, system)):
            options += ["--ro-bind", str(link.resolve()), str(link)]
    for path in masked(prefixes):
        options += ["--tmpfs", str(path), "--remount-ro", str(path)]
    return [*options, *(word for stand in stands for word in ("--remount-ro", stand))]


def _check(prefix: Path, spec: SandboxSpec) -> None:
    taken = ("home/data", *(f"home/{name}" for name in FOLDERS))
    if any(prefix.is_relative_to(f"/{path}") for path in taken):
        raise SandboxUnavailable(f"the Python environment {str(prefix)!r} lies where agents work; move it")
    for path in (spec.root, spec.data, Path(__file__).parents[2]):
        inside = path.resolve()
        if inside.is_relative_to(prefix) and "site-packages" not in inside.parts:
            raise SandboxUnavailable(
                f"{str(path)!r} lies inside {str(prefix)!r}, which every agent sees; move it"
            )


@functools.cache
def _version(program: str) -> tuple[int, ...]:
    said = subprocess.run((program, "--version"), capture_output=True, text=True, check=False).stdout
    return tuple(map(int, re.findall(r"\d+", said)[:2]))

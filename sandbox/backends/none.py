"""No isolation: the driver as a plain process, with real paths and a scrubbed environment.

The agent's code can read and write whatever this user can, uses the network as it likes and can kill
the driver. It is for code that is trusted as much as this project's own.
"""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

from sandbox import interpreter
from sandbox.backends.inhabitants import agent_runs
from sandbox.backends.pipe import PipeChannel
from sandbox.driver import processes
from sandbox.errors import SandboxUnavailable
from sandbox.limits import group_for
from sandbox.protocols import Channel
from sandbox.spawn import spawn
from sandbox.spec import Layout, SandboxSpec
from sandbox.workspace import Workspace, layout_at

_ROUNDS = 100  # what is killed may have started another process a moment before


class Unisolated:
    """The backend `none`."""

    name = "none"
    isolated = False
    owner: tuple[int, int] | None = None

    def __init__(self, machine: Path = Path("/")) -> None:
        """Use the control groups that are found below `machine`."""
        self._machine = machine

    def layout(self, spec: SandboxSpec) -> Layout:
        """Real paths below the sandbox's folder."""
        workspace = Workspace(spec.root)
        return layout_at(str(workspace.home), str(workspace.tmp), interpreter.script_python(), 0)

    def start(self, spec: SandboxSpec, layout: Layout) -> Channel:
        """Start the driver."""
        workspace = Workspace(spec.root)
        (workspace.home / "data").symlink_to(spec.data)
        argv = (interpreter.driver_python(), "-I", "-S", str(workspace.driver), str(workspace.scratch))
        group = group_for(spec, self._machine)
        try:
            argv = group.joining(argv) if group else argv
            process = spawn(argv, errors=workspace.errors, env={"LANG": "C.UTF-8"}, cwd=Path(layout.code))
        except OSError as error:
            raise SandboxUnavailable(f"{argv[0]!r} cannot be executed: {error.strerror}") from error

        # Known by the home folder in their environment: the driver has none.
        mark = f"HOME={layout.home}"

        def occupied(driver: int) -> bool:
            return agent_runs(processes.below(driver), driver, _marked(mark))

        def sweep(driver: subprocess.Popen[bytes]) -> None:
            # A driver that still runs is hung; one that was killed has left orphans.
            if driver.poll() is None:
                processes.send((*processes.below(driver.pid), driver.pid), signal.SIGKILL)
            for _ in range(_ROUNDS):
                if not (left := _marked(mark)):
                    break
                processes.send(left, signal.SIGKILL)

        return PipeChannel(process, workspace.errors, sweep, occupied=occupied, group=group)


def _marked(variable: str) -> list[int]:
    found: list[int] = []
    for entry in os.scandir("/proc"):
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and variable.encode() in Path(entry, "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found

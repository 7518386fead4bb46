"""Python scripts: a fresh process for each, and nothing left of it afterwards."""

# Plain strings for paths: the driver starts sooner without pathlib.
# ruff: noqa: PTH103, PTH113, PTH211

from __future__ import annotations

import os
import posixpath
import time
from collections.abc import Collection
from typing import NamedTuple

from sandbox.driver import files, processes, supervise
from sandbox.driver.capture import Drain, Record
from sandbox.driver.loop import Child, End, Loop
from sandbox.driver.replies import Outcome, Refused, Reply
from sandbox.driver.spill import Place
from sandbox.driver.world import World

SCRIPT = "solution.py"
_ENV = {"PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": "Agg"}
_KILLED = End(-9, 0.0, 0.0)


class Script(NamedTuple):
    """A file to run, and where."""

    folder: str
    name: str
    """As the script finds it in `sys.argv`: relative to the folder, or absolute."""


def run_script(
    loop: Loop,
    world: World,
    script: Script,
    *,
    env: dict[str, str],
    timeout: float,
    spared: Collection[int],
) -> Reply:
    """Run a file as `__main__`, then kill whatever it began.

    Args:
        loop: where to wait.
        world: the sandbox.
        script: the file.
        env: variables on top of the sandbox's.
        timeout: seconds until the script is asked, then made, to end.
        spared: the processes (with all below them) that are not the script's.
    """
    place = Place(world.logs, "script")
    before = processes.below(os.getpid())
    deadline = time.monotonic() + timeout

    def begun() -> Collection[int]:
        return processes.begun_since(before, os.getpid(), spared=spared)

    streams: list[Drain] = []
    try:
        for name in ("stdout", "stderr"):
            streams.append(Drain(lambda name=name: Record(place, f"{name}.txt")))
        child = loop.spawn(
            # Else a name that begins with a dash would be an option of Python.
            (world.python, "-u", f"./{script.name}" if script.name.startswith("-") else script.name),
            cwd=os.fsencode(script.folder),
            env={**world.env, **_ENV, **env},
            outputs=(streams[0].write_end, streams[1].write_end),
        )
    except OSError as error:  # too many processes, or variables that are too long
        raise Refused(f"{script.name} cannot be started: {error.strerror}") from None
    finally:
        for stream in streams:
            stream.close_write_end()
    how = supervise.await_end(loop, lambda: child.end is not None, deadline)
    if how == "timeout":
        supervise.stop(loop, begun, alone=world.isolated)
    processes.end(begun, loop.pause, alone=world.isolated)
    loop.reap()
    return _outcome(child, how, script.folder).reply(*(stream.take() for stream in streams))


def written(world: World, directory: str, source: bytes) -> Script:
    """Create a script's directory with its source and a link `input` to the data."""
    folder = _below_code(world, directory)
    files.write(world, posixpath.join(folder, SCRIPT), source)
    link = posixpath.join(folder, "input")
    if not os.path.lexists(link):
        # A relative link means the same wherever the home folder is.
        os.symlink(posixpath.relpath(world.data, folder), link)
    return Script(folder, SCRIPT)


def existing(world: World, path: str, directory: str | None) -> Script:
    """Return a script that is there already, to be run in `directory` or in its own folder."""
    file = world.absolute(path)
    with files.refusing(path):
        if not os.path.isfile(file):
            raise Refused(f"{path}: no such file")
        if directory is None:
            return Script(*posixpath.split(file))
        folder = _below_code(world, directory)
        os.makedirs(folder, exist_ok=True)
    return Script(folder, file)


def _below_code(world: World, directory: str) -> str:
    folder = world.absolute(directory)
    if folder != world.code and not folder.startswith(world.code + "/"):
        raise Refused(f"{directory!r} is not below {world.code}")
    return folder


def _outcome(child: Child, how: str, folder: str) -> Outcome:
    end = child.end or _KILLED
    if how == "timeout":
        return Outcome("timeout", None, folder, end.cpu_s, end.peak_mb)
    return Outcome("exit" if end.code >= 0 else "signal", end.code, folder, end.cpu_s, end.peak_mb)

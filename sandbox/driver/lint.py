"""What is wrong with a file, for the kinds of files that can be checked at once."""

from __future__ import annotations

import json
import os
import signal
import time

from sandbox.driver import processes, supervise
from sandbox.driver.capture import Drain
from sandbox.driver.loop import Loop
from sandbox.driver.world import World

_MAX_FILE = 1_000_000
_DEADLINE_S = 5.0
# In a process of its own: a compiler can be made to run for ever, or to crash.
_COMPILE = """\
import sys
with open(sys.argv[1], "rb") as file: source = file.read()
try: compile(source, sys.argv[1], "exec", dont_inherit=True)
except SyntaxError as error: print(f"{type(error).__name__}: {error.msg} (line {error.lineno})")
except (ValueError, RecursionError, MemoryError) as error: print(f"{type(error).__name__}: {error}")
"""


def lint(loop: Loop, world: World, path: str, content: bytes) -> str:
    """Return a message about the file's first fault; empty if there is none, or nobody knows."""
    if len(content) > _MAX_FILE:
        return ""
    if path.endswith(".py"):
        return _python(loop, world, path)
    if path.endswith(".json"):
        return _json(content)
    return ""


def _json(content: bytes) -> str:
    try:
        json.loads(content)
    except (ValueError, RecursionError) as error:
        return f"not valid JSON: {error}"
    return ""


def _python(loop: Loop, world: World, path: str) -> str:
    output, errors = Drain(), os.open(os.devnull, os.O_WRONLY)
    try:
        child = loop.spawn(
            (world.python, "-I", "-S", "-W", "ignore", "-c", _COMPILE, path),
            cwd=b"/",
            env=world.env,
            outputs=(output.write_end, errors),
        )
    except OSError:
        return ""
    finally:
        output.close_write_end()
        os.close(errors)
    if supervise.await_end(loop, lambda: child.end is not None, time.monotonic() + _DEADLINE_S) != "exit":
        processes.send((child.pid,), signal.SIGKILL)
        return ""
    return output.take().head[:500].decode("utf-8", "replace").strip()

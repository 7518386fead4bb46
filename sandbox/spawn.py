"""Starting sandbox processes from one thread that lives as long as this process.

Linux ends a process that asked to die with its parent when the *thread* that started it ends, so a
sandbox opened in a short-lived thread would die with that thread.
"""

import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_lock = threading.Lock()
_executor: ThreadPoolExecutor | None = None


def spawn(argv: Sequence[str], *, errors: Path, env: Mapping[str, str], cwd: Path) -> subprocess.Popen[bytes]:
    """Start a process with pipes on standard input and output, in a session of its own.

    Args:
        argv: the command.
        errors: file that standard error is appended to.
        env: the whole environment.
        cwd: where it starts.

    Raises:
        OSError: the command cannot be executed.
    """
    return _long_lived().submit(_start, argv, errors, env, cwd).result()


def _start(argv: Sequence[str], errors: Path, env: Mapping[str, str], cwd: Path) -> subprocess.Popen[bytes]:
    with errors.open("ab") as sink:
        return subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=sink,
            env=env,
            cwd=cwd,
            bufsize=0,
            start_new_session=True,
        )


def _long_lived() -> ThreadPoolExecutor:
    global _executor
    with _lock:
        if _executor is None:
            _executor = ThreadPoolExecutor(1, thread_name_prefix="sandbox-spawn")
        return _executor


def _forget() -> None:
    global _executor, _lock
    _executor, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)  # a fork copies the executor but not its thread

"""One guarded child process: starting it, one exchange at a time, and its end."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path

from benchmark.errors import GuardError
from benchmark.guard_frames import MAX_REPLY, Broken, Late, pack, read, write
from benchmark.text import plain

START_SECONDS = 120.0
"""Time to import pandas: one second warm, and some thirty on a cold disk with many runs starting at once."""
CLOSE_SECONDS = 2.0


def _environment() -> dict[str, str]:
    """All that the child knows: no keys, one thread per library, and where this package lies."""
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        # One of Arrow's allocators runs a thread, which would not survive the fork.
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "JE_ARROW_MALLOC_CONF": "background_thread:false",
    }


class GuardProcess:
    """A running child.

    A thread of its own starts it and waits for it: the kernel ties a child's death signal to the thread that
    started it, and the threads that use a guard may end before the guard does.
    """

    def __init__(self) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close`
        born: Future[subprocess.Popen[bytes]] = Future()
        self._keeper = threading.Thread(target=self._keep, args=(born,), name="guard", daemon=True)
        self._keeper.start()
        try:
            self._process = born.result()
        except GuardError:
            self._errors.close()
            raise
        assert self._process.stdin and self._process.stdout
        self._input, self._output = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._input, False)
        self._ready = False
        self.isolated = False
        """Whether the child has left the network; known after the first exchange."""

    def _keep(self, born: "Future[subprocess.Popen[bytes]]") -> None:
        command = [sys.executable, "-s", "-P", "-m", "benchmark.guard_worker"]
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=_environment(),
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            born.set_exception(GuardError(f"cannot start the guarded child: {error.strerror}"))
            return
        born.set_result(process)
        process.wait()

    @property
    def pid(self) -> int:
        """The process id of the child."""
        return self._process.pid

    def exchange(
        self, header: Mapping[str, object], payload: bytes, *, seconds: float
    ) -> Mapping[str, object]:
        """One request and its reply.

        Raises:
            GuardError: The child never came up.
            Broken: The child died.
            Late: The deadline passed; the child must be closed.
        """
        self._await_ready()
        deadline = time.monotonic() + seconds
        write(self._input, pack(header, payload), deadline=deadline)
        write(self._input, payload, deadline=deadline)
        return read(self._output, deadline=deadline, limit=MAX_REPLY).header

    def _await_ready(self) -> None:
        if self._ready:
            return
        try:
            hello = read(self._output, deadline=time.monotonic() + START_SECONDS, limit=MAX_REPLY)
        except (Broken, Late) as error:
            reason = self._last_words() or "no reason given"
            self.close()
            raise GuardError(f"the guarded child did not start: {reason}") from error
        self._ready = True
        self.isolated = bool(hello.header["isolated"])

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read(1 << 16).decode("utf-8", "replace").strip().splitlines()
        return plain(lines[-1], limit=200) if lines else ""

    def close(self) -> None:
        """Ends the child and all it has forked."""
        assert self._process.stdin and self._process.stdout
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._keeper.join(CLOSE_SECONDS if self._ready else 0)
        if self._keeper.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._keeper.join()
        self._process.stdout.close()
        self._errors.close()

"""The life of one `benchmark.guard_worker` process, from its start to its end."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import Future
from pathlib import Path

from benchmark.errors import GuardError
from benchmark.text import plain


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


class GuardChild:
    """A running worker with pipes on its standard streams.

    A thread of its own starts it and waits for it: the kernel ties a child's death signal to the thread that
    started it, and the threads that use a guard may end before the guard does.
    """

    def __init__(self, *arguments: str, handles: tuple[int, ...] = ()) -> None:
        """Starts it with these arguments and open file descriptors.

        Raises:
            GuardError: The system refuses.
        """
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        command = [sys.executable, "-s", "-P", "-m", "benchmark.guard_worker", *arguments]
        born: Future[subprocess.Popen[bytes]] = Future()
        self._keeper = threading.Thread(
            target=self._keep, args=(command, handles, born), name="guard", daemon=True
        )
        self._keeper.start()
        try:
            self._process = born.result()
        except GuardError:
            self._errors.close()
            raise
        assert self._process.stdin and self._process.stdout
        self.input, self.output = self._process.stdin.fileno(), self._process.stdout.fileno()

    def _keep(
        self, command: list[str], handles: tuple[int, ...], born: "Future[subprocess.Popen[bytes]]"
    ) -> None:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=_environment(),
                cwd="/",
                start_new_session=True,
                pass_fds=handles,
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

    @property
    def alive(self) -> bool:
        """Whether the child still runs."""
        return self._keeper.is_alive()

    def last_words(self) -> str:
        """The last line that the child wrote to standard error; empty where there is none."""
        self._errors.seek(0)
        lines = self._errors.read(1 << 16).decode("utf-8", "replace").strip().splitlines()
        return plain(lines[-1], limit=200) if lines else ""

    def end(self, patience: float) -> None:
        """Closes the child's standard input, and after `patience` seconds kills it with all it has forked."""
        assert self._process.stdin and self._process.stdout
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._keeper.join(patience)
        if self._keeper.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._keeper.join()
        self._process.stdout.close()
        self._errors.close()

"""Runs a command line by line: its output is shown while it works, and its end is kept for an error."""

import subprocess
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from sandbox.image.errors import failure

_TAIL = 20


def run_streaming(
    command: Sequence[str],
    what: str,
    each: Callable[[str], None],
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a command and hand on every line that it writes, to either stream.

    An interrupt ends the command before it goes on.

    Args:
        command: program and arguments.
        what: what could not be done, should it fail.
        each: is called with each line, without its end.
        environment: variables for the command; this process's own where left out.

    Raises:
        SandboxError: the command failed; the message has its last lines.
    """
    tail: deque[str] = deque(maxlen=_TAIL)
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=None if environment is None else dict(environment),
        text=True,
        errors="replace",
    ) as process:
        try:
            for line in _lines(process.stdout):
                tail.append(line)
                each(line)
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise failure(what, tail)


def _lines(stream: Iterable[str] | None) -> Iterable[str]:
    return (line.rstrip() for line in stream or () if line.strip())

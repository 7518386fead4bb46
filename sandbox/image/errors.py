"""How a command that was running failed, as an exception with its last words."""

from collections.abc import Iterable

from sandbox.errors import SandboxError, SandboxUnavailable
from sandbox.text import printable

# Characters of a line in a message; builders repeat whole commands.
_WIDTH = 200
_DISK_FULL = "no space left on device"
_UNREACHABLE = (
    "could not resolve",
    "name resolution",
    "certificate_verify_failed",
    "connection refused",
    "network is unreachable",
    "connection timed out",
    "connecttimeout",
    "newconnectionerror",
)


class ImageFailed(SandboxError):
    """An image could not be made, by no fault of this machine that is known; another try may end better."""


def failure(what: str, output: Iterable[str]) -> SandboxError:
    """Return the error for a command that ended badly.

    Args:
        what: the thing that could not be done.
        output: the command's last lines, as it wrote them.
    """
    lines = [printable(line) for line in output]
    words = "\n".join(lines).lower()
    message = "\n".join([f"{what}; it ended with:", *(f"  {line[:_WIDTH]}" for line in lines)])
    if _DISK_FULL in words:
        return SandboxUnavailable(
            f"{message}\nThe disk is full. `docker system df` shows what Docker keeps; `docker system prune`"
            " removes what nothing uses."
        )
    if any(mark in words for mark in _UNREACHABLE):
        message += (
            "\nA package index could not be reached. Try --network host, and --ca-bundle FILE where a proxy"
            " signs certificates itself."
        )
    return ImageFailed(message)

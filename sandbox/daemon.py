"""Where the Docker daemon is, and what a person can type where it lacks something."""

import os
import shutil

from sandbox.image.names import BUILD, REPOSITORY

NO_CLIENT = (
    "'docker' is not installed; on Debian and Ubuntu: apt-get install docker.io"
    " (elsewhere see https://docs.docker.com/engine/install)"
)
TOOLKIT = (
    "install nvidia-container-toolkit, then run: sudo nvidia-ctk runtime configure --runtime=docker, and "
    "restart the daemon"
)
_HOOK = "nvidia-container-runtime-hook"
"""A daemon that finds it gives cards, whatever runtimes it was told of."""


def where() -> str:
    """Return the address of the daemon that runs and builds use: DOCKER_HOST's, or this machine's."""
    return os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"


def environment() -> dict[str, str]:
    """Return this process's variables for the docker program, which would follow `docker context` else."""
    return {**os.environ, "DOCKER_HOST": where()}


def not_permitted(words: str) -> str:
    """Say that this user may not talk to it, and what to do."""
    return (
        f"this user may not talk to the Docker daemon ({words}); let it with: sudo usermod -aG docker $USER, "
        "and log in again (members of that group are as powerful as root)"
    )


def unanswered(words: str) -> str:
    """Say that there is none, and what to do."""
    return (
        f"no Docker daemon answers at {where()} ({words}); start it with: sudo systemctl start docker "
        "(without systemd: sudo dockerd), or install it with: apt-get install docker.io"
    )


def no_image(name: str) -> str:
    """Say that it has no such image, and what to do."""
    ours = name.partition(":")[0] == REPOSITORY
    advice = f"build it with: {BUILD}" if ours else f"type: docker pull {name}, or build it and tag it {name}"
    return f"this machine has no Docker image {name!r}; {advice}"


def cards_fault(runtimes: object, devices: object) -> str | None:
    """Say why it cannot give graphics cards to containers, and what to do; None where it can.

    Args:
        runtimes: the runtimes that it names.
        devices: the devices that it has found by CDI.
    """
    if "nvidia" in str(runtimes) or "nvidia.com/gpu" in str(devices) or shutil.which(_HOOK):
        return None
    return f"the Docker daemon gives no graphics cards to containers; {TOOLKIT}"

"""What the tests of the image share."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

import pytest

from tests.requires import require

SLIM = "mle-sandbox:slim"


def build_image(
    *arguments: str, env: Mapping[str, str] | None = None, wrapper: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Type `python -m sandbox build-image`; `env` is added to the environment."""
    return subprocess.run(
        [*wrapper, sys.executable, "-m", "sandbox", "build-image", *arguments],
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
    )


def docker(*arguments: str) -> str:
    """Return what a docker command prints."""
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout


def require_daemon() -> None:
    """Skip the calling test where no Docker daemon answers."""
    require("docker", "apt-get install docker.io")
    if subprocess.run(["docker", "info"], capture_output=True).returncode:
        pytest.skip("the Docker daemon does not answer; start it with: sudo systemctl start docker")


def require_slim() -> None:
    """Skip the calling test where the slim image is not built."""
    require_daemon()
    if subprocess.run(["docker", "image", "inspect", SLIM], capture_output=True).returncode:
        pytest.skip(f"{SLIM} is not built; build it with: python -m sandbox build-image --slim")

"""Programs and images that some tests need."""

import functools
import os
import shutil
from typing import NoReturn

import pytest


def require(program: str, install: str) -> None:
    """Skip the calling test where `program` is missing; under CI, fail it, so that nothing is lost silently.

    Args:
        program: looked up on PATH.
        install: the command that installs it.
    """
    if not shutil.which(program):
        _lacks(f"{program!r} is not installed; install it with: {install}")


def require_image(image: str) -> None:
    """The same for a Docker image, and the daemon that has it."""
    if reason := _why_not(image):
        _lacks(reason)


@functools.cache
def _why_not(image: str) -> str | None:
    from sandbox.backends.docker import why_not

    return why_not(image)


def _lacks(message: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)

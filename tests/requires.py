"""Programs that some tests need."""

import os
import shutil

import pytest


def require(program: str, install: str) -> None:
    """Skip the calling test where `program` is missing; under CI, fail it, so that nothing is lost silently.

    Args:
        program: looked up on PATH.
        install: the command that installs it.
    """
    if shutil.which(program):
        return
    message = f"{program!r} is not installed; install it with: {install}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)

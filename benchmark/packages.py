"""Packages that not everyone needs, and the word on one that is missing."""

import importlib
from typing import Any

from benchmark.preparation.errors import MissingPackage


def needed(module: str, extra: str, reason: str) -> Any:  # noqa: ANN401 - a module of a package without types
    """A module of a package that comes with an extra of this one.

    Args:
        module: Its full name.
        extra: The extra that installs it.
        reason: What it is needed for, as a sentence begins.

    Raises:
        MissingPackage: It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingPackage(module.partition(".")[0], extra, reason) from error

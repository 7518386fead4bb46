"""The kinds of isolation, each in a module that is imported when it is asked for."""

import importlib
from collections.abc import Callable
from typing import cast

from sandbox.protocols import Backend
from sandbox.spec import Isolation

BACKENDS: dict[Isolation, str] = {
    "docker": "sandbox.backends.docker:Docker",
    "bwrap": "sandbox.backends.bwrap:Bwrap",
    "none": "sandbox.backends.none:Unisolated",
}


def backend(name: Isolation) -> Backend:
    """Return a backend by name."""
    module, _, attribute = BACKENDS[name].partition(":")
    factory = cast("Callable[[], Backend]", getattr(importlib.import_module(module), attribute))
    return factory()

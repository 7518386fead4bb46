"""The archive's entry: which of its programs to be."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn, Protocol, cast

ROLES = {"--keeper": "sandbox.driver.keeper", "--adopt": "sandbox.driver.adopt"}


class _Program(Protocol):
    def main(self, argv: Sequence[str]) -> NoReturn: ...


def start() -> NoReturn:
    """Be the driver, or what the first argument names."""
    module = ROLES.get(sys.argv[1])
    program = importlib.import_module(module or "sandbox.driver.main")
    cast("_Program", program).main(sys.argv[2:] if module else sys.argv[1:])


def command(python: str, role: str, *, bare: bool) -> tuple[str, ...]:
    """Return how the driver starts another program of its archive.

    Args:
        python: the interpreter.
        role: see `ROLES`.
        bare: without the packages of that interpreter.
    """
    return (python, "-I", *(("-S",) if bare else ()), sys.argv[0], role)

"""Scaffolds by name: `aide` is the package `scaffolds.aide`; `package.module:Class` is any class."""

import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel

from scaffolds.errors import UserError
from scaffolds.prompts import Prompts
from scaffolds.run import Scaffold


@dataclass(frozen=True, slots=True)
class ScaffoldType:
    """A scaffold class, before it has a config."""

    name: str
    make: type[Scaffold]
    config: type[BaseModel]

    @property
    def version(self) -> str:
        """The scaffold's own version."""
        return self.make.version

    def templates(self) -> dict[str, str]:
        """Its prompt templates by file name, the shared ones included."""
        file = sys.modules[self.make.__module__].__file__
        return Prompts.beside(file).texts if file else {}


def find(name: str) -> ScaffoldType:
    """The scaffold called `name`.

    Raises:
        UserError: there is none; the message names the nearest.
    """
    module, _, attribute = name.partition(":")
    if not attribute:
        if name not in names():
            raise UserError(_unknown(name))
        module, attribute = f"scaffolds.{name}", "Scaffold"
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, SyntaxError, TypeError, ValueError) as error:
        raise UserError(f"scaffold {name!r} cannot be loaded: {error}") from error
    config: Any = getattr(found, "Config", None)
    if not (isinstance(config, type) and issubclass(config, BaseModel)):
        raise UserError(f"scaffold {name!r} has no pydantic model `Config`; see docs/architecture.md")
    return ScaffoldType(name, cast("type[Scaffold]", found), config)


def configured(kind: ScaffoldType, settings: Mapping[str, object]) -> BaseModel:
    """The scaffold's config with these settings over its defaults; raises pydantic's ValidationError."""
    return kind.config.model_validate(dict(settings))


def names() -> list[str]:
    """Scaffolds that ship with the project: packages here that hold a `scaffold.py`."""
    return sorted(path.parent.name for path in Path(__file__).parent.glob("*/scaffold.py"))


def _unknown(name: str) -> str:
    near = get_close_matches(name, names(), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return f"unknown scaffold {name!r}{hint} There are: {', '.join(names())}, or package.module:Class"

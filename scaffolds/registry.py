"""Scaffolds by name: `aide` is the package `scaffolds.aide`; `package.module:Class` is any class.

A preset is a file of settings beside a scaffold, `presets/paper.yaml`, and is named behind a slash:
`aide/paper`, `package.module:Class/mine`. There is nothing to register.
"""

import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import BaseModel

from scaffolds.errors import UserError
from scaffolds.prompts import Prompts
from scaffolds.run import Scaffold
from scaffolds.yaml_text import read_yaml


@dataclass(frozen=True, slots=True)
class ScaffoldType:
    """A scaffold class, before it has a config."""

    name: str
    make: type[Scaffold]
    config: type[BaseModel]
    preset: Mapping[str, object] = field(default_factory=dict[str, object])
    """Settings that stand where the user names none."""

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
        UserError: there is none, or it has no such preset; the message names the nearest.
    """
    scaffold, _, preset = name.partition("/")
    module, _, attribute = scaffold.partition(":")
    if not attribute:
        if scaffold not in names():
            raise UserError(_unknown(name))
        module, attribute = f"scaffolds.{scaffold}", "Scaffold"
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, SyntaxError, TypeError, ValueError) as error:
        raise UserError(f"scaffold {name!r} cannot be loaded: {error}") from error
    config: Any = getattr(found, "Config", None)
    if not (isinstance(config, type) and issubclass(config, BaseModel)):
        raise UserError(f"scaffold {name!r} has no pydantic model `Config`; see docs/writing-a-scaffold.md")
    return ScaffoldType(name, cast("type[Scaffold]", found), config, _preset(name, found, preset))


def find_resolved(name: str) -> ScaffoldType:
    """The scaffold of a run, whose settings are whole: its preset need not be there any more.

    Raises:
        UserError: there is no such scaffold.
    """
    return find(name.partition("/")[0])


def configured(kind: ScaffoldType, settings: Mapping[str, object]) -> BaseModel:
    """The scaffold's config: these settings over its preset's, over its defaults.

    Raises:
        ValidationError: pydantic's.
    """
    return kind.config.model_validate({**kind.preset, **settings})


def names() -> list[str]:
    """Scaffolds that ship with the project: packages here that hold a `scaffold.py`."""
    return sorted(path.parent.name for path in Path(__file__).parent.glob("*/scaffold.py"))


def presets(make: type[object]) -> dict[str, Path]:
    """The presets of a scaffold class: files beside its module."""
    file = sys.modules[make.__module__].__file__
    return (
        {path.stem: path for path in sorted((Path(file).parent / "presets").glob("*.yaml"))} if file else {}
    )


def _preset(name: str, make: type[object], preset: str) -> Mapping[str, object]:
    if "/" not in name:
        return {}
    there = presets(make)
    if preset not in there:
        raise UserError(
            f"scaffold {name!r}: there is no preset {preset!r}. There are: {', '.join(there) or 'none'}"
        )
    try:
        settings: object = read_yaml(there[preset].read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"the preset {str(there[preset])!r} is not YAML: {error}") from error
    if not isinstance(settings, dict):
        raise UserError(f"the preset {str(there[preset])!r} is not a mapping of settings")
    return cast("dict[str, object]", settings)


def _unknown(name: str) -> str:
    near = get_close_matches(name, names(), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return f"unknown scaffold {name!r}{hint} There are: {', '.join(names())}, or package.module:Class"

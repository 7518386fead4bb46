"""Scaffolds by name: `aide` is the package `scaffolds.aide`; `package.module:Class` is any class.

A preset is a file of settings beside a scaffold, `presets/paper.yaml`, and is named behind a slash:
`aide/paper`, `package.module:Class/mine`. `extends: paper` in it takes the settings of another one that it
does not name itself. There is nothing to register.
"""

import importlib
import sys
import traceback
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

EXTENDS = "extends"
"""The key of a preset that names the one it goes before; no setting of a scaffold is called so."""


_PLACE = "presets/NAME.yaml"


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

    @property
    def roles(self) -> tuple[str, ...] | None:
        """The roles that it asks models in, where it says so."""
        return getattr(self.make, "roles", None)

    def templates(self) -> dict[str, str]:
        """Its prompt templates by file name, with the shared ones and those of classes that it extends."""
        files = [getattr(sys.modules[kind.__module__], "__file__", None) for kind in self.make.__mro__]
        texts = [Prompts.beside(file).texts for file in reversed(files) if file]
        return {name: text for found in texts for name, text in found.items()}


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
        found: object = getattr(importlib.import_module(module), attribute)
    except (Exception, SystemExit) as error:  # a stranger's module may raise anything
        raise UserError(f"scaffold {name!r} cannot be loaded: {_said(error)}") from error
    if lack := _lack(found):
        raise UserError(f"scaffold {name!r} {lack}; see docs/writing-a-scaffold.md")
    made: Any = found
    return ScaffoldType(name, cast("type[Scaffold]", made), made.Config, _preset(name, made, preset))


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


def build(kind: ScaffoldType, settings: Mapping[str, object]) -> Scaffold:
    """The scaffold with these settings.

    Raises:
        ValidationError: pydantic's, where a setting is wrong.
        UserError: it cannot be made of them.
    """
    config = configured(kind, settings)
    try:
        return kind.make(config)
    except Exception as error:  # as may a stranger's constructor
        raise UserError(f"scaffold {kind.name!r} cannot be made: {_said(error)}") from error


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
    return _settings(name, presets(make), preset, ()) if "/" in name else {}


def _settings(name: str, there: Mapping[str, Path], preset: str, above: tuple[str, ...]) -> dict[str, object]:
    """What a preset sets, over the one that it extends; `above` are those by which it was come to."""
    if preset not in there:
        known = ", ".join(there) or f"none; to make one, write {_PLACE} beside the scaffold's module"
        raise UserError(f"scaffold {name!r}: there is no preset {preset!r}. There are: {known}")
    if preset in above:
        raise UserError(f"scaffold {name!r}: presets extend each other: {' -> '.join((*above, preset))}")
    settings = _read(there[preset])
    base = settings.pop(EXTENDS, None)
    if base is None:
        return settings
    return {**_settings(name, there, str(base), (*above, preset)), **settings}


def _read(path: Path) -> dict[str, object]:
    try:
        settings: object = read_yaml(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"the preset {str(path)!r} is not YAML: {error}") from error
    if not isinstance(settings, dict):
        raise UserError(f"the preset {str(path)!r} is not a mapping of settings")
    return cast("dict[str, object]", settings)


def _lack(found: object) -> str:
    """What a class needs to be a scaffold and does not have; empty where it has all."""
    config: object = getattr(found, "Config", None)
    if not isinstance(found, type):
        return "is no class"
    if not (isinstance(config, type) and issubclass(config, BaseModel)):
        return "has no pydantic model `Config`"
    if not isinstance(getattr(found, "version", None), str):
        return "has no text `version`"
    return "" if callable(getattr(found, "run", None)) else "has no method `run`"


def _said(error: BaseException) -> str:
    """An exception of a stranger's code in words, with the line of it that raised it."""
    if isinstance(error, ModuleNotFoundError):
        return f"{error}; install it, or put its folder into PYTHONPATH"
    last = traceback.extract_tb(error.__traceback__)[-1]
    if last.filename in (__file__, importlib.__file__) or last.filename.startswith("<frozen"):
        return str(error)
    return f"{type(error).__name__}: {error} ({last.filename}, line {last.lineno})"


def _unknown(name: str) -> str:
    near = get_close_matches(name, names(), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return f"unknown scaffold {name!r}{hint} There are: {', '.join(names())}, or package.module:Class"

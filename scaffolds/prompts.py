"""Prompt templates: files beside the scaffold that uses them, in Jinja, strict about missing values."""

import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from scaffolds.markdown import fenced
from scaffolds.words import duration_words, one_line

_INCLUDE = re.compile(r'{% include "([^"]+)" %}')

SHARED = Path(__file__).parent / "templates"
"""Templates that several scaffolds include."""


class Prompts:
    """The templates of one folder, and the shared ones."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._templates: dict[str, Template] = {}

    @classmethod
    def beside(cls, module_file: str) -> "Prompts":
        """The folder `prompts` next to a module."""
        return cls(Path(module_file).parent / "prompts")

    def render(self, name: str, **values: object) -> str:
        """The template `name`.md, filled in; a value that the template uses and nobody gave is an error."""
        if name not in self._templates:
            self._templates[name] = self._environment.get_template(f"{name}.md")
        return self._templates[name].render(values).strip() + "\n"

    def texts(self) -> dict[str, str]:
        """All template files by name: part of a run's identity, since a changed prompt is another agent."""
        files = [
            path for folder in (SHARED, self.folder) for path in sorted(folder.glob("*")) if path.is_file()
        ]
        return {path.name: path.read_text(encoding="utf-8") for path in files}

    @cached_property
    def _environment(self) -> Environment:
        environment = Environment(
            loader=_Inlining([self.folder, SHARED]),
            undefined=StrictUndefined,
            autoescape=False,
            auto_reload=False,  # a run keeps the templates that it began with
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals.clear()  # templates use none, and jinja copies them at every rendering
        filters = cast("dict[str, Callable[..., str]]", environment.filters)
        filters.update(fenced=fenced, duration=duration_words, one_line=one_line)
        return environment


class _Inlining(FileSystemLoader):
    """Puts included files in place when a template is loaded; jinja's own include costs 0.1 ms each time."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        source, path, current = super().get_source(environment, template)

        def included(match: re.Match[str]) -> str:
            return self.get_source(environment, match[1])[0].rstrip("\n")

        return _INCLUDE.sub(included, source), path, current

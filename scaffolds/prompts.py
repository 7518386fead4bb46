"""Prompt templates: files beside the scaffold that uses them, in Jinja, strict about missing values."""

import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import cast

from jinja2 import Environment, StrictUndefined, Template

from scaffolds.markdown import fenced
from scaffolds.words import duration_words, one_line

_INCLUDE = re.compile(r'{% include "([^"]+)" %}')

SHARED = Path(__file__).parent / "templates"
"""Templates that several scaffolds include."""


class Prompts:
    """The templates of one folder, and the shared ones; read once, so a run keeps what it began with."""

    def __init__(self, folder: Path) -> None:
        files = [path for place in (SHARED, folder) for path in sorted(place.glob("[!.]*.md"))]
        self.texts = {path.name: path.read_text(encoding="utf-8") for path in files}
        """All template files by name: part of a run's identity, since a changed prompt is another agent."""
        self._templates: dict[str, Template] = {}

    @classmethod
    def beside(cls, module_file: str) -> "Prompts":
        """The folder `prompts` next to a module."""
        return cls(Path(module_file).parent / "prompts")

    def render(self, name: str, **values: object) -> str:
        """The template `name`.md, filled in; a value that the template uses and nobody gave is an error."""
        if name not in self._templates:
            self._templates[name] = self._environment.from_string(self._inlined(f"{name}.md"))
        return self._templates[name].render(values).strip() + "\n"

    def _inlined(self, name: str) -> str:
        """A template with the files that it includes in place: jinja's own include costs 0.1 ms each time."""
        return _INCLUDE.sub(lambda match: self._inlined(match[1]).rstrip("\n"), self.texts[name])

    @cached_property
    def _environment(self) -> Environment:
        environment = Environment(
            undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
        )
        environment.globals.clear()  # templates use none, and jinja copies them at every rendering
        filters = cast("dict[str, Callable[..., str]]", environment.filters)
        filters.update(fenced=fenced, duration=duration_words, one_line=one_line)
        return environment

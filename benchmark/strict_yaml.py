"""Reads YAML in which no key stands twice: of two values a parser takes the last one and says nothing."""

from typing import Any

import yaml

# The parser in C is ten times faster; not every build of PyYAML has it.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        seen: set[str] = set()
        for key in keys:
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value!r} stands twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)  # pyright: ignore - the base may be one of two


def load_yaml(text: str) -> Any:  # noqa: ANN401 - whatever stands there
    """The value of a YAML document.

    Raises:
        yaml.YAMLError: It is none, or a mapping in it has a key twice.
    """
    return yaml.load(text, Loader=_Loader)


def problem_of(error: Exception) -> str:
    """What is wrong with a document, in a few words."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem and error.problem_mark:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return type(error).__name__

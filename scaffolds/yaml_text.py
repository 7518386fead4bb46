"""Values as YAML text."""

from collections.abc import Mapping

import yaml


def yaml_text(value: Mapping[str, object]) -> str:
    """A mapping as a YAML document in blocks, its keys in their order."""
    return yaml.safe_dump(value, sort_keys=False)  # pyright: ignore[reportUnknownMemberType] - a hole in its types

"""Single values of a nested config, named by dotted paths: `--set a.b=1` and the keys of a variant."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import yaml

from scaffolds.errors import UserError
from scaffolds.yaml_text import read_yaml


def parse_setting(text: str) -> tuple[str, Any]:
    """`a.b=value` as its path and its value, which is read as YAML.

    Raises:
        UserError: it has no `=`, no path, or a value that is not YAML.
    """
    path, equals, value = text.partition("=")
    if not equals or not path.strip():
        raise UserError(f"--set {text!r} is not of the form a.b=value, as in --set parallel=4")
    try:
        return path.strip(), read_yaml(value)
    except yaml.YAMLError as error:
        raise UserError(f"--set {text!r}: the value is not YAML: {error}") from error


def put(config: object, path: str, value: object) -> Any:  # noqa: ANN401 - whatever the config is
    """A copy of `config` with `value` at `path`; steps are keys, or numbers in a list.

    Raises:
        UserError: the path leads through something that is neither a mapping nor a list, or past its end.
    """
    return _put(config, path.split("."), value, path)


def _put(config: object, steps: Sequence[str], value: object, path: str) -> object:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if config is None or isinstance(config, Mapping):
        mapping = dict(cast("Mapping[str, object]", config or {}))
        return {**mapping, step: _put(mapping.get(step), rest, value, path)}
    if isinstance(config, list | tuple):
        entries = list(cast("Sequence[object]", config))
        if not step.isdecimal() or int(step) >= len(entries):
            raise UserError(f"{path!r}: {step!r} is none of the entries 0 to {len(entries) - 1}")
        entries[int(step)] = _put(entries[int(step)], rest, value, path)
        return entries
    raise UserError(
        f"{path!r}: {step!r} lies inside {config!r}, which holds no keys; write it out in the config"
    )

"""The arguments of a tool call: checked against its spec, and read with their types."""

from collections.abc import Mapping

from scaffolds.messages import JsonValue
from scaffolds.tools import Parameter, ToolSpec

Arguments = Mapping[str, JsonValue]

DEFAULT_TIMEOUT_S = 600.0
"""For a command whose caller names no deadline: an agent that forgets one loses minutes, not its run."""

_MOST = 1e15
"""An integer may be larger than any float."""

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "object": (dict,),
}


def wrong_arguments(spec: ToolSpec, arguments: Mapping[str, JsonValue]) -> str | None:
    """What is wrong with a call's arguments, in words for the agent; None when nothing is."""
    missing = [name for name, p in spec.parameters.items() if p.required and name not in arguments]
    unknown = [name for name in arguments if name not in spec.parameters]
    mistyped = [
        f"{name} must be {_wanted(spec.parameters[name])}"
        for name, value in arguments.items()
        if name in spec.parameters and not _fits(spec.parameters[name], value)
    ]
    complaints = [f"missing argument {name!r}" for name in missing]
    complaints += [f"unknown argument {name!r}" for name in unknown] + mistyped
    if not complaints:
        return None
    return f"{spec.name}: {'; '.join(complaints)}. It takes: {', '.join(spec.parameters)}."


def _fits(parameter: Parameter, value: JsonValue) -> bool:
    if value is None:
        return parameter.nullable or not parameter.required
    if isinstance(value, bool):
        return parameter.type == "boolean"
    fits = isinstance(value, _TYPES[parameter.type])
    return fits and (not parameter.choices or value in parameter.choices)


def _wanted(parameter: Parameter) -> str:
    if parameter.choices:
        return f"one of {', '.join(parameter.choices)}"
    return f"{'an' if parameter.type[0] in 'io' else 'a'} {parameter.type}"


def timeout_of(arguments: Arguments, left_s: float) -> float:
    """The seconds a call may take: what it asks for, within what is left."""
    return max(0.1, min(number(arguments, "timeout") or DEFAULT_TIMEOUT_S, left_s))


def text(arguments: Arguments, name: str, default: str = "") -> str:
    """A string."""
    value = arguments.get(name)
    return value if isinstance(value, str) else default


def optional_text(arguments: Arguments, name: str) -> str | None:
    """A string; None where there is none."""
    value = arguments.get(name)
    return value if isinstance(value, str) else None


def integer(arguments: Arguments, name: str, default: int) -> int:
    """An integer."""
    value = arguments.get(name)
    return value if isinstance(value, int) else default


def number(arguments: Arguments, name: str) -> float:
    """A number above zero; 0 where there is none."""
    value = arguments.get(name)
    return float(min(value, _MOST)) if isinstance(value, int | float) and value > 0 else 0.0

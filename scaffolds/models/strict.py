"""Strict tools: schemas that a provider guarantees to be kept to, and the way back from them.

A strict schema requires every argument. One that may be left out is made nullable there, and a null that
comes back means that it was left out.
"""

import orjson

from scaffolds.messages import JsonValue
from scaffolds.models.wire import as_object
from scaffolds.tools import ToolSpec


def can_be_strict(spec: ToolSpec) -> bool:
    """Whether the tool can be strict: an object of any keys cannot be said in a strict schema."""
    return all(parameter.type != "object" for parameter in spec.parameters.values())


def strict_schema(spec: ToolSpec) -> dict[str, JsonValue]:
    """The arguments as a strict JSON schema: all required, what is optional nullable."""
    properties: dict[str, JsonValue] = {}
    for name, parameter in spec.parameters.items():
        nullable = parameter.nullable or not parameter.required
        kind: JsonValue = [parameter.type, "null"] if nullable else parameter.type
        choices: list[JsonValue] = [*parameter.choices, *([None] if nullable else [])]
        limited: dict[str, JsonValue] = {"enum": choices} if parameter.choices else {}
        properties[name] = {"type": kind, **limited, "description": parameter.description}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def left_out(spec: ToolSpec, arguments: str) -> str:
    """Arguments without the nulls that stand for what was left out; the very text where there are none."""
    try:
        values = as_object(orjson.loads(arguments))
    except orjson.JSONDecodeError:
        return arguments
    optional = {name for name, parameter in spec.parameters.items() if not parameter.required}
    kept = {name: value for name, value in values.items() if value is not None or name not in optional}
    return arguments if len(kept) == len(values) else orjson.dumps(kept).decode()

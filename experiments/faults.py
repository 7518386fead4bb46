"""What is wrong with a config, in words: each fault on a line, unknown keys with the nearest valid one."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from scaffolds.words import one_line

_INPUT_CHARS = 120
"""How much of a faulty value is shown."""


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """Each fault on a line of its own; for an unknown key the nearest valid one."""
    faults: list[dict[str, Any]] = [dict(fault) for fault in error.errors(include_url=False)]
    # A list whose only entry is faulty is also "too short"; saying that would only confuse.
    places = [fault["loc"] for fault in faults]
    real = [f for f in faults if f["type"] != "too_short" or not any(_inside(p, f["loc"]) for p in places)]
    return "\n".join(f"  {_fault(fault, model)}" for fault in real)


def keys(model: type[BaseModel]) -> str:
    """The keys of a model, for a message."""
    return ", ".join(model.model_fields)


def _inside(place: tuple[object, ...], outer: tuple[object, ...]) -> bool:
    return len(place) > len(outer) and place[: len(outer)] == outer


def _model_at(model: type[BaseModel], place: Sequence[object]) -> type[BaseModel]:
    """The model that a fault's place leads to: fields by name, list entries by number."""
    for part in place:
        field = model.model_fields.get(str(part))
        inner = _models_in(field.annotation) if field else []
        model = inner[0] if inner else model
    return model


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]


def _fault(fault: Mapping[str, Any], model: type[BaseModel]) -> str:
    place = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        key = str(fault["loc"][-1])
        model = _model_at(model, fault["loc"][:-1])
        near = get_close_matches(key, model.model_fields, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; the keys are {keys(model)}"
        return f"unknown key {place!r}{hint}"
    if fault["type"] == "missing":
        return f"missing key {place!r}"
    said, shown = _words(fault, model), one_line(repr(fault["input"]), _INPUT_CHARS)
    named = fault["type"] == "value_error" and (shown in said or isinstance(fault["input"], Mapping))
    return (f"{place}: " if place else "") + said + ("" if named else f" (it is {shown})")


def _words(fault: Mapping[str, Any], model: type[BaseModel]) -> str:
    """What is wrong, in the words of YAML rather than of Python."""
    match fault["type"], fault["input"]:
        case "value_error", _:
            return str(fault["ctx"]["error"])
        case "tuple_type" | "list_type", str() | int() | float() as value:
            return f"must be a list, as in [{value}]"
        case "tuple_type" | "list_type", _:
            return "must be a list"
        case "mapping_type" | "dict_type", _:
            return "must be a mapping, as in {key: value}"
        case "model_type" | "model_attributes_type", _:
            return f"must be a mapping with keys of {keys(_model_at(model, fault['loc']))}"
        case _:
            return str(fault["msg"])

"""Strict schemas, and arguments there and back."""

import json
from typing import Literal, get_args

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from scaffolds.messages import JsonValue
from scaffolds.models.strict import can_be_strict, left_out, strict_schema
from scaffolds.tools import SANDBOX_TOOLS, Parameter, ToolSpec

VALUES: dict[str, st.SearchStrategy[JsonValue]] = {
    "string": st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    "number": st.floats(-1e6, 1e6) | st.integers(-99, 99),
    "integer": st.integers(-99, 99),
    "boolean": st.booleans(),
}
CHOICES = ("one", "two")


Kind = Literal["string", "number", "integer", "boolean"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@st.composite
def tools_and_arguments(draw: st.DrawFn) -> tuple[ToolSpec, dict[str, JsonValue]]:
    """A tool, and arguments that it takes."""
    parameters: dict[str, Parameter] = {}
    arguments: dict[str, JsonValue] = {}
    for name in draw(st.lists(st.sampled_from("abcdef"), unique=True)):
        kind = draw(st.sampled_from(KINDS))
        required, nullable = draw(st.booleans()), draw(st.booleans())
        choices = CHOICES if kind == "string" and draw(st.booleans()) else ()
        parameters[name] = Parameter(kind, "It.", required, nullable, choices)
        if required or draw(st.booleans()):
            values = st.sampled_from(CHOICES) if choices else VALUES[kind]
            # Null for what may be left out means that it is, so it is no value of its own there.
            arguments[name] = draw(values | st.none() if nullable and required else values)
    return ToolSpec("tool", "Does it.", parameters), arguments


@given(tools_and_arguments())
def test_arguments_there_and_back(case: tuple[ToolSpec, dict[str, JsonValue]]) -> None:
    spec, arguments = case
    filled = {name: arguments.get(name) for name in spec.parameters}
    jsonschema.validate(filled, strict_schema(spec))
    assert json.loads(left_out(spec, json.dumps(filled))) == arguments


@given(tools_and_arguments())
def test_the_schema_is_strict(case: tuple[ToolSpec, dict[str, JsonValue]]) -> None:
    spec, _ = case
    schema = strict_schema(spec)
    assert schema["required"] == list(spec.parameters)
    assert schema["additionalProperties"] is False


@given(st.text())
def test_whatever_is_no_object_stays_as_it_is(text: str) -> None:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        assert left_out(SANDBOX_TOOLS["shell"], text) == text


def test_an_object_of_any_keys_cannot_be_strict() -> None:
    assert not can_be_strict(SANDBOX_TOOLS["run_script"])
    assert can_be_strict(SANDBOX_TOOLS["shell"])

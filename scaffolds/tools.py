"""The tool table: every action that an agent can take in its sandbox, written once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from scaffolds.messages import JsonValue


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a tool."""

    type: Literal["string", "number", "integer", "boolean", "object"]
    description: str
    required: bool = True
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model is told about it."""

    name: str
    description: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict[str, Parameter])

    def json_schema(self) -> dict[str, JsonValue]:
        """The arguments as a JSON schema object, closed to unknown keys."""
        properties: dict[str, JsonValue] = {}
        for name, parameter in self.parameters.items():
            kind: JsonValue = [parameter.type, "null"] if parameter.nullable else parameter.type
            properties[name] = {"type": kind, "description": parameter.description}
        required: list[JsonValue] = [name for name, p in self.parameters.items() if p.required]
        return {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool call came to."""

    ok: bool
    text: str
    """What the agent is shown: cut to head and tail, free of control characters."""
    data: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """Facts for the scaffold: `exit_code`, `ended`, `wall_s`, `code` of a verdict, and so on."""


SANDBOX_TOOLS: Mapping[str, ToolSpec] = {
    spec.name: spec
    for spec in (
        ToolSpec(
            "shell",
            "Run a command in a persistent bash session; the working directory and variables are kept.",
            {
                "command": Parameter("string", "The command line."),
                "timeout": Parameter("number", "Seconds after which it is stopped.", required=False),
            },
        ),
        ToolSpec(
            "run_script",
            "Run Python code as a script in a fresh process, in a directory of its own.",
            {
                "code": Parameter("string", "The whole script."),
                "dir": Parameter("string", "Directory to run in, relative to the code folder."),
                "env": Parameter("object", "Extra environment variables.", required=False),
                "timeout": Parameter("number", "Seconds after which it is stopped.", required=False),
            },
        ),
        ToolSpec(
            "read_file",
            "Read a text file.",
            {
                "path": Parameter("string", "The file, absolute or relative to the code folder."),
                "offset": Parameter("integer", "First byte to read.", required=False),
                "limit": Parameter("integer", "How many bytes to read.", required=False),
            },
        ),
        ToolSpec(
            "write_file",
            "Write a text file, replacing what is there.",
            {
                "path": Parameter("string", "The file, absolute or relative to the code folder."),
                "content": Parameter("string", "The whole new content."),
            },
        ),
        ToolSpec(
            "list_files",
            "List a directory.",
            {"path": Parameter("string", "The directory, absolute or relative.", required=False)},
        ),
        ToolSpec(
            "validate_submission",
            "Check whether a submission file is well-formed. Says nothing about how good it is.",
            {"path": Parameter("string", "The CSV file, absolute or relative to the code folder.")},
        ),
    )
}

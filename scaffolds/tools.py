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
    choices: tuple[str, ...] = ()
    """The values there are; empty for any of the type."""


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
            choices: dict[str, JsonValue] = {"enum": list(parameter.choices)} if parameter.choices else {}
            properties[name] = {"type": kind, **choices, "description": parameter.description}
        required: list[JsonValue] = [name for name, p in self.parameters.items() if p.required]
        return {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }

    def as_text(self) -> str:
        """The tool for models that write their calls as text: what it does, and how a call is written."""
        arguments = [f'"{name}": [{_in_brackets(p)}]' for name, p in self.parameters.items()]
        usage = (
            f"Action: {self.name}\nAction Input: {{{', '.join(arguments)}}}\nObservation: [what comes back]"
        )
        return f"- {self.name}: {self.description}\n```\n{usage}\n```"


def _in_brackets(parameter: Parameter) -> str:
    choices = f"one of {', '.join(parameter.choices)}. " if parameter.choices else ""
    optional = "" if parameter.required else "may be left out. "
    return f"{parameter.type}. {choices}{optional}{parameter.description}"


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool call came to."""

    ok: bool
    text: str
    """What the agent is shown: cut to head and tail, free of control characters."""
    data: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """Facts for the scaffold: `exit_code`, `ended`, `wall_s`, `code` of a verdict, and so on."""


_PATH = "absolute, or relative to the code folder"
_TIMEOUT = Parameter("number", "Seconds after which it is stopped; 600 where you name none.", required=False)
_FILE = Parameter("string", f"The file, {_PATH}.")

SANDBOX_TOOLS: Mapping[str, ToolSpec] = {
    spec.name: spec
    for spec in (
        ToolSpec(
            "shell",
            "Run a command in a persistent bash session; the working directory and variables are kept. "
            "What runs longer than a few minutes is better run in the background.",
            {
                "command": Parameter("string", "The command line."),
                "timeout": _TIMEOUT,
                "background": Parameter(
                    "boolean", "True to get a job number at once; shell_poll looks after it.", required=False
                ),
            },
        ),
        ToolSpec(
            "shell_poll",
            "See what a background job has printed since the last look, and whether it still runs.",
            {
                "job": Parameter("integer", "The job's number."),
                "wait": Parameter("number", "Seconds to wait for its end; 0 to look only.", required=False),
                "kill": Parameter("boolean", "True to end the job.", required=False),
            },
        ),
        ToolSpec(
            "python",
            "Run a cell in a persistent IPython kernel; variables and imports are kept between cells.",
            {"code": Parameter("string", "The cell."), "timeout": _TIMEOUT},
        ),
        ToolSpec(
            "run_script",
            "Run a Python script in a fresh process: either code that you give, or a file that exists.",
            {
                "code": Parameter("string", "The whole script; it needs a dir.", required=False),
                "path": Parameter("string", f"The file, {_PATH}.", required=False),
                "dir": Parameter(
                    "string",
                    "Directory to run in, relative to the code folder; a file runs in its own without one.",
                    required=False,
                ),
                "env": Parameter("object", "Extra environment variables.", required=False),
                "timeout": _TIMEOUT,
            },
        ),
        ToolSpec(
            "read_file",
            "Read a text file.",
            {
                "path": Parameter("string", f"The file, {_PATH}."),
                "offset": Parameter("integer", "First byte to read.", required=False),
                "limit": Parameter("integer", "How many bytes to read.", required=False),
            },
        ),
        ToolSpec(
            "write_file",
            "Write a text file, replacing what is there. `edit_file` can undo it.",
            {
                "path": Parameter("string", f"The file, {_PATH}."),
                "content": Parameter("string", "The whole new content."),
            },
        ),
        ToolSpec(
            "edit_file",
            "Change a part of a text file: replace a passage, insert lines, or undo your last change of it. "
            "Shows the lines around the change, and faults of syntax in Python and JSON files.",
            {
                "path": Parameter("string", f"The file, {_PATH}."),
                "command": Parameter("string", "What to do.", choices=("replace", "insert", "undo")),
                "old": Parameter(
                    "string", "For replace: the passage, which must occur exactly once.", required=False
                ),
                "new": Parameter("string", "For replace and insert: the new text.", required=False),
                "line": Parameter(
                    "integer", "For insert: the line after which to insert; 0 for the top.", required=False
                ),
            },
        ),
        ToolSpec(
            "list_files",
            "List a directory.",
            {"path": Parameter("string", f"The directory, {_PATH}.", required=False)},
        ),
        ToolSpec(
            "validate_submission",
            "Check whether a submission file is well-formed. Says nothing about how good it is.",
            {"path": Parameter("string", f"The submission file, {_PATH}.")},
        ),
        ToolSpec(
            "think",
            "Write a thought down. Nothing happens and nothing is looked up.",
            {"thought": Parameter("string", "The thought.")},
        ),
        ToolSpec(
            "finish",
            "End the work. What is at the submission path then is final.",
            {"summary": Parameter("string", "What was done, in a few sentences.")},
        ),
    )
}

SCAFFOLD_TOOLS: Mapping[str, ToolSpec] = {
    spec.name: spec
    for spec in (
        ToolSpec(
            "keep_file",
            "Take a copy of a file out of the sandbox, as large as a submission may be. "
            "`validate_submission` does so with what is well-formed.",
            {"path": _FILE},
        ),
        ToolSpec(
            "place_file",
            "Put a copy that was taken out of any sandbox of the run into this one.",
            {
                "kept": Parameter("string", "Its name: `kept` among the facts of the call that took it."),
                "path": _FILE,
            },
        ),
    )
}
"""What scaffolds can do with files besides. No model is told of these."""

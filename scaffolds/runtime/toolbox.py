"""Tool calls made real: arguments checked, the sandbox used, the answer put into words."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sandbox.errors import PathRefused
from sandbox.protocols import Sandbox, Validator
from sandbox.results import Captured, Execution
from sandbox.text import agent_view, printable
from scaffolds.messages import JsonValue
from scaffolds.tools import SANDBOX_TOOLS, Parameter, ToolResult, ToolSpec

DEFAULT_TIMEOUT_S = 600.0
"""For a command whose caller names no deadline: an agent that forgets one loses minutes, not its run."""

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "object": (dict,),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A tool's result, and what only the log keeps of it."""

    result: ToolResult
    streams: Mapping[str, Captured] = field(default_factory=dict[str, Captured])
    execution: Execution | None = None
    submission: str | None = None
    """SHA-256 of a file that was validated."""


class Toolbox:
    """The tools of one lane over its sandbox."""

    def __init__(self, sandbox: Sandbox, validator: Validator, hidden: frozenset[str] = frozenset()) -> None:
        self._sandbox = sandbox
        self._specs = {name: spec for name, spec in SANDBOX_TOOLS.items() if name not in hidden}
        self._validator = validator
        self._tools: Mapping[str, Callable[[Mapping[str, JsonValue], float], Answer]] = {
            "shell": self._shell,
            "run_script": self._run_script,
            "read_file": self._read_file,
            "write_file": self._write_file,
            "list_files": self._list_files,
            "validate_submission": self._validate,
        }

    def call(self, name: str, arguments: Mapping[str, JsonValue], left_s: float) -> Answer:
        """Use a tool within `left_s` seconds. Raises `SandboxLost`; every other failure is a result."""
        spec = self._specs.get(name)
        if spec is None:
            known = ", ".join(self._specs)
            return _failed(f"There is no tool {name!r}. The tools are: {known}.")
        if complaint := wrong_arguments(spec, arguments):
            return _failed(complaint)
        try:
            return self._tools[name](arguments, left_s)
        except (PathRefused, ValueError) as error:  # ValueError: no process can have such arguments
            return _failed(str(error))

    def _shell(self, arguments: Mapping[str, JsonValue], left_s: float) -> Answer:
        done = self._sandbox.shell(_text(arguments, "command"), timeout=_timeout(arguments, left_s))
        return _executed(done, {"output": done.stdout})

    def _run_script(self, arguments: Mapping[str, JsonValue], left_s: float) -> Answer:
        env = arguments.get("env") or {}
        assert isinstance(env, dict)
        done = self._sandbox.run_script(
            _text(arguments, "code"),
            directory=_text(arguments, "dir"),
            env={name: str(value) for name, value in env.items()},
            timeout=_timeout(arguments, left_s),
        )
        return _executed(done, {"stdout": done.stdout, "stderr": done.stderr})

    def _read_file(self, arguments: Mapping[str, JsonValue], left_s: float) -> Answer:
        offset, limit = _integer(arguments, "offset", 0), _integer(arguments, "limit", 65536)
        part = self._sandbox.read_file(_text(arguments, "path"), offset=offset, limit=limit)
        data: dict[str, JsonValue] = {"total_bytes": part.total_bytes, "truncated": part.truncated}
        return Answer(ToolResult(True, printable(part.text), data))

    def _write_file(self, arguments: Mapping[str, JsonValue], left_s: float) -> Answer:
        size = self._sandbox.write_file(_text(arguments, "path"), _text(arguments, "content"))
        return Answer(ToolResult(True, f"Wrote {size} bytes to {_text(arguments, 'path')}."))

    def _list_files(self, arguments: Mapping[str, JsonValue], left_s: float) -> Answer:
        entries = self._sandbox.list_files(_text(arguments, "path", "."))
        rows = [f"{entry.kind}\t{entry.size}\t{printable(entry.path)}" for entry in entries]
        return Answer(ToolResult(True, "\n".join(rows) or "(empty)", {"entries": len(entries)}))

    def _validate(self, arguments: Mapping[str, JsonValue], left_s: float) -> Answer:
        data = self._sandbox.fetch(_text(arguments, "path"), max_bytes=self._validator.max_bytes)
        verdict = self._validator.check(data)
        facts: dict[str, JsonValue] = {"valid": verdict.valid, "code": verdict.code}
        digest = hashlib.sha256(data).hexdigest()
        return Answer(ToolResult(verdict.valid, verdict.message, facts), submission=digest)


def wrong_arguments(spec: ToolSpec, arguments: Mapping[str, JsonValue]) -> str | None:
    """What is wrong with a call's arguments, in words for the agent; None when nothing is."""
    missing = [name for name, p in spec.parameters.items() if p.required and name not in arguments]
    unknown = [name for name in arguments if name not in spec.parameters]
    mistyped = [
        f"{name} must be a {spec.parameters[name].type}"
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
    return isinstance(value, _TYPES[parameter.type])


def _failed(text: str) -> Answer:
    return Answer(ToolResult(False, text))


def _executed(done: Execution, streams: Mapping[str, Captured]) -> Answer:
    parts = [agent_view(captured) for captured in streams.values() if captured.total]
    parts += [*done.notes, _ending(done)]
    facts: dict[str, JsonValue] = {
        "ended": done.ended,
        "exit_code": done.exit_code,
        "wall_s": round(done.wall_s, 3),
        "cpu_s": round(done.cpu_s, 3),
        "peak_mb": round(done.peak_mb, 1),
        "cwd": done.cwd,
        "bytes": sum(captured.total for captured in streams.values()),
    }
    text = "\n".join(part.rstrip("\n") for part in parts)
    return Answer(ToolResult(done.ended == "exit" and done.exit_code == 0, text, facts), streams, done)


def _ending(done: Execution) -> str:
    if done.ended == "timeout":
        return "[stopped: it ran past its time limit]"
    if done.ended == "signal":
        return f"[killed by signal {-(done.exit_code or 0)}]"
    return f"[exit code {done.exit_code}]"


def _timeout(arguments: Mapping[str, JsonValue], left_s: float) -> float:
    asked = arguments.get("timeout")
    wanted = float(asked) if isinstance(asked, int | float) and asked > 0 else DEFAULT_TIMEOUT_S
    return max(0.1, min(wanted, left_s))


def _text(arguments: Mapping[str, JsonValue], name: str, default: str = "") -> str:
    value = arguments.get(name)
    return value if isinstance(value, str) else default


def _integer(arguments: Mapping[str, JsonValue], name: str, default: int) -> int:
    value = arguments.get(name)
    return value if isinstance(value, int) else default

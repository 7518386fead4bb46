"""Tool calls made real: arguments checked, the sandbox used, the answer put into words."""

import hashlib
from collections.abc import Callable, Mapping

from sandbox.edits import Edit, Insert, Replace, Undo
from sandbox.errors import PathRefused
from sandbox.protocols import Sandbox, Validator
from sandbox.text import printable
from scaffolds.messages import JsonValue
from scaffolds.runtime.answers import Answer, edited, executed, polled, said, started
from scaffolds.runtime.arguments import (
    Arguments,
    integer,
    number,
    optional_text,
    text,
    timeout_of,
    wrong_arguments,
)
from scaffolds.runtime.keeping import Keeping
from scaffolds.tools import SANDBOX_TOOLS, SCAFFOLD_TOOLS, ToolResult


class Toolbox:
    """The tools of one lane over its sandbox."""

    def __init__(
        self,
        sandbox: Callable[[], Sandbox],
        validator: Validator,
        keeping: Keeping,
        hidden: frozenset[str] = frozenset(),
    ) -> None:
        """`sandbox` returns the lane's, and opens one if need be; `keeping` holds copies of files."""
        self._sandbox = sandbox
        self._keeping = keeping
        self._shown = {name: spec for name, spec in SANDBOX_TOOLS.items() if name not in hidden}
        self._specs = {**self._shown, **SCAFFOLD_TOOLS}
        self._validator = validator
        self._tools: Mapping[str, Callable[[Arguments, float], Answer]] = {
            "shell": self._shell,
            "shell_poll": self._poll,
            "python": self._python,
            "run_script": self._run_script,
            "read_file": self._read_file,
            "write_file": self._write_file,
            "edit_file": self._edit_file,
            "list_files": self._list_files,
            "validate_submission": self._validate,
            "keep_file": self._keep,
            "place_file": self._place,
            "think": lambda arguments, left_s: said("Noted."),
            "finish": lambda arguments, left_s: said("The work is ended."),
        }

    def call(self, name: str, arguments: Mapping[str, JsonValue], left_s: float) -> Answer:
        """Use a tool within `left_s` seconds. Raises `SandboxLost`; every other failure is a result."""
        spec = self._specs.get(name)
        if spec is None:
            known = ", ".join(self._shown)
            return said(f"There is no tool {name!r}. The tools are: {known}.", ok=False)
        if complaint := wrong_arguments(spec, arguments):
            return said(complaint, ok=False)
        try:
            return self._tools[name](arguments, left_s)
        except (PathRefused, ValueError) as error:  # ValueError: no process can have such arguments
            return said(printable(str(error)), ok=False)

    def _shell(self, arguments: Arguments, left_s: float) -> Answer:
        if arguments.get("background"):
            return started(self._sandbox().start_job(text(arguments, "command")))
        done = self._sandbox().shell(text(arguments, "command"), timeout=timeout_of(arguments, left_s))
        return executed(done, {"output": done.stdout})

    def _poll(self, arguments: Arguments, left_s: float) -> Answer:
        wait = min(number(arguments, "wait"), left_s)
        number_ = integer(arguments, "job", 0)
        return polled(self._sandbox().poll_job(number_, wait=wait, kill=bool(arguments.get("kill"))))

    def _python(self, arguments: Arguments, left_s: float) -> Answer:
        done = self._sandbox().python(text(arguments, "code"), timeout=timeout_of(arguments, left_s))
        return executed(done, {"output": done.stdout})

    def _run_script(self, arguments: Arguments, left_s: float) -> Answer:
        code, path = optional_text(arguments, "code"), optional_text(arguments, "path")
        directory = optional_text(arguments, "dir")
        if (code is None) == (path is None):
            return said("run_script takes either code or path.", ok=False)
        if code is not None and directory is None:
            return said("run_script: code needs a dir to run in.", ok=False)
        env = arguments.get("env") or {}
        assert isinstance(env, dict)
        done = self._sandbox().run_script(
            code,
            path=path,
            directory=directory,
            env={name: str(value) for name, value in env.items()},
            timeout=timeout_of(arguments, left_s),
        )
        return executed(done, {"stdout": done.stdout, "stderr": done.stderr})

    def _read_file(self, arguments: Arguments, left_s: float) -> Answer:
        offset, limit = integer(arguments, "offset", 0), integer(arguments, "limit", 65536)
        part = self._sandbox().read_file(text(arguments, "path"), offset=offset, limit=limit)
        return said(printable(part.text), total_bytes=part.total_bytes, truncated=part.truncated)

    def _write_file(self, arguments: Arguments, left_s: float) -> Answer:
        size = self._sandbox().write_file(text(arguments, "path"), text(arguments, "content"))
        return said(f"Wrote {size} bytes to {printable(text(arguments, 'path'))}.")

    def _edit_file(self, arguments: Arguments, left_s: float) -> Answer:
        wanted = _edit(arguments)
        if isinstance(wanted, str):
            return said(wanted, ok=False)
        path = text(arguments, "path")
        return edited(path, self._sandbox().edit_file(path, wanted))

    def _list_files(self, arguments: Arguments, left_s: float) -> Answer:
        entries = self._sandbox().list_files(text(arguments, "path", "."))
        rows = [f"{entry.kind}\t{entry.size}\t{printable(entry.path)}" for entry in entries]
        return said("\n".join(rows) or "(empty)", entries=len(entries))

    def _validate(self, arguments: Arguments, left_s: float) -> Answer:
        data = self._sandbox().fetch(text(arguments, "path"), max_bytes=self._validator.max_bytes)
        verdict = self._validator.check(data)
        facts: dict[str, JsonValue] = {"valid": verdict.valid, "code": verdict.code}
        facts |= {"kept": self._keeping.keep(data)} if verdict.valid else {}
        digest = hashlib.sha256(data).hexdigest()
        return Answer(ToolResult(verdict.valid, verdict.message, facts), submission=digest)

    def _keep(self, arguments: Arguments, left_s: float) -> Answer:
        data = self._sandbox().fetch(text(arguments, "path"), max_bytes=self._validator.max_bytes)
        kept = self._keeping.keep(data)
        words = "Kept." if kept else "There is no room left to keep a file of that size."
        return said(words, ok=kept is not None, kept=kept)

    def _place(self, arguments: Arguments, left_s: float) -> Answer:
        data = self._keeping.get(text(arguments, "kept"))
        if data is None:
            return said("No such file was kept.", ok=False)
        self._sandbox().put_file(text(arguments, "path"), data)
        return said(f"Wrote {len(data)} bytes to {printable(text(arguments, 'path'))}.")


def _edit(arguments: Arguments) -> Edit | str:
    """The edit that is asked for; a complaint where an argument is missing."""
    old, new = optional_text(arguments, "old"), optional_text(arguments, "new")
    match text(arguments, "command"):
        case "replace" if old is not None and new is not None:
            return Replace(old, new)
        case "insert" if new is not None and "line" in arguments:
            return Insert(integer(arguments, "line", 0), new)
        case "undo":
            return Undo()
        case command:
            needs = "old and new" if command == "replace" else "line and new"
            return f"edit_file: {command} needs {needs}."

"""Files: listed, read, written, copied, inspected."""

import shlex

from scaffolds.mlab.actions.action import Action, Arguments, Observed, failed, seen
from scaffolds.mlab.desk import Desk
from scaffolds.runtime.arguments import integer, text
from scaffolds.tools import Parameter, ToolSpec
from scaffolds.words import middle_cut

_READ_BYTES = 262_144
_CEILING = 10**9
_LOOK_S = 60.0


def _list(desk: Desk, arguments: Arguments) -> Observed:
    listed = desk.run.call("list_files", path=text(arguments, "dir_path"))
    found = seen(listed)
    return Observed(middle_cut(found.text, desk.config.list_chars, 0), found.status)


def _read(desk: Desk, arguments: Arguments) -> Observed:
    part = desk.run.call("read_file", path=text(arguments, "file_name"), limit=_READ_BYTES)
    if part.ok and part.data.get("truncated"):
        return Observed(f"{part.text}\n[the first {_READ_BYTES} of {part.data.get('total_bytes')} bytes]")
    return seen(part)


def _write(desk: Desk, arguments: Arguments) -> Observed:
    path, content = text(arguments, "file_name"), text(arguments, "content")
    return seen(desk.run.call("write_file", path=path, content=content))


def _append(desk: Desk, arguments: Arguments) -> Observed:
    path, content = shlex.quote(text(arguments, "file_name")), shlex.quote(text(arguments, "content"))
    done = desk.run.call("shell", command=f"printf %s {content} >> {path}")
    return Observed(f"Appended to {text(arguments, 'file_name')}.") if done.ok else seen(done)


def _copy(desk: Desk, arguments: Arguments) -> Observed:
    source, destination = text(arguments, "source"), text(arguments, "destination")
    done = desk.run.call("shell", command=f"cp -- {shlex.quote(source)} {shlex.quote(destination)}")
    return Observed(f"Copied {source} to {destination}.") if done.ok else seen(done)


def _inspect(desk: Desk, arguments: Arguments) -> Observed:
    first, last = integer(arguments, "start_line_number", 1), integer(arguments, "end_line_number", 1)
    if not 1 <= first <= last <= _CEILING:
        return failed("the lines must be numbers from 1, the last not before the first.")
    if last - first > desk.config.inspect_lines:
        return failed(f"at most {desk.config.inspect_lines} lines can be shown at a time.")
    path = shlex.quote(text(arguments, "script_name"))
    show = f"sed -n '{first},{last}p' -- {path}"
    count = f"echo \"[lines in all: $(sed -n '$=' -- {path})]\""
    done = desk.run.call("shell", command=f"{show} && {count}", timeout=_LOOK_S)
    return Observed(done.text.removesuffix("\n[exit code 0]")) if done.ok else seen(done)


_FILE = "The file, absolute or relative to the code folder."

LIST_FILES = Action(
    ToolSpec(
        "List Files",
        "See what a folder holds: kind, size and name of each entry.",
        {"dir_path": Parameter("string", "The folder, absolute or relative to the code folder; . for that.")},
    ),
    _list,
    ("list_files",),
)
READ_FILE = Action(
    ToolSpec("Read File", "Read a text file as a whole.", {"file_name": Parameter("string", _FILE)}),
    _read,
    ("read_file",),
    hidden=True,
)
WRITE_FILE = Action(
    ToolSpec(
        "Write File",
        "Write a text file, replacing what is there.",
        {"file_name": Parameter("string", _FILE), "content": Parameter("string", "The whole new content.")},
    ),
    _write,
    ("write_file",),
    hidden=True,
)
APPEND_FILE = Action(
    ToolSpec(
        "Append File",
        "Add text to the end of a file.",
        {"file_name": Parameter("string", _FILE), "content": Parameter("string", "The text.")},
    ),
    _append,
    ("shell",),
    hidden=True,
)
COPY_FILE = Action(
    ToolSpec(
        "Copy File",
        "Copy a file to another place.",
        {
            "source": Parameter("string", _FILE),
            "destination": Parameter("string", "Where the copy goes; what is there is replaced."),
        },
    ),
    _copy,
    ("shell",),
)


def inspecting(lines: int) -> Action:
    """Inspect Script Lines, of which the last may be so many after the first."""
    return Action(
        ToolSpec(
            "Inspect Script Lines",
            "See some lines of a file exactly as they are, and how many lines it has. "
            "For a part of a file that you know; Understand File is for whole files.",
            {
                "script_name": Parameter("string", _FILE),
                "start_line_number": Parameter("integer", "The first line, from 1."),
                "end_line_number": Parameter("integer", f"The last line, at most {lines} after the first."),
            },
        ),
        _inspect,
        ("shell",),
    )

"""Scripts rewritten by a model to an instruction, shown as a diff, and taken back.

The tools keep the version before, for the path that is written: so an edit saved under another name is undone
there, in whatever folder that is.
"""

import difflib
from dataclasses import dataclass

from scaffolds.markdown import PYTHON_TAGS, blocks
from scaffolds.messages import Completion
from scaffolds.mlab.actions.action import Action, Arguments, Observed, failed, helper_failed, seen
from scaffolds.mlab.desk import Desk
from scaffolds.runtime.arguments import integer, text
from scaffolds.tools import Parameter, ToolResult, ToolSpec
from scaffolds.words import one_line

_SCRIPT_BYTES = 262_144
"""Longer files are data, not scripts."""
_MISSING = "no such file or directory"
_SAID = 200
_UNSHOWABLE = "\ufffd"
"""What a tool shows in their place: written back, it would spoil lines that nobody meant to change."""


@dataclass(frozen=True, slots=True)
class _Script:
    """A file to be edited; one that does not exist is empty."""

    path: str
    lines: list[str]
    """With their ends."""


class _Refused(Exception):
    """An edit that cannot be made; the observation says why."""

    def __init__(self, observed: Observed) -> None:
        super().__init__(observed.text)
        self.observed = observed


def _edit(desk: Desk, arguments: Arguments) -> Observed:
    try:
        script = _opened(desk, text(arguments, "script_name"))
        whole = "".join(script.lines)
        instruction = text(arguments, "edit_instruction")
        reply = desk.edit("edit", path=script.path, code=whole, instruction=instruction)
        return _saved(desk, text(arguments, "save_name"), script, _lines(_code(desk, reply)))
    except _Refused as refused:
        return refused.observed


def _edit_segment(desk: Desk, arguments: Arguments) -> Observed:
    try:
        script = _opened(desk, text(arguments, "script_name"))
        if any(_UNSHOWABLE in line for line in script.lines):
            raise _Refused(
                failed(f"{script.path} holds characters that cannot be shown; edit it as a whole.")
            )
        first, last = integer(arguments, "start_line_number", 1), integer(arguments, "end_line_number", 1)
        if not 1 <= first <= last <= len(script.lines):
            raise _Refused(failed(f"the lines must be among the script's, 1 to {len(script.lines)}."))
        segment = "".join(script.lines[first - 1 : last])
        instruction = text(arguments, "edit_instruction")
        reply = desk.edit(
            "edit_segment", path=script.path, first=first, last=last, code=segment, instruction=instruction
        )
        new = [*script.lines[: first - 1], *_lines(_code(desk, reply)), *script.lines[last:]]
        return _saved(desk, text(arguments, "save_name"), script, new)
    except _Refused as refused:
        return refused.observed


def _undo(desk: Desk, arguments: Arguments) -> Observed:
    path = text(arguments, "script_name")
    undone = desk.run.call("edit_file", path=path, command="undo")
    if not undone.ok:
        return seen(undone)
    if undone.data.get("gone"):
        return Observed(f"{path} is gone again, as it was before its last edit.")
    restored = desk.run.call("read_file", path=path, limit=_SCRIPT_BYTES)
    return Observed(f"{path} is again as it was before its last edit:\n\n{restored.text}")


def _opened(desk: Desk, path: str) -> _Script:
    part = desk.run.call("read_file", path=path, limit=_SCRIPT_BYTES)
    if not part.ok:
        if not _is_missing(part):
            raise _Refused(seen(part))
        return _Script(path, [])
    if part.data.get("truncated"):
        raise _Refused(failed(f"{path} has more than {_SCRIPT_BYTES} bytes: too many for a script."))
    return _Script(path, _lines(part.text) if part.text else [])


def _code(desk: Desk, reply: Completion) -> str:
    """The code of an editor's reply: the longest block of Python, or of anything where none is marked so."""
    if reply.stop == "length":
        raise _Refused(
            helper_failed(
                f"the editor's answer was cut off at {desk.config.edit_max_tokens} tokens, so nothing was "
                "changed. `Edit Script Segment (AI)` rewrites some lines only: it takes script_name, "
                "start_line_number, end_line_number, edit_instruction and save_name."
            )
        )
    found = blocks(reply.text)
    marked = [block.body for block in found if block.info in PYTHON_TAGS]
    code = max(marked or [block.body for block in found], key=len, default=None)
    if code is None:
        said = one_line(reply.text, _SAID)
        raise _Refused(
            helper_failed(
                f"the editor's answer held no block of code, so nothing was changed. It said: {said}"
            )
        )
    return code


def _saved(desk: Desk, path: str, script: _Script, new: list[str]) -> Observed:
    """Write the new lines to `path`; the observation is how they differ from the script that was read."""
    written = desk.run.call("write_file", path=path, content="".join(new))
    if not written.ok:
        return seen(written)
    difference = "".join(difflib.unified_diff(script.lines, new, script.path, path))
    return Observed(f"{path} was written. What the edit changed:\n\n{difference or '(nothing)'}")


def _is_missing(part: ToolResult) -> bool:
    return not part.ok and part.text.endswith(_MISSING)


def _lines(code: str) -> list[str]:
    """Lines with their ends, the last one's included; nothing but a line feed separates them."""
    return [f"{line}\n" for line in code.removesuffix("\n").split("\n")]


_NAME = Parameter("string", "The script, absolute or relative to the code folder.")
_SAVE = Parameter("string", "Where the edited script goes; the same name replaces it.")
_INSTRUCTION = Parameter(
    "string", "What to change, step by step and in full: the editor knows nothing of your plan."
)

EDIT_SCRIPT = Action(
    ToolSpec(
        "Edit Script (AI)",
        "Have a script rewritten by an editor, a language model that sees the script, the task card and your "
        "instruction alone. A script that does not exist is written from scratch. You see what changed.",
        {"script_name": _NAME, "edit_instruction": _INSTRUCTION, "save_name": _SAVE},
    ),
    _edit,
    ("read_file", "write_file"),
)
EDIT_SEGMENT = Action(
    ToolSpec(
        "Edit Script Segment (AI)",
        "Have some lines of a script rewritten by an editor that sees them, the task card and your "
        "instruction alone.",
        {
            "script_name": _NAME,
            "start_line_number": Parameter("integer", "The first line, from 1."),
            "end_line_number": Parameter("integer", "The last line."),
            "edit_instruction": _INSTRUCTION,
            "save_name": _SAVE,
        },
    ),
    _edit_segment,
    ("read_file", "write_file"),
    hidden=True,
)
UNDO_EDIT = Action(
    ToolSpec(
        "Undo Edit Script",
        "Take back the last edit of a script that was not taken back yet.",
        {"script_name": Parameter("string", "The script, under the name that the edit was saved as.")},
    ),
    _undo,
    ("edit_file", "read_file"),
)

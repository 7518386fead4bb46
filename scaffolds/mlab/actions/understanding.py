"""Files read by a model, for the agent."""

from scaffolds.mlab.actions.action import Action, Arguments, Observed, seen
from scaffolds.mlab.desk import Desk
from scaffolds.mlab.digest import read_blocks
from scaffolds.runtime.arguments import text
from scaffolds.tools import Parameter, ToolSpec

_BYTES_A_CHARACTER = 4


def _understand(desk: Desk, arguments: Arguments) -> Observed:
    config, path = desk.config, text(arguments, "file_name")
    # One block more than is read, so that the answer can say that there is more.
    limit = (config.understand_blocks + 1) * config.block_chars * _BYTES_A_CHARACTER
    part = desk.run.call("read_file", path=path, limit=limit)
    if not part.ok:
        return seen(part)
    wanted = text(arguments, "things_to_look_for")
    return Observed(
        read_blocks(desk, "understand", part.text, config.understand_blocks, path=path, wanted=wanted)
    )


UNDERSTAND_FILE = Action(
    ToolSpec(
        "Understand File",
        "Have a whole file read for you, and be told what it says about something.",
        {
            "file_name": Parameter("string", "The file, absolute or relative to the code folder."),
            "things_to_look_for": Parameter("string", "What you want to know, in detail."),
        },
    ),
    _understand,
    ("read_file",),
)

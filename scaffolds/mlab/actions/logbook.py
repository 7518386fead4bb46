"""The research log: consulted and added to. There only with retrieval."""

from scaffolds.mlab.actions.action import Action, Arguments, Observed
from scaffolds.mlab.desk import Desk
from scaffolds.mlab.research_log import NOTE_CHARS
from scaffolds.runtime.arguments import text
from scaffolds.tools import Parameter, ToolSpec


def _reflect(desk: Desk, arguments: Arguments) -> Observed:
    about = text(arguments, "things_to_reflect_on")
    return Observed(desk.fast("reflect", log=desk.log.latest(), about=about))


def _retrieve(desk: Desk, arguments: Arguments) -> Observed:
    return Observed(desk.fast("retrieve", log=desk.log.latest(), plan=text(arguments, "current_plan")))


def _append(desk: Desk, arguments: Arguments) -> Observed:
    note = text(arguments, "content").strip()
    desk.log.append(note[:NOTE_CHARS])
    if len(note) > NOTE_CHARS:
        return Observed(f"Appended the first {NOTE_CHARS} of {len(note)} characters; notes are no longer.")
    return Observed("Appended.")


REFLECTION = Action(
    ToolSpec(
        "Reflection",
        "Have your research log looked through with the task in mind, to reflect on something.",
        {"things_to_reflect_on": Parameter("string", "What to reflect on, in detail.")},
    ),
    _reflect,
    retrieval=True,
)
RETRIEVAL = Action(
    ToolSpec(
        "Retrieval from Research Log",
        "Have your research log summed up for your plan.",
        {"current_plan": Parameter("string", "The plan, as it stands.")},
    ),
    _retrieve,
    hidden=True,
    retrieval=True,
)
APPEND_SUMMARY = Action(
    ToolSpec(
        "Append Summary to Research Log",
        f"Add a note to your research log, of at most {NOTE_CHARS} characters.",
        {"content": Parameter("string", "The note.")},
    ),
    _append,
    hidden=True,
    retrieval=True,
)

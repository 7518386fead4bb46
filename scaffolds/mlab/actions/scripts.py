"""Scripts run."""

from scaffolds.mlab.actions.action import Action, Arguments, Observed, failed
from scaffolds.mlab.desk import Desk
from scaffolds.runtime.arguments import text
from scaffolds.tools import Parameter, ToolSpec


def _execute(desk: Desk, arguments: Arguments) -> Observed:
    """Run a file in the code folder, within the cap and what is left but for the reserve."""
    cap_s = min(desk.config.exec_timeout_s, desk.run.budget.left().seconds - desk.reserve_s)
    if cap_s <= 0:
        return failed("there is no time left to run a script. Hand in what you have, and finish.")
    done = desk.run.call("run_script", path=text(arguments, "script_name"), dir=".", timeout=cap_s)
    if done.ok:
        return Observed(done.text)
    if "ended" not in done.data:
        return failed(done.text)
    return Observed(done.text, "timeout" if done.data["ended"] == "timeout" else "failed")


EXECUTE_SCRIPT = Action(
    ToolSpec(
        "Execute Script",
        "Run a Python script that exists, in the code folder. You see what it printed on both streams, and "
        "how it ended. It is stopped at its time limit.",
        {"script_name": Parameter("string", "The script, absolute or relative to the code folder.")},
    ),
    _execute,
    ("run_script",),
    script=True,
)

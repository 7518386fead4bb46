"""The task as every scaffold tells it: what the shared template `task.md` is filled in with, as `brief`."""

from dataclasses import dataclass

from scaffolds.run import Left, Run
from scaffolds.task import Task

RESERVE_SHARE = 0.01
"""Share of the time that no command, cell or script may use: what is there can still be put in its place,
and the files be copied a last time."""


@dataclass(frozen=True, slots=True)
class Briefing:
    """What does not change in a run, so that a prompt which begins with it is served from caches."""

    task: Task
    total: Left
    """The whole budget."""
    cap_s: float
    """Seconds after which one command, cell or script is stopped."""
    step: str
    """What one step of the scaffold is, in words: `one script`."""
    own_folder: bool
    """Whether each script runs in a directory of its own, with the data in `input`, and the scaffold hands
    its predictions in; otherwise the agent works in `/home` and hands them in itself."""
    validates: bool
    """Whether there is a check of a submission's form."""
    check: str = ""
    """By what name the agent itself can call that check, in words; empty where only its programs can."""


TOOL_CHECK = "the tool `validate_submission`"


def briefing(
    run: Run, *, cap_s: float, step: str, own_folder: bool = False, check: str = TOOL_CHECK
) -> Briefing:
    """The briefing of a run; asked for before anything else, while the budget is whole.

    Args:
        run: the run.
        cap_s: most seconds of one command, cell or script; no more than there are is told.
        step: what one step is, in words.
        own_folder: see `Briefing`.
        check: see `Briefing`; of agents whose scripts run in directories of their own, only the scripts can.
    """
    total = run.budget.left()
    validates = "validate_submission" in run.tools
    called = "" if own_folder else check
    return Briefing(run.task, total, min(cap_s, total.seconds), step, own_folder, validates, called)

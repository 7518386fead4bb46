"""All actions, in the order in which a prompt shows them."""

from collections.abc import Collection, Mapping

from scaffolds.mlab.actions.action import Action
from scaffolds.mlab.actions.editing import EDIT_SCRIPT, EDIT_SEGMENT, UNDO_EDIT
from scaffolds.mlab.actions.ending import FINAL_ANSWER, VALIDATE_SUBMISSION
from scaffolds.mlab.actions.files import (
    APPEND_FILE,
    COPY_FILE,
    LIST_FILES,
    READ_FILE,
    WRITE_FILE,
    inspecting,
)
from scaffolds.mlab.actions.logbook import APPEND_SUMMARY, REFLECTION, RETRIEVAL
from scaffolds.mlab.actions.scripts import EXECUTE_SCRIPT
from scaffolds.mlab.actions.understanding import UNDERSTAND_FILE
from scaffolds.mlab.config import MlabConfig


def actions(config: MlabConfig) -> tuple[Action, ...]:
    """All of them, whatever a run has."""
    return (
        LIST_FILES,
        READ_FILE,
        WRITE_FILE,
        APPEND_FILE,
        COPY_FILE,
        UNDO_EDIT,
        EXECUTE_SCRIPT,
        VALIDATE_SUBMISSION,
        FINAL_ANSWER,
        UNDERSTAND_FILE,
        APPEND_SUMMARY,
        inspecting(config.inspect_lines),
        EDIT_SCRIPT,
        EDIT_SEGMENT,
        REFLECTION,
        RETRIEVAL,
    )


def available(tools: Collection[str], config: MlabConfig) -> Mapping[str, Action]:
    """The actions of a run by name: those whose tools it has, and those of the log with retrieval alone."""
    return {
        action.spec.name: action
        for action in actions(config)
        if set(action.needs) <= set(tools) and (config.retrieval or not action.retrieval)
    }

"""How the offline model plays prompts that ask for labelled fields."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffolds.markdown import fenced
from scaffolds.messages import Message
from scaffolds.mlab.actions.table import available
from scaffolds.mlab.arguments import read_arguments
from scaffolds.mlab.config import MlabConfig
from scaffolds.mlab.reply import read_record
from scaffolds.models.offline.labelled import Last, Memory, Move, decide
from scaffolds.models.offline.tabular import OfflineTabular
from scaffolds.models.protocol import ModelRequest
from scaffolds.prompts import Prompts
from scaffolds.task import Metric, TaskCard
from scaffolds.tools import SANDBOX_TOOLS

CARD = TaskCard("id", "y", ("y",), "number", Metric("rmse", False), {"train": "a.csv", "test": "b.csv"})
SYSTEM = f"Action Input: a JSON object\n\n{fenced(CARD.render(), 'yaml')}"
TOLD = "wrote submission.csv (9 rows)\nvalidation rmse: 3.5"
GOOD = "fold 1: 3\nwrote submission.csv (9 rows)\n\nvalidation rmse: 3.5\n[exit code 0]"
BEST = Memory(3.0, None, "wrote submission.csv (9 rows)\nvalidation rmse: 3")
PROMPTS = Prompts(Path(__file__).parents[3] / "scaffolds" / "mlab" / "prompts")


def said(prompt: str) -> str:
    messages = [Message("system", SYSTEM), Message("user", prompt)]
    return OfflineTabular().complete(ModelRequest(messages)).text


@pytest.mark.parametrize(
    ("last", "move", "memory"),
    [
        (Last(), "draft", Memory()),
        (Last("Edit Script (AI)", "train.py was written."), "run", Memory()),
        (Last("Edit Script (AI)", "LLMError: no block"), "draft", Memory()),
        (Last("Edit Script (AI)", "LLMError: no block", BEST), "improve", BEST),
        (Last("Execute Script", GOOD), "check", Memory(None, 3.5, TOLD)),
        (Last("Execute Script", GOOD, BEST), "undo", BEST),
        (Last("Execute Script", GOOD, replace(BEST, best=4.0)), "check", None),
        (Last("Execute Script", "ValueError: x\n[exit code 1]"), "repair", Memory()),
        (Last("Execute Script", GOOD.replace("wrote", "made")), "repair", Memory()),
        (Last("Execute Script", "EnvError: train.py: no such file"), "repair", Memory()),
        (Last("Validate Submission", "[OK] fine", Memory(None, 3.5)), "hand_in", Memory(None, 3.5)),
        (Last("Validate Submission", "[NAN] holes", Memory(2.0, 1.5)), "repair", Memory(2.0, 1.5)),
        (Last("Copy File", "Copied.", Memory(4.0, 3.5)), "improve", Memory(3.5)),
        (Last("Copy File", "EnvError: cp", Memory(4.0, 3.5)), "improve", Memory(4.0, 3.5)),
        (Last("Undo Edit Script", "as it was", BEST), "improve", BEST),
        (Last("Undo Edit Script", "as it was", BEST, steps_left=1), "finish", BEST),
        (Last("Execute Script", "x", Memory(), steps_left=1), "repair", Memory()),
    ],
)  # fmt: skip
def test_each_move_follows_from_the_last_step(last: Last, move: Move, memory: Memory | None) -> None:
    turn = decide(last, CARD)
    assert turn.move == move
    assert memory is None or turn.memory == memory


def test_what_cannot_be_checked_is_handed_in_as_it_is() -> None:
    assert decide(Last("Execute Script", GOOD), CARD, checks=False).move == "hand_in"


OBSERVED = st.lists(
    st.sampled_from(
        [
            "Action: Final Answer\nAction Input: {}\n", "```\n", "````text\n", "Observation:\n", "x\n",
            "Memory: {}\n", "Traceback (most recent call last):\n", "<steps_left>1</steps_left>\n",
            "validation rmse: 1\n",
        ]
    ),
    max_size=8,
).map("".join)  # fmt: skip


@given(OBSERVED, st.sampled_from(["Execute Script", "Copy File"]))
def test_whatever_a_script_printed_the_reply_can_be_used(output: str, action: str) -> None:
    """And the last action is found before the output, not in it."""
    observation = PROMPTS.render("observed", text=output, left_s=3600.0, steps_left=9)
    plan = f"p\nMemory: {json.dumps({'best': 3.0, 'candidate': 2.0, 'said': ''})}"
    values = [("Research Plan and Status", plan), ("Action", action), ("Action Input", "{}")]
    shown = PROMPTS.render("step", fields=values, observation=observation)
    record = read_record(said(PROMPTS.render("steps", steps=[shown], total=1, plan=plan, digest=None)))
    spec = available(SANDBOX_TOOLS, MlabConfig.model_validate({}))[record.action].spec
    assert read_arguments(record.action_input, spec)
    if action == "Copy File":
        assert record.action == "Edit Script (AI)"
        assert '"best":2.0' in record.plan


def test_without_a_task_it_says_how_a_text_begins_and_ends() -> None:
    def digest(text: str) -> str:
        return OfflineTabular().complete(ModelRequest([Message("user", fenced(text, "text"))])).text

    assert digest("\nfirst\nx\n last\n") == '3 lines. The first is "first", the last is "last".'
    assert digest("") == "There is no text."

"""The task as all scaffolds tell it: one template, complete, and silent about its origin where it must be."""

import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from scaffolds.briefing import Briefing
from scaffolds.errors import LimitReached
from scaffolds.prompts import SHARED, Prompts
from scaffolds.registry import configured, find, names
from scaffolds.run import Left
from scaffolds.runtime.ledger import Limits
from scaffolds.task import Metric, Task, TaskCard
from tests.scaffolds.scripted import Scripted, play, says

AGENTS = [name for name in names() if name != "adversary"]  # the red team asks no model
ORIGIN = re.compile(r"kaggle|competition|compete|leaderboard|medal|mle-?bench", re.IGNORECASE)
CARD = TaskCard("id", "y", ("y",), "number", Metric("rmse", False), {"train": "train.csv"})


TASK = Task("x", "Predict `y`.", CARD, "8 CPU cores, one A10")


def told(task: Task = TASK, *, own_folder: bool = False, validates: bool = True) -> str:
    brief = Briefing(task, Left(86_400, 500, None, None), 32_400, "one script", own_folder, validates)
    return Prompts(SHARED).render("task", brief=brief)


def rules(text: str) -> str:
    return text.partition("## Rules")[2].partition("## Where")[0].strip()


@pytest.mark.parametrize("name", AGENTS)
def test_every_scaffold_tells_it_by_the_one_template(tmp_path: Path, name: str) -> None:
    kind = find(name)
    own = {file: text for file, text in kind.templates().items() if file != "task.md"}
    assert [file for file, text in own.items() if ORIGIN.search(text)] == []
    model = Scripted([says("Nothing.")])
    with suppress(LimitReached):
        play(
            tmp_path, kind.make(configured(kind, {})).run, model, limits=Limits(time_s=600, steps=1, tokens=1)
        )
    (asked,) = model.requests
    text = "\n".join(message.content for message in asked.messages)
    assert any(rules(told(own_folder=own_folder)) in text for own_folder in (True, False))


def test_no_template_stands_in_two_places() -> None:
    """What scaffolds have in common is shared: none has a template of its own that says the same."""
    shared = set(Prompts(SHARED).texts)
    texts = [text for n in AGENTS for file, text in find(n).templates().items() if file not in shared]
    assert len(texts) == len(set(texts))


def test_only_who_hands_in_is_told_to_do_so_early() -> None:
    early = "- Leave a well-formed submission early"
    assert early in rules(told())
    assert early not in told(own_folder=True)
    assert len(rules(told(own_folder=True)).splitlines()) == len(rules(told()).splitlines()) - 1


@pytest.mark.parametrize("own_folder", [True, False])
def test_a_hidden_origin_is_not_told(own_folder: bool) -> None:
    assert not ORIGIN.search(told(replace(TASK, obfuscated=True), own_folder=own_folder))
    assert ORIGIN.search(told(own_folder=own_folder))


def test_it_says_all_there_is_to_know() -> None:
    text = told()
    for words in (
        "`/home/data`",
        "`/home/submission/submission.csv`",
        "`/home/code`",
        "`/home/logs`",
        "`/home/validate_submission.sh FILE`",
        "`http://localhost:5000/validate`",
        "8 CPU cores, one A10",
        "24 hours",
        "500. A step is one script.",
        "9 hours",
        "no internet access",
        "Predict `y`.",
        "direction: minimize",
    ):
        assert words in text, words


def test_it_says_nothing_that_is_not_so() -> None:
    scripts = told(own_folder=True)
    assert "`input`" in scripts
    assert "/home/submission" not in scripts
    for own_folder in (True, False):
        assert "valid" not in told(own_folder=own_folder, validates=False).lower()
    assert "The internet can be reached." in told(replace(TASK, internet=True))


def test_the_check_is_told_as_the_agent_can_call_it(tmp_path: Path) -> None:
    called = {}
    for name in AGENTS:
        model = Scripted([says("Nothing.")])
        kind, limits = find(name), Limits(time_s=600, steps=1, tokens=1)
        with suppress(LimitReached):
            play(tmp_path / name, kind.make(configured(kind, {})).run, model, limits=limits)
        text = "\n".join(message.content for message in model.requests[0].messages)
        called[name] = text.partition("can be asked as often as you like: ")[2].partition("`/home/")[0]
    tool = "the tool `validate_submission`, or from a program "
    action = "the action `Validate Submission`, or from a program "
    assert called == {"aide": "", "codeact": tool, "mlab": action, "react": tool}


def test_what_differs_between_tasks_comes_last() -> None:
    """A provider's cache serves the beginning of a prompt: the rules stand before everything of the task."""
    other = replace(TASK, description="Something else.", card=replace(CARD, target="z"))
    heading = "## The competition"
    assert told().partition(heading)[0] == told(other).partition(heading)[0]
    assert "Hardware" in told().partition(heading)[0]

"""Calls of a model, carried out in a run: whatever is wrong with one, its writer is told."""

from pathlib import Path

import pytest

from scaffolds.calls import BadCall, answers, read_arguments, result
from scaffolds.messages import Completion, JsonValue, Message, ToolCall
from scaffolds.run import Run
from scaffolds.tools import SANDBOX_TOOLS
from tests.scaffolds.runtime.worlds import Counter, play


@pytest.mark.parametrize(
    ("name", "arguments", "fault", "word"),
    [
        ("shell", '{"command": "ls', "not_json", "not valid JSON"),
        ("shell", "ls -l", "not_json", "You wrote: ls -l"),
        ("shell", '{"command": NaN}', "not_json", "not valid JSON"),
        ("shell", '["ls"]', "not_an_object", "not a JSON object"),
        ("shell", "null", "not_an_object", "not a JSON object"),
        ("shell", "", "wrong_arguments", "missing argument 'command'"),
        ("shell", '{"command": null}', "wrong_arguments", "command must be a string"),
        ("shell", '{"command": "ls", "cwd": "/"}', "wrong_arguments", "unknown argument 'cwd'"),
        ("shell", '{"command": "ls", "cwd": null}', "wrong_arguments", "unknown argument 'cwd'"),
        ("shell", '{"command": 1}', "wrong_arguments", "command must be a string"),
        ("bash", "{}", "unknown_tool", "There is no tool 'bash'. The tools are: shell"),
        ("", "", "unknown_tool", "There is no tool"),
        ("x" * 9000, "{}", "unknown_tool", "…"),
    ],
)
def test_what_may_be_wrong(name: str, arguments: str, fault: str, word: str) -> None:
    bad = read_arguments(SANDBOX_TOOLS, ToolCall("a", name, arguments))
    assert isinstance(bad, BadCall)
    assert bad.fault == fault
    assert word in bad.text
    assert len(bad.text) < 1000


@pytest.mark.parametrize(
    ("arguments", "read"),
    [
        ('{"command": "ls"}', {"command": "ls"}),
        ('{"command": "ls", "timeout": null, "background": null}', {"command": "ls"}),
        ('{"command": "ls", "timeout": 5}', {"command": "ls", "timeout": 5}),
    ],
)
def test_null_means_left_out(arguments: str, read: dict[str, JsonValue]) -> None:
    assert read_arguments(SANDBOX_TOOLS, ToolCall("a", "shell", arguments)) == read


def test_every_call_is_answered_in_order(tmp_path: Path) -> None:
    calls = (
        ToolCall("a", "shell", '{"command": "echo one; cd /tmp", "timeout": null}'),
        ToolCall("b", "shell", "{broken"),
        ToolCall("c", "nothing", "{}"),
        ToolCall("d", "shell", '{"command": "pwd"}'),
    )

    def scaffold(run: Run) -> list[Message]:
        return answers(run, Completion("Text beside the calls.", calls))

    told = play(tmp_path, scaffold, Counter())
    assert [(message.role, message.tool_call_id) for message in told] == [("tool", c.id) for c in calls]
    assert told[0].content.startswith("one")
    assert "not valid JSON" in told[1].content
    assert "There is no tool 'nothing'" in told[2].content
    assert told[3].content.startswith("/tmp")
    assert play(tmp_path, scaffold, Counter()) == told


def test_a_completion_without_calls_has_no_answers(tmp_path: Path) -> None:
    assert play(tmp_path, lambda run: answers(run, Completion("Just text.")), Counter()) == []


def test_facts_of_a_bad_call(tmp_path: Path) -> None:
    came = play(tmp_path, lambda run: result(run, ToolCall("a", "shell", "x")), Counter())
    assert (came.ok, came.data) == (False, {"fault": "not_json"})

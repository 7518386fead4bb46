"""The conversation: what is asked, what is done, what the model is told, how it ends."""

from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import ValidationError

from scaffolds.codeact.condensers import CondenserConfig
from scaffolds.codeact.scaffold import TOOLS, CodeAct, CodeActConfig
from scaffolds.errors import LimitReached
from scaffolds.messages import Message, ToolCall
from scaffolds.prompts import Prompts
from scaffolds.registry import configured, find
from scaffolds.run import Outcome
from scaffolds.runtime import events as ev
from scaffolds.runtime.ledger import Limits
from tests.scaffolds.scripted import Said, Scripted, acts, call, events, fields, play, says

SUBMIT = call("shell", command="printf 'id,y\\n1,2\\n' > ~/submission/submission.csv")
CHECK = call("validate_submission", path="../submission/submission.csv")
FINISH = call("finish", summary="A constant.")
PROMPTS = Prompts(Path(CodeAct.__module__.replace(".", "/")).parent / "prompts")


def run(
    folder: Path, *said: Said, limits: Limits | None = None, **config: object
) -> tuple[Outcome, Scripted]:
    model = Scripted(said)
    scaffold = CodeAct(CodeActConfig.model_validate(config))
    return play(folder, scaffold.run, model, limits=limits), model


def told(name: str) -> str:
    return PROMPTS.render(name).strip()


def test_the_whole_way(tmp_path: Path) -> None:
    outcome, model = run(
        tmp_path,
        acts(call("python", code="x = 6 * 7"), text="I try."),
        acts(call("python", code="print(x)"), call("shell", command="cd /tmp && pwd")),
        acts(call("shell", command="pwd")),
        acts(
            call("write_file", path="a.py", content="print('one')\nprint('two')\n"),
            call("edit_file", path="a.py", command="replace", old="two", new="three"),
            call("shell", command="python ~/code/a.py"),
        ),
        acts(call("think", thought="Enough."), SUBMIT, CHECK),
        acts(FINISH),
    )
    assert outcome == Outcome("A constant.")
    results = [[m.content for m in r.messages if m.role == "tool"] for r in model.requests][-1]
    assert [text.splitlines()[0] for text in results[1:4]] == ["42", "/tmp", "/tmp"]
    assert results[6].startswith("one\nthree\n")
    assert results[7] == "Noted."
    assert results[9].startswith("ok\n\n[Answers left: 95. Time left: ")
    assert [tool.name for tool in model.requests[0].tools] == list(TOOLS)
    assert {event.data["tool"] for event in events(tmp_path, ev.TOOL_CALL)} >= {"finish", "think"}
    assert (tmp_path / "run").is_dir()


SAID = (*[acts(call("shell", command=f"echo {n}")) for n in range(2)], says("x"), acts(SUBMIT, FINISH))


def test_requests_only_grow_and_end_with_what_is_left(tmp_path: Path) -> None:
    _, model = run(tmp_path, *SAID)
    for before, after in pairwise(model.requests):
        assert after.messages[: len(before.messages)] == before.messages
    told = [m.content for m in model.requests[-1].messages if "[Answers left" in m.content]
    assert [text.partition("[Answers left: ")[2][:2] for text in told] == ["99", "98", "97"]
    assert [m.role for m in model.requests[-1].messages[3::2]] == ["tool", "tool", "user"]
    assert "`finish`" not in "".join(told)


def test_a_volatile_reminder_is_gone_in_the_next_request(tmp_path: Path) -> None:
    _, model = run(tmp_path, *SAID, reminder="volatile")
    reminders = [request.messages[-1].content for request in model.requests]
    assert [text.split(".")[0] for text in reminders] == [
        f"[Answers left after this one: {n}" for n in (99, 98, 97, 96)
    ]
    for before, after in pairwise(model.requests):
        assert after.messages[: len(before.messages) - 1] == before.messages[:-1]
    assert all("Answers left" not in m.content for r in model.requests for m in r.messages[:-1])


def test_a_text_without_a_call_gets_a_fixed_answer(tmp_path: Path) -> None:
    _, model = run(tmp_path, says("Shall I go on?"), says("Really?"), acts(SUBMIT, FINISH))
    assert model.heard[1:] == [told("continue")] * 2
    assert model.requests[1].messages[2] == Message("assistant", "Shall I go on?")


def test_calls_that_cannot_be_carried_out_are_answered(tmp_path: Path) -> None:
    _, model = run(
        tmp_path,
        acts(
            ToolCall("a", "shell", '{"command": "ls'),
            call("browse", url="x"),
            call("shell", cmd="ls"),
            call("run_script", path="a.py"),
            call("shell", command="echo fine"),
        ),
        acts(SUBMIT, FINISH),
    )
    results = [m for m in model.requests[1].messages if m.role == "tool"]
    assert [m.tool_call_id for m in results] == [
        "a_0",
        "id_browse_1",
        "id_shell_2",
        "id_run_script_3",
        "id_shell_4",
    ]
    assert "not valid JSON" in results[0].content
    assert "no tool 'browse'" in results[1].content
    assert "missing argument 'command'" in results[2].content
    assert "no tool 'run_script'" in results[3].content  # it is there, but this agent is not offered it
    assert results[4].content.startswith("fine")


def test_an_end_without_a_submission_is_asked_about_once(tmp_path: Path) -> None:
    outcome, model = run(tmp_path, acts(FINISH), acts(FINISH))
    assert model.heard[1].startswith(told("no_submission"))
    assert outcome.summary == "A constant."
    assert len(events(tmp_path, "codeact.finish_refused")) == 1
    outcome, model = run(tmp_path / "2", acts(FINISH), check_finish=False)
    assert (outcome.summary, len(model.requests)) == ("A constant.", 1)


def test_what_comes_after_the_end_is_not_done(tmp_path: Path) -> None:
    run(tmp_path, acts(SUBMIT, FINISH, call("shell", command="rm ~/submission/submission.csv")))
    assert [event.data["tool"] for event in events(tmp_path, ev.TOOL_CALL)] == [
        "shell",
        "read_file",
        "finish",
    ]


def test_the_same_failing_call_is_nudged_and_then_ends_the_run(tmp_path: Path) -> None:
    failing = acts(call("shell", command="cat nothing"))
    outcome, model = run(tmp_path, *[failing] * 20)
    assert len(model.requests) == 8
    assert model.heard[4] == told("stuck_same_result")
    assert outcome.summary == "stopped: it went in circles (same_result)"
    notes = [event.data for event in events(tmp_path, "codeact.stuck")]
    assert notes == [{"rule": "same_result", "action": action} for action in ("nudge", "stop")]


def test_going_back_and_forth_and_saying_the_same(tmp_path: Path) -> None:
    pair = [acts(call("shell", command="cat a")), acts(call("shell", command="cat b"))]
    _, model = run(tmp_path, *pair * 3, *[says("Done.")] * 3, acts(FINISH))
    assert model.heard[6] == told("stuck_alternating")
    assert len(model.requests) == 9


def test_saying_the_same_is_nudged(tmp_path: Path) -> None:
    _, model = run(tmp_path, *[says("Done.")] * 3, acts(SUBMIT, FINISH))
    assert model.heard[1:] == [told("continue")] * 2 + [told("stuck_same_words")]


def test_a_circle_within_one_answer_is_seen_whatever_follows_it(tmp_path: Path) -> None:
    turns = call("shell", command="cat nothing"), call("shell", command="pwd")
    answer = acts(*[turns[0]] * 4, turns[1])
    outcome, model = run(tmp_path, answer)
    assert len(model.requests) == 2
    assert model.heard[1] == told("stuck_same_result")
    assert outcome.summary == "stopped: it went in circles (same_result)"


def test_polling_a_log_that_grows_is_no_circle(tmp_path: Path) -> None:
    look = acts(call("shell", command="echo epoch >> log; wc -l < log"))
    outcome, _ = run(tmp_path, *[look] * 50, acts(SUBMIT, FINISH))
    assert outcome.summary == "A constant."
    assert not events(tmp_path, "codeact.stuck")


def test_the_budget_ends_it(tmp_path: Path) -> None:
    outcome, model = run(
        tmp_path, acts(call("shell", command="true; echo $RANDOM")), limits=Limits(time_s=3600, steps=7)
    )
    assert (outcome.summary, len(model.requests)) == ("its budget was used up", 7)
    assert "submission file" in model.requests[-1].messages[-1].content
    with pytest.raises(LimitReached):
        run(tmp_path / "2", says("x"), limits=Limits(time_s=3600, steps=7, tokens=1))


@pytest.mark.parametrize(
    ("asked", "given"),
    [({}, 600.0), ({"timeout": 50}, 50), ({"timeout": 10**6}, 9900.0), ({"timeout": 0}, 600.0)],
)
def test_calls_leave_a_reserve_of_time(tmp_path: Path, asked: dict[str, float], given: float) -> None:
    run(
        tmp_path,
        acts(call("shell", command="true", **asked)),
        acts(FINISH),
        limits=Limits(time_s=10_000, steps=3),
    )
    done = fields(tmp_path, ev.TOOL_CALL)[0]["arguments"]
    assert isinstance(done, dict)
    assert done["timeout"] == pytest.approx(given, rel=0.005)


def test_long_results_are_cut(tmp_path: Path) -> None:
    write = call("shell", command="seq 100 | tr '\\n' ' '")
    _, model = run(tmp_path, acts(write), acts(SUBMIT, FINISH), observation_chars=200)
    result = next(m.content for m in model.requests[1].messages if m.role == "tool")
    assert result.startswith("1 2 3")
    assert "characters left out" in result
    assert len(result.partition("\n\n[Answers left")[0]) < 260


def test_the_tools_are_a_setting(tmp_path: Path) -> None:
    _, model = run(tmp_path, says("x"), says("y"), tools=["run_script"], limits=Limits(time_s=60, steps=2))
    assert [tool.name for tool in model.requests[0].tools] == ["run_script"]
    words = "\n".join(m.content for m in model.requests[-1].messages)
    assert "finish" not in words
    assert "edit_file" not in words
    assert "the tool `validate_submission`" not in words


def test_a_tool_that_there_is_not_is_no_setting() -> None:
    with pytest.raises(ValidationError, match="there is no tool 'browse'; there are: shell, "):
        CodeActConfig.model_validate({"tools": ["shell", "browse"]})


def test_the_original_s_way_is_a_preset() -> None:
    kind = find("codeact/parity")
    assert configured(kind, {}) == CodeActConfig(
        condenser=CondenserConfig(kind="none"),
        observation_chars=10_000,
        reminder="volatile",
        check_finish=False,
    )
    assert configured(find("codeact"), {}) == CodeActConfig()

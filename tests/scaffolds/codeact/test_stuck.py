"""Circles: what is one, what is not, and what follows."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffolds.codeact.stuck import ALTERNATING, MEMORY, SAME_RESULT, SAME_WORDS, Circles
from scaffolds.codeact.waiting import cell_waits, shell_waits
from scaffolds.messages import ToolCall
from scaffolds.tools import ToolResult

FAILED = ToolResult(False, "[exit code 1]")
POLL = ToolCall("1", "shell_poll", '{"job": 1}')
LS = ToolCall("1", "shell", '{"command": "ls"}')


def shell(command: str) -> ToolCall:
    return ToolCall("1", "shell", json.dumps({"command": command}))


def rules(circles: Circles, *done: tuple[ToolCall, ToolResult]) -> list[str | None]:
    found: list[str | None] = []
    for call, result in done:
        circles.called(call, result)
        found.append(circles.rule())
    return found


def ok(text: str) -> ToolResult:
    return ToolResult(True, text)


@pytest.mark.parametrize("result", [FAILED, ok("a.csv")])
def test_the_same_call_with_the_same_result(result: ToolResult) -> None:
    assert rules(Circles(), *[(LS, result)] * 5) == [None, None, None, "same_result", "same_result"]


@pytest.mark.parametrize(
    "done",
    [
        [(shell("tail -n 1 train.log"), ok(f"epoch {n}")) for n in range(50)],
        [(POLL, ToolResult(True, "[job 1 still runs]", {"running": True}))] * 50,
        [(shell("sleep 60; tail -n 1 train.log"), ok("epoch 1"))] * 50,
        [(ToolCall("1", "python", '{"code": "import time; time.sleep(60)"}'), ok(""))] * 50,
        [(shell("sleep 60"), ok("")), (shell("tail -n 1 train.log"), ok("epoch 1"))] * 25,
        [(shell(f"python train.py --lr {n}"), FAILED) for n in range(50)],
    ],
    ids=["a log that grows", "poll", "sleep and look", "sleep in a cell", "sleep, then look", "other calls"],
)
def test_what_is_no_circle(done: list[tuple[ToolCall, ToolResult]]) -> None:
    assert set(rules(Circles(), *done)) == {None}


def test_what_fails_is_no_waiting() -> None:
    failing = (shell("sleep 1; python train.py"), FAILED)
    assert rules(Circles(), *[failing] * SAME_RESULT)[-1] == "same_result"


@pytest.mark.parametrize(
    "command",
    [
        "cat sleepy.log",
        "echo wait_for_it",
        "grep 'to wait for' notes",
        "grep wait notes",
        'echo "done; sleep 5"',
        "ls # wait for nothing; sleep 3",
        "# don't look\nls; man sleep",
        "cat > a.sh <<END\nsleep 5\nEND",
        "echo \\; sleep 5",
        "'unclosed; sleep",
    ],
)
def test_commands_that_only_look_like_waiting(command: str) -> None:
    assert rules(Circles(), *[(shell(command), ok("x"))] * SAME_RESULT)[-1] == "same_result"


@pytest.mark.parametrize(
    "command",
    [
        "sleep 60",
        "cd a && sleep 60 && tail -n 1 log",
        "tail log # it's slow\nsleep 5",
        "python train.py & wait $!",
        "(sleep 5); ls",
        "echo $(sleep 5)",
        "while kill -0 12; do sleep 5; done",
        "until [ -f done ]; do\n  sleep 1\ndone",
        "! N=1 time sleep 5",
        "echo 'a\nb' | sleep 5",
    ],
)
def test_commands_that_wait(command: str) -> None:
    assert set(rules(Circles(), *[(shell(command), ok("x"))] * 9)) == {None}


def cell(code: str) -> ToolCall:
    return ToolCall("1", "python", json.dumps({"code": code}))


@pytest.mark.parametrize(
    ("code", "waits"),
    [
        ("import time\ntime.sleep(60)", True),
        ("for _ in range(9):\n    sleep(1); print('x')", True),
        ("await asyncio.sleep (1)", True),
        ("x = '''unclosed\nsleep(1)", False),
        ("print(x)  # wait for nothing, sleep(3)", False),
        ("print('sleep(3)')", False),
        ("sleep = 3\nwait (1)", False),
        ("def sleep(n): ...", False),
        ("df.sleepiness(1)", False),
    ],
)
def test_cells_that_wait_and_cells_that_do_not(code: str, waits: bool) -> None:
    found = rules(Circles(), *[(cell(code), ok("x"))] * SAME_RESULT)[-1]
    assert found == (None if waits else "same_result")


HOSTILE = [
    "'" * 200_001,
    '"' * 200_001,
    '\\"' * 100_000 + '"',
    "((" * 100_000,
    "a=" * 100_000,
    "\n " * 100_000,
]


@pytest.mark.parametrize("program", HOSTILE, ids=["quote", "quotes", "escaped", "open", "set", "empty"])
def test_programs_made_to_keep_a_reader_busy(program: str) -> None:
    assert not (shell_waits(program) or cell_waits(program))


@pytest.mark.parametrize("result", [FAILED, ToolResult(True, "[exit code 0]", {"running": False})])
def test_a_job_that_has_ended_is_not_waited_for(result: ToolResult) -> None:
    assert rules(Circles(), *[(POLL, result)] * SAME_RESULT)[-1] == "same_result"


def test_arguments_are_compared_by_what_they_say() -> None:
    one = ToolCall("1", "edit_file", '{"path": "a", "command": "undo"}')
    two = ToolCall("2", "edit_file", '{"command":"undo","path":"a"}')
    assert rules(Circles(), (one, FAILED), (two, FAILED), (one, FAILED), (two, FAILED))[-1] == "same_result"
    broken = ToolCall("3", "edit_file", '{"path": ')
    assert rules(Circles(), *[(broken, FAILED)] * SAME_RESULT)[-1] == "same_result"


def test_back_and_forth() -> None:
    pair = [(shell("cat a"), ok("x")), (shell("cat b"), ok("y"))]
    assert rules(Circles(), *pair * 3) == [*[None] * (ALTERNATING - 1), "alternating"]
    growing = [(shell("cat b"), ok(f"y{n}")) for n in range(3)]
    assert set(rules(Circles(), *[item for other in growing for item in (pair[0], other)])) == {None}


def test_the_same_words() -> None:
    circles = Circles()
    said: list[str | None] = []
    for words in ("Done.", "Done.", "Done?", "Done.", "Done.", "Done."):
        circles.spoke(words)
        said.append(circles.rule())
    assert said == [None] * 5 + ["same_words"]
    assert SAME_WORDS == 3
    circles.called(LS, ok("a.csv"))
    assert circles.rule() is None


def test_a_nudge_is_remembered_for_a_while() -> None:
    circles = Circles()
    assert rules(circles, *[(LS, FAILED)] * SAME_RESULT)[-1]
    circles.nudge()
    assert rules(circles, *[(LS, FAILED)] * (SAME_RESULT - 1))[-1] is None
    assert rules(circles, (LS, FAILED)) == ["same_result"]
    assert circles.nudged
    circles.nudge()
    progress = [(shell(f"python train.py {n}"), ok(f"{n}")) for n in range(MEMORY + 1)]
    assert set(rules(circles, *progress)) == {None}
    assert not circles.nudged


CALLS = st.tuples(st.sampled_from("ab"), st.sampled_from("xy"))


@given(st.lists(CALLS, max_size=12))
def test_the_rules_are_what_they_say(done: list[tuple[str, str]]) -> None:
    """Law: a rule fires exactly where the last calls show its pattern."""
    found = rules(Circles(), *[(shell(call), ok(text)) for call, text in done])
    for at, rule in enumerate(found, 1):
        same, pairs = done[max(0, at - SAME_RESULT) : at], done[max(0, at - ALTERNATING) : at]
        expected = None
        if at >= SAME_RESULT and len(set(same)) == 1:
            expected = "same_result"
        elif at >= ALTERNATING and pairs == pairs[:2] * 3 and pairs[0] != pairs[1]:
            expected = "alternating"
        assert rule == expected

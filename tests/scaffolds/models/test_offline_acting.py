"""`offline/tabular` with tools to act with: what it calls after what it has seen, as calls and as texts."""

import json
from collections.abc import Sequence

import pytest

from scaffolds.markdown import fenced
from scaffolds.messages import Completion, Message
from scaffolds.models.offline.acting import ENOUGH
from scaffolds.models.offline.tabular import OfflineTabular
from scaffolds.models.protocol import ModelRequest
from scaffolds.models.text_tools import TextTools
from scaffolds.task import Metric, TaskCard
from scaffolds.tools import SANDBOX_TOOLS

CARD = TaskCard(
    "id", "y", ("y",), "number", Metric("rmse", False), {"train": "train.csv", "test": "test.csv"}
)
GOOD = "fold 1: 0.5\nwrote submission.csv (9 rows)\nvalidation rmse: {score}\n[exit code 0]"
CRASH = 'Traceback (most recent call last):\n  File "a.py"\nNameError: name "x" is not defined\n[exit code 1]'
HANDED = "The submission is valid: 9 rows.\n[exit code 0]"
REFUSED = "Column y is missing.\n[exit code 1]"


class Game:
    """A conversation in which every call is answered by a rule."""

    def __init__(self, *tools: str, in_text: bool = False) -> None:
        model = OfflineTabular(bug_rate=0)
        self.model = TextTools(model) if in_text else model
        self.tools = [SANDBOX_TOOLS[name] for name in tools]
        self.messages = [Message("system", "Act."), Message("user", fenced(CARD.render(), "yaml"))]
        self.seed = 0

    def next(self, *results: str) -> list[tuple[str, dict[str, object]]]:
        """Answer the calls before, in order; the calls that the model makes then."""
        self._answered(results)
        self.seed += 1
        said: Completion = self.model.complete(ModelRequest(self.messages, self.tools, seed=self.seed))
        self.messages.append(said.message())
        return [(call.name, json.loads(call.arguments)) for call in said.tool_calls]

    def _answered(self, results: Sequence[str]) -> None:
        calls = self.messages[-1].tool_calls
        assert len(calls) == len(results)
        self.messages += [
            Message("tool", text, tool_call_id=call.id) for call, text in zip(calls, results, strict=True)
        ]


@pytest.fixture(params=[False, True], ids=["calls", "text"])
def game(request: pytest.FixtureRequest) -> Game:
    return Game("shell", "run_script", "validate_submission", "finish", in_text=request.param)


def names(calls: list[tuple[str, dict[str, object]]]) -> list[str]:
    return [name for name, _ in calls]


def test_a_good_script_is_handed_in_and_then_improved(game: Game) -> None:
    (first,) = game.next()
    assert (first[0], first[1]["dir"]) == ("run_script", "attempts/1")
    hand_in = game.next(GOOD.format(score=2.0))
    assert names(hand_in) == ["shell", "validate_submission"]
    assert "attempts/1/submission.csv && cp" in str(hand_in[0][1]["command"])
    (second,) = game.next(HANDED, "The submission is valid.")
    assert (second[0], second[1]["dir"]) == ("run_script", "attempts/2")
    assert second[1]["code"] != first[1]["code"]


def test_what_measures_worse_is_not_handed_in(game: Game) -> None:
    (first,) = game.next()
    game.next(GOOD.format(score=2.0))
    game.next(HANDED, "valid")
    (third,) = game.next(GOOD.format(score=2.5))
    assert third[1]["dir"] == "attempts/3"
    better = game.next(GOOD.format(score=1.5))
    assert names(better) == ["shell", "validate_submission"]
    assert first[1]["code"] != third[1]["code"]


@pytest.mark.parametrize("failure", [CRASH, "", "[stopped: it ran past its time limit]"])
def test_what_fails_is_repaired(game: Game, failure: str) -> None:
    game.next()
    (second,) = game.next(failure)
    assert (second[0], second[1]["dir"]) == ("run_script", "attempts/2")
    said = game.messages[-1].content
    assert "failed" in said


def test_what_is_refused_is_repaired(game: Game) -> None:
    game.next()
    game.next(GOOD.format(score=2.0))
    (again,) = game.next(REFUSED, "not valid")
    assert again[1]["dir"] == "attempts/2"
    assert "Column y is missing" in game.messages[-1].content
    assert names(game.next(GOOD.format(score=3.0))) == ["shell", "validate_submission"]


def test_it_ends_when_it_has_done_enough(game: Game) -> None:
    calls = game.next()
    for number in range(ENOUGH):
        calls = game.next(GOOD.format(score=5.0 + number))
        if number == 0:
            calls = game.next(HANDED, "valid")
    assert names(calls) == ["finish"]
    assert "script 1, which measures 5" in str(calls[0][1]["summary"])


def test_without_a_script_runner_it_writes_files() -> None:
    game = Game("shell", "write_file")
    write, run = game.next()
    assert (write[0], write[1]["path"]) == ("write_file", "attempts/1/solution.py")
    assert "python solution.py" in str(run[1]["command"])
    (hand_in,) = game.next("Wrote 9 bytes.", GOOD.format(score=2.0))
    assert str(hand_in[1]["command"]).startswith("cp ~/code/attempts/1/submission.csv")
    assert names(game.next("[exit code 0]")) == ["write_file", "shell"]


def test_calls_of_others_are_passed_over(game: Game) -> None:
    game.next()
    last = game.messages[-1]
    assert last.tool_calls
    broken = Message("assistant", "", (type(last.tool_calls[0])("x", "shell", '{"command": '),))
    game.messages[-1:] = [broken]
    (first,) = game.next("shell: the arguments are not valid JSON")
    assert first[1]["dir"] == "attempts/1"


def test_tools_that_are_not_enough_change_nothing() -> None:
    assert Game("read_file", "finish").next() == []


def test_both_ways_of_calling_play_the_same_game() -> None:
    told = [(), (GOOD.format(score=2.0),), (HANDED, "valid"), (CRASH,), (GOOD.format(score=1.0),)]
    games = [Game("shell", "run_script", "validate_submission", in_text=in_text) for in_text in (False, True)]
    plays = [[game.next(*results) for results in told] for game in games]
    assert plays[0] == plays[1]

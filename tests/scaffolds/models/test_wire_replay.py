"""Conversations with real clients in a run's log: replayed to the byte, gone on with after a death."""

from pathlib import Path
from typing import NamedTuple, cast

import pytest

from scaffolds.calls import answers
from scaffolds.errors import LimitReached
from scaffolds.messages import Completion, Message, ToolCall, Usage
from scaffolds.models.patience import Patience, Patient
from scaffolds.models.protocol import ModelRequest
from scaffolds.models.slots import Slots
from scaffolds.run import Run
from scaffolds.runtime import events as ev
from scaffolds.runtime.ledger import Limits
from scaffolds.runtime.log import LogReader
from tests.scaffolds.models.wire_support import FINISH, KEY, SHELL, connected
from tests.scaffolds.runtime.worlds import Counter, play
from tests.wire import Reply, Script, WireServer, faults_in_turn

API = [
    ("openai", "o3"),
    ("anthropic", "claude-sonnet-4-5"),
    ("openai-compatible", "qwen"),
    ("openai", "o1-mini"),
]
USED = Usage(50, 0, 20, 10)
LOOK = Reply("I look.", (ToolCall("c1", "shell", '{"command":"echo hi"}'),), ("deep",), "tool_calls", USED)
WRITTEN = Reply('I look.\n<tool_call>\n{"name": "shell", "arguments": {"command": "echo hi"}}\n</tool_call>')
DONE = Reply("It is done.", reasoning=("more",), usage=USED)


HOUR = 3600.0


class Stopped(Exception):
    """The process dies here."""


class Talk(NamedTuple):
    """A scaffold: it asks, does what it is told, and asks again."""

    turns: int

    def __call__(self, run: Run) -> list[Message]:
        asked = [Message("system", "Be brief."), Message("user", "Say hi.")]
        for turn in range(3):
            if turn == self.turns:
                raise Stopped
            said = run.ask(asked, tools=(SHELL, FINISH), reasoning_effort="low")
            asked += [said.message(), *answers(run, said)]
            if not said.tool_calls:
                asked.append(Message("user", "Sure?"))
        return asked


class Unreachable:
    """A model that must not be asked."""

    name = "test/unreachable"

    def complete(self, request: ModelRequest) -> Completion:
        raise AssertionError(request)


@pytest.mark.parametrize(("api", "model"), API)
def test_reasoning_survives_the_log(tmp_path: Path, api: str, model: str) -> None:
    look = WRITTEN if model == "o1-mini" else LOOK

    def session(folder: str, client: object, turns: int = 9) -> list[Message]:
        return play(tmp_path / folder, Talk(turns), cast("Counter", client))

    with WireServer(Script(look, DONE)) as server:
        whole = session("whole", connected(api, model, server))
    with WireServer(Script(look, DONE)) as resumed:
        for turns in (1, 2):
            with pytest.raises(Stopped):
                session("killed", connected(api, model, resumed), turns)
        assert session("killed", connected(api, model, resumed)) == whole
    assert resumed.bodies == server.bodies
    assert len(server.bodies) == 3
    assert session("whole", Unreachable()) == whole
    if model != "o1-mini":
        assert "deep" in str(server.bodies[1])
    log = LogReader(tmp_path / "whole" / "run")
    assert KEY.encode() not in b"".join(path.read_bytes() for path in log.folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(("api", "model"), API[:2])
def test_an_answer_that_does_not_come_ends_with_the_time_of_the_run(
    tmp_path: Path, api: str, model: str
) -> None:
    def scaffold(run: Run) -> None:
        with pytest.raises(LimitReached) as caught:
            run.ask([Message("user", "ping")])
        assert caught.value.kind == "time"

    limits = Limits(time_s=3.0)
    with WireServer(Script(DONE), faults_in_turn("hang", "hang")) as server:
        client = connected(api, model, server, timeout_s=100)
        asked = Patient(client, Slots(tmp_path / "slots" / "test", 1), Patience(HOUR), None)
        play(tmp_path, scaffold, cast("Counter", asked), limits)
        assert len(server.served) == 1
    last = LogReader(tmp_path / "run").events[-1]
    assert last.type == ev.LIMIT and last.data["kind"] == "time"
    play(tmp_path, scaffold, cast("Counter", Unreachable()), limits)

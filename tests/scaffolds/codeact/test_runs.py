"""Whole runs of the agents that act, CodeAct and React: real sandboxes, deaths, forks, limits, the wire."""

import json
import time
from pathlib import Path

import pytest

from experiments.cell import load_cell
from experiments.files import read_json
from experiments.fork import fork
from experiments.results import GRADE_FILE
from experiments.run import replay_cell, run_cell
from experiments.trajectory import Trajectory
from scaffolds.messages import ToolCall
from scaffolds.models.call_texts import written
from scaffolds.runtime import events as ev
from scaffolds.runtime.log import EVENTS_FILE
from scaffolds.runtime.workbench import RESTARTED
from scaffolds.tools import SANDBOX_TOOLS
from tests.conftest import make_run
from tests.experiments.killer import CALLS_FILE
from tests.experiments.test_kill import grade, killed, requests
from tests.requires import require, require_image
from tests.sandbox.support import IMAGE
from tests.scaffolds.scripted import call
from tests.wire import Reply, Script, WireServer
from tests.wire.brains import Ask, Brain

AGENTS = ("codeact", "react")
SUBMIT = call("shell", command="cp ~/data/sample_submission.csv ~/submission/submission.csv")


def short(agent: str, steps: int = 3, **changes: object) -> dict[str, object]:
    keys: dict[str, object] = {"scaffolds": [agent], "competitions": ["practice-digits"]}
    return keys | {"time_limits": [{"time": "24h", "steps": steps}]} | changes


@pytest.fixture(scope="module", params=AGENTS)
def undisturbed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, data_dir: Path
) -> Path:
    """A finished run of each agent: two scripts, the first one handed in."""
    require("bwrap", "apt-get install bubblewrap")
    folder = make_run(tmp_path_factory.mktemp("undisturbed"), data_dir, **short(request.param))
    run_cell(folder)
    assert grade(folder)["valid_submission"] is True
    return folder


def agent_of(folder: Path) -> str:
    return load_cell(folder).scaffold


def story(folder: Path) -> list[tuple[str, str]]:
    """What was asked and what was called, but for what an agent is told of a restart."""
    trajectory = Trajectory(folder)
    calls = [("call", json.dumps(trajectory.fields(e))) for e in trajectory.log.of_type(ev.TOOL_CALL)]
    told = json.dumps(RESTARTED)[1:-1]
    return [("ask", messages.replace(told, "")) for messages, _ in requests(trajectory)] + calls


def test_it_survives_deaths(tmp_path: Path, data_dir: Path, undisturbed: Path, deaths_at: str) -> None:
    folder = make_run(tmp_path, data_dir, **short(agent_of(undisturbed)))
    deaths = killed(folder, deaths_at, 0)
    assert deaths >= 3
    assert story(folder) == story(undisturbed)
    assert grade(folder) == grade(undisturbed)
    answered = [(e.lane, e.n) for e in Trajectory(folder).log.of_type(ev.MODEL_RESPONSE, ev.TOOL_RESULT)]
    assert len(answered) == len(set(answered))
    calls = (folder / CALLS_FILE).read_text().splitlines()
    assert len(calls) - len(set(calls)) <= deaths
    replay_cell(folder)


def test_a_replay_asks_and_does_nothing(undisturbed: Path) -> None:
    before = (undisturbed / EVENTS_FILE).read_bytes()
    assert replay_cell(undisturbed) == len(Trajectory(undisturbed).log.events)
    assert (undisturbed / EVENTS_FILE).read_bytes() == before


def test_a_fork_begins_as_the_run_did(tmp_path: Path, undisturbed: Path) -> None:
    log = Trajectory(undisturbed).log
    at = [event.seq for event in log.of_type(ev.MODEL_REQUEST)][-1]
    out = fork(undisturbed, at, tmp_path / "fork")
    run_cell(out)
    assert grade(out) == grade(undisturbed)
    assert [e.type for e in Trajectory(out).log.events][:at] == [e.type for e in log.events[:at]]
    replay_cell(out)


def test_inspect_shows_what_was_said_called_and_shown(
    undisturbed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from experiments.inspect import main

    main(undisturbed, node=None, prompts=True)
    text = capsys.readouterr().out
    assert "Solution tree" not in text
    for words in (
        "Script 1 measures",
        "> validate_submission(path=",
        "validation accuracy:",
        "[exit code 0]",
    ):
        assert words in text
    main(undisturbed, node=2, prompts=True)
    text = capsys.readouterr().out
    for words in (
        "── prompt to main",
        "You are an experienced",
        "── call",
        "── result",
        "── tool call of main",
    ):
        assert words in text


@pytest.mark.parametrize("agent", AGENTS)
def test_the_main_path_in_containers(tmp_path: Path, data_dir: Path, agent: str) -> None:
    require_image(IMAGE)
    folder = make_run(tmp_path, data_dir, **short(agent, 2, backend="docker", image=IMAGE))
    run_cell(folder)
    assert grade(folder)["valid_submission"] is True
    (opened,) = Trajectory(folder).log.of_type(ev.SANDBOX_OPEN)
    assert opened.data["backend"] == "docker"


@pytest.mark.parametrize("undisturbed", ["codeact"], indirect=True)
def test_the_tag_format_comes_to_the_same(tmp_path: Path, data_dir: Path, undisturbed: Path) -> None:
    """A model that writes its calls as text goes the same way as one that calls."""
    folder = make_run(tmp_path, data_dir, **short(agent_of(undisturbed), models=["offline/tabular-text"]))
    run_cell(folder)
    texts, calls = (
        [e.data["tool"] for e in Trajectory(run).log.of_type(ev.TOOL_CALL)] for run in (folder, undisturbed)
    )
    assert texts == calls
    assert grade(folder) == grade(undisturbed)
    replay_cell(folder)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as a user has it, and where the user is."""
    require("bwrap", "apt-get install bubblewrap")
    (tmp_path / "configs").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def wired(home: Path, data_dir: Path, server: WireServer, tools: str, **changes: object) -> Path:
    """The run folder of CodeAct with a model behind the wire."""
    provider = {"base_url": server.openai_url, "model": "served", "tools": tools, "timeout_s": 60}
    text = json.dumps({"openai-compatible/served": provider})  # YAML too
    (home / "configs" / "providers.yaml").write_text(text)
    keys: dict[str, object] = {"models": ["openai-compatible/served"], "backend": "bwrap"}
    return make_run(home / "runs", data_dir, **short("codeact") | keys | changes)


@pytest.mark.parametrize("tools", ["native", "text"])
def test_both_call_formats_on_the_wire(home: Path, data_dir: Path, tools: str) -> None:
    calls = (SUBMIT, call("validate_submission", path="../submission/submission.csv"))
    end = (call("finish", summary="Zeros."),)
    said = [("I hand zeros in.", calls), ("I end.", end)]
    known = tuple(SANDBOX_TOOLS.values())
    texts = [written(text, made, known) for text, made in said]
    native = [Reply(text, made) for text, made in said]
    replies = native if tools == "native" else [Reply(text) for text in texts]
    with WireServer(Script(*replies)) as server:
        folder = wired(home, data_dir, server, tools)
        run_cell(folder)
        first, second = server.bodies
    assert grade(folder)["valid_submission"] is True
    assert Trajectory(folder).log.events[-1].data["summary"] == "Zeros."
    assert ("tools" in first) == (tools == "native")
    told = [message["content"] for message in second["messages"]]
    if tools == "text":
        assert texts[0].startswith("I hand zeros in.\n\n<function=shell>\n<parameter=command>\ncp ~/data/")
        assert told[2] == texts[0]
        assert told[3].startswith('<tool_result call="')
        told[3:] = told[3].split("\n\n")
    assert "The submission is valid" in told[4]
    assert "[Answers left: 2. Time left: 24 hours. Make sure" in "\n\n".join(told[4:])
    replay_cell(folder)


class Slow:
    """Submits at once, and then takes longer for an answer than the run has."""

    def __init__(self) -> None:
        self._asked = 0

    def reply(self, ask: Ask) -> Reply:
        del ask
        self._asked += 1
        if self._asked > 1:
            time.sleep(13)
        return Reply("", (ToolCall(f"c{self._asked}", SUBMIT.name, SUBMIT.arguments),))


LONG: dict[str, Brain] = {
    "ask": Slow(),
    "exec": Script(Reply("", (SUBMIT, call("shell", command="sleep 5000", timeout=5000)))),
    "cell": Script(Reply("", (SUBMIT, call("python", code="import time; time.sleep(5000)", timeout=5000)))),
}


@pytest.mark.parametrize("what", list(LONG))
def test_the_time_limit_in_the_middle_of_something(home: Path, data_dir: Path, what: str) -> None:
    with WireServer(LONG[what]) as server:
        folder = wired(home, data_dir, server, "native", time_limits=[{"time": "12s"}])
        run_cell(folder)
    ending = Trajectory(folder).log.events[-1]
    assert ending.type == ev.RUN_END
    assert (ending.data["outcome"], ending.data["code"]) in (("limit", "limit.time"), ("done", ""))
    assert read_json(folder / GRADE_FILE)["valid_submission"] is True
    replay_cell(folder)

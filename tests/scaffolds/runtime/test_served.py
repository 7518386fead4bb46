"""Submissions handed in at the validation server are in the log, and change nothing about a replay."""

from dataclasses import replace
from pathlib import Path

from scaffolds.run import Run
from scaffolds.runtime.durable import DurableRun
from scaffolds.runtime.log import LogReader
from scaffolds.runtime.session import Session
from tests.scaffolds.runtime.worlds import Counter, play, world

HAND_IN = (
    "printf 'id,y\\n1,2\\n' > s.csv; ~/validate_submission.sh s.csv; "
    ": > e.csv; ~/validate_submission.sh e.csv"
)


def scaffold(run: Run) -> str:
    return run.call("shell", command=HAND_IN).text


def test_every_verdict_of_the_server_is_in_the_log(tmp_path: Path) -> None:
    said = play(tmp_path, scaffold, Counter())
    assert said.startswith("ok\nthere are no rows\n")
    checks = [event.data for event in LogReader(tmp_path / "run").events if event.type == "submission.check"]
    assert [(check["code"], check["bytes"], check["by"]) for check in checks] == [
        ("OK", 9, "server"),
        ("ROW_COUNT", 0, "server"),
    ]
    before = (tmp_path / "run" / "events.jsonl").read_bytes()
    assert play(tmp_path, scaffold, Counter()) == said
    events = LogReader(tmp_path / "run").events
    assert sum(event.type == "submission.check" for event in events) == 2
    assert (tmp_path / "run" / "events.jsonl").read_bytes().startswith(before)


def test_an_agent_without_the_tool_has_no_server_either(tmp_path: Path) -> None:
    around = replace(world(tmp_path, Counter()), hidden_tools=frozenset({"validate_submission"}))
    session = Session(tmp_path / "run", around, {})
    try:
        said = DurableRun(session).call("shell", command="echo [$VALIDATION_URL]; ls ~").text
    finally:
        session.close_sandboxes()
        session.log.close()
    assert "[]" in said and "validate_submission.sh" not in said

"""The run over its log, with a real sandbox (without isolation) and a model that answers by rule."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from scaffolds.errors import AgentError, LimitReached, UserError
from scaffolds.messages import Message
from scaffolds.run import Failure, Run
from scaffolds.runtime import events as ev
from scaffolds.runtime.durable import DurableRun
from scaffolds.runtime.journal import ReplayMismatch
from scaffolds.runtime.lane import digest_of
from scaffolds.runtime.ledger import Ledger, Limits, Spent
from scaffolds.runtime.log import EVENTS_FILE, LogReader
from scaffolds.runtime.session import Session
from tests.scaffolds.runtime.worlds import Counter, play, world


def ask(run: Run, text: str) -> str:
    return run.ask([Message("system", "rules"), Message("user", text)]).text


def diary(run: Run) -> list[object]:
    """A scaffold that uses everything once."""
    said: list[object] = [run.budget.take_step(), ask(run, "first"), run.rng.random()]
    said.append(run.call("write_file", path="a.txt", content="hello").ok)
    said.append(run.call("shell", command="cat a.txt; X=5; echo more >> a.txt").text)
    run.note("test.note", value=str(said[-1]))
    said.append(run.budget.take_step())
    said.append(run.call("read_file", path="a.txt").text)
    said.append(run.call("run_script", code="print(open('../a.txt').read())", dir="s").text)
    said.append(run.budget.left().tokens)
    return said


def cut_log(folder: Path, keep: int) -> None:
    path = folder / "run" / EVENTS_FILE
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:keep]))


def test_a_second_run_over_the_log_repeats_the_first_without_asking(tmp_path: Path) -> None:
    model = Counter()
    first = play(tmp_path, diary, model, Limits(time_s=60, tokens=1000))
    assert first[-1] == 985
    assert play(tmp_path, diary, model, Limits(time_s=60, tokens=1000)) == first
    assert model.asked == 1


def test_from_every_event_the_rest_is_the_same(tmp_path: Path) -> None:
    model = Counter()
    whole = play(tmp_path, diary, model)
    events = LogReader(tmp_path / "run").events
    for keep in range(1, len(events)):
        cut_log(tmp_path, keep)
        assert play(tmp_path, diary, model) == whole, f"cut after {keep} events"


def test_files_are_restored_and_a_lost_shell_is_said_once(tmp_path: Path) -> None:
    def half(run: Run) -> str:
        run.call("write_file", path="kept.txt", content="kept")
        return run.call("shell", command="export X=5; echo $X").text

    def whole(run: Run) -> tuple[str, str]:
        half(run)
        return run.call("shell", command="cat kept.txt; echo [$X]").text, run.call(
            "shell", command="pwd"
        ).text

    assert "restarted" not in play(tmp_path, half, Counter())
    after, later = play(tmp_path, whole, Counter())
    assert "machine was restarted" in after
    assert "kept[]" in after
    assert "machine was restarted" not in later
    kinds = [event.type for event in LogReader(tmp_path / "run").events]
    assert kinds.count(ev.SHELL_RESTART) == 1
    assert kinds.count(ev.RUN_RESUME) == 1


def test_a_changed_prompt_is_refused_and_shown(tmp_path: Path) -> None:
    play(tmp_path, lambda run: ask(run, "line one\nline two"), Counter())
    with pytest.raises(ReplayMismatch) as caught:
        play(tmp_path, lambda run: ask(run, "line one\nline 2"), Counter())
    assert "-line two" in str(caught.value)
    assert "+line 2" in str(caught.value)


def test_a_changed_call_note_or_order_is_refused(tmp_path: Path) -> None:
    def first(run: Run) -> None:
        run.note("test.note", value=1)
        run.call("write_file", path="a", content="b")

    def other_note(run: Run) -> None:
        run.note("test.note", value=2)

    def other_call(run: Run) -> None:
        run.note("test.note", value=1)
        run.call("write_file", path="a", content="c")

    def other_order(run: Run) -> None:
        run.call("write_file", path="a", content="b")

    play(tmp_path, first, Counter())
    with pytest.raises(ReplayMismatch, match="value: recorded 1, now 2"):
        play(tmp_path, other_note, Counter())
    with pytest.raises(ReplayMismatch, match=r"recorded .*'content': 'b'.*, now .*'content': 'c'"):
        play(tmp_path, other_call, Counter())
    with pytest.raises(ReplayMismatch, match=r"recorded: test\.note, now: tool\.call"):
        play(tmp_path, other_order, Counter())


@pytest.mark.parametrize(
    ("limits", "kind", "asked"),
    [
        (Limits(time_s=60, usd=0.5), "usd", 2),
        (Limits(time_s=60, tokens=30), "tokens", 2),
        (Limits(time_s=60, steps=1), "steps", 1),
    ],
)
def test_a_limit_ends_the_run_at_the_same_place_again(
    tmp_path: Path, limits: Limits, kind: str, asked: int
) -> None:
    def endless(run: Run) -> None:
        while True:
            run.budget.take_step()
            ask(run, "more")

    model = Counter()
    for _ in range(2):
        with pytest.raises(LimitReached) as caught:
            play(tmp_path, endless, model, limits)
        assert caught.value.kind == kind
    assert model.asked == asked


@pytest.mark.parametrize(
    "limits", [Limits(time_s=60, usd=0.5), Limits(time_s=60, tokens=30)], ids=["dollars", "tokens"]
)
def test_tools_cost_neither_tokens_nor_dollars(tmp_path: Path, limits: Limits) -> None:
    """With the last of them spent to the unit, what is there can still be handed in; no model is asked."""

    def scaffold(run: Run) -> list[object]:
        ask(run, "one")
        ask(run, "two")
        assert 0 in (run.budget.left().usd, run.budget.left().tokens)
        done = run.call("write_file", path="../submission/submission.csv", content="id,y\n1,2\n").ok
        said: list[object] = [done, run.budget.take_step()]
        with pytest.raises(LimitReached) as caught:
            ask(run, "three")
        return [*said, caught.value.kind]

    model = Counter()
    for _ in range(2):
        said = play(tmp_path, scaffold, model, limits)
        assert said == [True, 1, "usd" if limits.usd else "tokens"]
    assert model.asked == 2


def test_a_call_that_was_refused_for_tokens_once_is_refused_on_its_replay(tmp_path: Path) -> None:
    """Logs of the time before tools were free of tokens hold such refusals."""
    session = Session(tmp_path / "run", world(tmp_path, Counter()), {})
    digest = digest_of(ev.TOOL_CALL, {"tool": "think", "arguments": {"thought": "So."}})
    refused = {"kind": "tokens", "message": "the token limit is reached", "spent": [1.0, 0, 30, 0.5, 0.0]}
    session.log.append(ev.LIMIT, refused, n=0, digest=digest)
    session.log.close()
    with pytest.raises(LimitReached, match="token limit"):
        play(tmp_path, lambda run: run.call("think", thought="So."), Counter())


def test_a_command_is_stopped_at_the_time_limit_and_nothing_follows(tmp_path: Path) -> None:
    texts: list[str] = []

    def sleepy(run: Run) -> None:
        texts.append(run.call("shell", command="sleep 100", timeout=50).text)
        ask(run, "too late")

    model = Counter()
    with pytest.raises(LimitReached, match="time limit"):
        play(tmp_path, sleepy, model, Limits(time_s=4.0))
    assert "ran past its time limit" in texts[0]
    assert model.asked == 0


def test_wrong_tool_calls_are_answers_not_exceptions(tmp_path: Path) -> None:
    def clumsy(run: Run) -> list[str]:
        return [
            run.call("teleport").text,
            run.call("shell").text,
            run.call("shell", command=5).text,
            run.call("shell", command="true", speed="high").text,
            run.call("read_file", path="missing.txt").text,
            run.call("validate_submission", path="missing.csv").text,
        ]

    wanted = ["no tool 'teleport'", "missing argument", "must be a string", "unknown", "missing", "missing"]
    for text, words in zip(play(tmp_path, clumsy, Counter()), wanted, strict=True):
        assert words in text


def test_validation_says_the_form_and_is_logged_by_hash(tmp_path: Path) -> None:
    def submit(run: Run) -> tuple[bool, bool]:
        run.call("write_file", path="good.csv", content="id,y\n1,2\n")
        run.call("write_file", path="bad.csv", content="id,y")
        good = run.call("validate_submission", path="good.csv")
        return good.ok, run.call("validate_submission", path="bad.csv").ok

    assert play(tmp_path, submit, Counter()) == (True, False)
    checks = list(LogReader(tmp_path / "run").of_type(ev.SUBMISSION_CHECK))
    assert [check.data["code"] for check in checks] == ["OK", "ROW_COUNT"]
    assert len(checks[0].data["sha256"]) == 64


def lanes_of(n: int, order: list[str], wait_s: float = 60) -> Callable[[Run], list[tuple[str, object]]]:
    """A scaffold whose lanes finish in `order`, unless one has waited for its turn for so long."""
    gates = {name: threading.Event() for name in order}
    gates[order[0]].set()

    def work(run: Run, name: str) -> str:
        gates[name].wait(wait_s)
        path = run.call("shell", command="pwd; echo done > mine.txt; ls").text
        return f"{name}: {ask(run, name)} {run.rng.random():.6f} {'mine.txt' in path}"

    def scaffold(run: Run) -> list[tuple[str, object]]:
        lanes = run.lanes(n)
        for name in sorted(order):
            lanes.start(name, lambda lane, name=name: work(lane, name))
        done: list[tuple[str, object]] = []
        for position in range(len(order)):
            done.append(lanes.next_done())
            if position + 1 < len(order):
                gates[order[position + 1]].set()
        return done

    return scaffold


def test_lanes_finish_in_the_recorded_order_when_replayed(tmp_path: Path) -> None:
    model = Counter()
    first = play(tmp_path, lanes_of(3, ["b", "c", "a"]), model)
    assert [name for name, _ in first] == ["b", "c", "a"]
    again = play(tmp_path, lanes_of(3, ["a", "b", "c"], wait_s=0.2), model)
    assert again == first
    assert model.asked == 3


class Gated(Ledger):
    """Lets lane `a` leave only when it is told to."""

    def __init__(self, limits: Limits, spent: Spent) -> None:
        super().__init__(limits, spent)
        self.leaving, self.may_leave = threading.Event(), threading.Event()

    def leave(self, lane: str) -> None:
        if lane == "a":
            self.leaving.set()
            assert self.may_leave.wait(20)
        super().leave(lane)


def test_a_lane_has_left_when_it_is_said_to_be_done(tmp_path: Path) -> None:
    """Else its leaving could end the work that it was given next."""
    session = Session(tmp_path / "run", world(tmp_path, Counter()), {})
    ledger = session.ledger = Gated(Limits(time_s=60), Spent())
    lanes = DurableRun(session).lanes(2)
    lanes.start("a", lambda lane: "a")
    lanes.start("b", lambda lane: ledger.leaving.wait(20))
    assert ledger.leaving.wait(20)
    first = lanes.next_done()
    ledger.may_leave.set()
    assert [first, lanes.next_done()] == [("b", True), ("a", "a")]
    session.close_sandboxes()
    session.log.close()


def test_a_lane_that_hits_a_limit_is_a_failure_for_the_scaffold(tmp_path: Path) -> None:
    def scaffold(run: Run) -> object:
        lanes = run.lanes(1)
        lanes.start("w", lambda lane: [ask(lane, str(i)) for i in range(5)])
        return lanes.next_done()[1]

    result = play(tmp_path, scaffold, Counter(), Limits(time_s=60, usd=0.5))
    assert isinstance(result, Failure)
    assert isinstance(result.error, LimitReached)


def test_a_killed_driver_is_restored_and_the_call_made_again(tmp_path: Path) -> None:
    marker = tmp_path / "died"
    kill = (
        "import os, signal, pathlib, sys\n"
        f"marker = pathlib.Path({str(marker)!r})\n"
        "first = not marker.exists()\n"
        "marker.touch()\n"
        "print(pathlib.Path('../before.txt').read_text())\n"
        "if first:\n"
        "    pid = os.getppid()\n"
        "    while b'driver' not in pathlib.Path(f'/proc/{pid}/cmdline').read_bytes():\n"
        "        pid = int(pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[1])\n"
        "    os.kill(pid, signal.SIGKILL)\n"
        "    signal.pause()\n"
    )

    def scaffold(run: Run) -> str:
        run.call("write_file", path="before.txt", content="still here")
        return run.call("run_script", code=kill, dir="s").text

    assert os.getpid() > 1
    assert "still here" in play(tmp_path, scaffold, Counter())
    kinds = [event.type for event in LogReader(tmp_path / "run").events]
    assert kinds.count(ev.SANDBOX_LOST) == 1
    assert kinds.count(ev.TOOL_RESULT) == 2


def test_a_finished_run_asked_for_more_refuses(tmp_path: Path) -> None:
    from scaffolds.runtime.session import Session
    from tests.scaffolds.runtime.worlds import world

    play(tmp_path, lambda run: ask(run, "once"), Counter())
    session = Session(tmp_path / "run", world(tmp_path, Counter()), {})
    session.log.append(ev.RUN_END, {"outcome": "done", "code": "", "summary": "", "submission": None})
    session.log.close()
    with pytest.raises(UserError, match="asks for more than the log holds"):
        play(tmp_path, lambda run: ask(run, "once") + ask(run, "twice"), Counter())


def test_steps_taken_in_lanes_are_numbered_once_and_replayed(tmp_path: Path) -> None:
    def worker(run: Run) -> list[int]:
        return [run.budget.take_step() for _ in range(20)]

    def scaffold(run: Run) -> list[tuple[str, object]]:
        lanes = run.lanes(3)
        for name in "abc":
            lanes.start(name, worker)
        return [lanes.next_done() for _ in "abc"]

    first = play(tmp_path, scaffold, Counter())
    numbers = [number for _, taken in first for number in cast("list[int]", taken)]
    assert sorted(numbers) == list(range(1, 61))
    assert play(tmp_path, scaffold, Counter()) == first


def test_a_lane_goes_on_where_it_stopped_whoever_starts_it(tmp_path: Path) -> None:
    def scaffold(run: Run) -> list[object]:
        found: list[object] = []
        for generation in range(2):
            lanes = run.lanes(1)
            lanes.start(
                "w", lambda lane, g=generation: (ask(lane, str(g)), lane.call("shell", command="pwd").ok)
            )
            found.append(lanes.next_done())
        return found

    model = Counter()
    first = play(tmp_path, scaffold, model)
    assert play(tmp_path, scaffold, model) == first
    assert model.asked == 2
    opened = [event for event in LogReader(tmp_path / "run").events if event.type == ev.SANDBOX_OPEN]
    assert len(opened) == 1


def test_only_the_scaffolds_own_thread_starts_lanes(tmp_path: Path) -> None:
    def nested(run: Run) -> None:
        lanes = run.lanes(1)
        lanes.start("w", lambda lane: lane.lanes(1).start("x", ask_nothing))
        lanes.next_done()

    def named_main(run: Run) -> None:
        run.lanes(1).start("main", ask_nothing)

    def ask_nothing(run: Run) -> None: ...

    for scaffold in (nested, named_main):
        with pytest.raises(ValueError, match="scaffold's own thread"):
            play(tmp_path / scaffold.__name__, scaffold, Counter())


def test_a_note_cannot_pose_as_the_frameworks_own_event(tmp_path: Path) -> None:
    for kind in ("run.end", "tool.result", "nodot"):
        with pytest.raises(AgentError, match="named after its scaffold"):
            play(tmp_path, lambda run, kind=kind: run.note(kind), Counter())


def test_what_no_process_can_take_is_an_answer(tmp_path: Path) -> None:
    def scaffold(run: Run) -> str:
        return run.call("run_script", code="pass", dir="s", env={"A=B": "x"}).text

    assert "not an environment variable" in play(tmp_path, scaffold, Counter())

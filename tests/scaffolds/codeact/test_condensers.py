"""What is left out of a long conversation, and that every view can be worked out again from the log."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffolds.codeact.condensers import CondenserConfig
from scaffolds.codeact.history import MASKED, Condensation, History, Turn
from scaffolds.codeact.scaffold import CodeAct, CodeActConfig
from scaffolds.errors import ContextOverflow
from scaffolds.messages import Completion, Message, ToolCall
from scaffolds.models.protocol import ModelRequest
from scaffolds.runtime import events as ev
from scaffolds.runtime.ledger import Limits
from scaffolds.runtime.log import LogReader
from scaffolds.runtime.transcript import message_record, parse_completion, recorded_messages
from scaffolds.words import middle_cut
from tests.scaffolds.scripted import Scripted, acts, call, fields, play, says

HEAD = (Message("system", "You act."), Message("user", "Do it."))


def turn(number: int, calls: int = 1) -> Turn:
    made = tuple(ToolCall(f"{number}_{n}", "shell", "{}") for n in range(calls))
    came = tuple(Message("tool", f"result {c.id} " + "x" * 100, tool_call_id=c.id) for c in made)
    return Turn(number, Message("assistant", f"turn {number}", made), came or (Message("user", "go on"),))


NUMBERS = st.sets(st.integers(1, 12), max_size=12)


@given(st.lists(st.tuples(NUMBERS, NUMBERS, st.sampled_from(["", "what came before"])), max_size=5))
def test_no_result_is_without_its_call(steps: list[tuple[set[int], set[int], str]]) -> None:
    history = History(HEAD)
    for number in range(1, 13):
        history.add(turn(number, number % 3))
    for dropped, masked, summary in steps:
        history.apply(Condensation(tuple(dropped), tuple(masked), summary=summary))
    view = history.view()
    assert tuple(view[:2]) == HEAD
    open_calls: list[str] = []
    for message in view:
        if message.role == "tool":
            assert open_calls.pop(0) == message.tool_call_id
        else:
            assert not open_calls
            open_calls = [made.id for made in message.tool_calls]
    assert not open_calls
    gone = {number for dropped, _, _ in steps for number in dropped}
    assert [t.id for t in history.kept()] == [n for n in range(1, 13) if n not in gone]
    assert sum("left out here" in message.content for message in view) == bool(gone)


def test_what_is_bound_to_a_conversation_goes_when_that_changes() -> None:
    def bound(history: History) -> list[str]:
        return [m.content[5:] for m in history.view() if m.provider is not None]

    def add(history: History, *numbers: int) -> History:
        for number in numbers:
            one = turn(number)
            history.add(replace(one, said=replace(one.said, provider={"thought": number})))
        return history

    history = add(History(HEAD), *range(1, 7))
    history.apply(Condensation(masked=(3,)))
    assert bound(history) == ["1", "2", "3"]  # the third was said before its own results changed
    assert bound(add(history, 7)) == ["1", "2", "3", "7"]
    history.apply(Condensation(dropped=(2,)))
    assert bound(add(history, 8)) == ["1", "8"]
    history.apply(Condensation(dropped=(7,)))  # what stands for both stands behind the first
    assert bound(add(history, 9)) == ["1", "9"]
    history.apply(Condensation(cut=(9,), chars=10))
    assert bound(history) == ["1", "9"]


class Forgetful(Scripted):
    """Takes no conversation of more than `room` characters. Every answer runs a command of its own."""

    def __init__(self, room: int = 10**9) -> None:
        super().__init__([])
        self.room = room
        self.taken: list[ModelRequest] = []

    def complete(self, request: ModelRequest) -> Completion:
        if sum(len(m.content) for m in request.messages) > self.room:
            raise ContextOverflow("too long")
        self.taken.append(request)
        if not request.tools:
            return says(f"Summary {len(self.taken)}.")
        return acts(call("shell", command=f"seq {len(self.taken)} 400"), text=f"{len(self.taken)}.")


def run_for(folder: Path, model: Scripted, turns: int, **condenser: object) -> list[dict[str, Any]]:
    """Play for so many turns; the condensations as they stand in the log."""
    config = CodeActConfig.model_validate({"condenser": condenser})
    limits = Limits(time_s=3600, steps=turns)
    play(folder, CodeAct(config).run, model, limits=limits)
    check_recomputed(folder)
    return fields(folder, "context.condensed")


def check_recomputed(folder: Path) -> None:
    """Every request of the main model, made again from answers, results and condensations alone."""
    log = LogReader(folder / "run")
    history: History | None = None
    said: Message | None = None
    came: list[Message] = []
    ended: tuple[int, Message, list[Message]] | None = None
    step, checked = 0, 0
    for event in log.events:
        data = event.data | {name: log.value(event, name) for name in event.blobs if name != "messages"}
        if event.type == ev.STEP_START:
            ended = (step, said, came) if said is not None else None
            step, said, came = data["step"], None, []
        elif event.type == ev.MODEL_REQUEST and data["role"] == "main":
            recorded = recorded_messages(log.events, log.blobs, event)
            history = history or History([Message(m["role"], m["content"]) for m in recorded[:2]])
            if ended is not None:  # what was left then stands in the last result
                number, answer, results = ended
                left = recorded[-1]["content"].rpartition("\n\n[Answers left: ")[2]
                last = replace(results[-1], content=f"{results[-1].content}\n\n[Answers left: {left}")
                history.add(Turn(number, answer, (*results[:-1], last)))
                ended = None
            assert [message_record(message) for message in history.view()] == recorded
            checked += 1
        elif event.type == ev.MODEL_RESPONSE and data.get("tool_calls"):
            said = parse_completion(data).message()
        elif event.type == ev.TOOL_RESULT:
            assert said is not None
            text = middle_cut(data["text"], 15_000, 15_000)
            came.append(Message("tool", text, tool_call_id=said.tool_calls[len(came)].id))
        elif event.type == "context.condensed":
            assert history is not None
            dropped, masked, cut = (tuple(data[name]) for name in ("dropped", "masked", "cut"))
            history.apply(Condensation(dropped, masked, cut, data["chars"], data["summary"]))
    assert checked


def words(request: ModelRequest) -> list[str]:
    """The model's own words in a request: which turns it sees."""
    return [m.content for m in request.messages if m.role == "assistant"]


def test_recent_drops_the_older_half_behind_the_first(tmp_path: Path) -> None:
    model = Forgetful()
    notes = run_for(tmp_path, model, 9, kind="recent", max_turns=4, keep_first=1)
    assert [note["dropped"] for note in notes] == [[2, 3], [4, 5]]
    assert words(model.taken[-1]) == ["1.", "6.", "7.", "8."]
    left_out = model.taken[-1].messages[4]
    assert (left_out.role, left_out.content[:10]) == ("user", "[4 of your")


def test_masking_keeps_the_calls(tmp_path: Path) -> None:
    model = Forgetful()
    notes = run_for(tmp_path, model, 6, kind="observation_masking", max_turns=3)
    assert [(note["dropped"], note["masked"]) for note in notes] == [([], [1, 2])]
    assert words(model.taken[-1]) == ["1.", "2.", "3.", "4.", "5."]
    results = [m.content for m in model.taken[-1].messages if m.role == "tool"]
    assert [result == MASKED for result in results] == [True, True, False, False, False]


def test_a_summary_is_carried_on(tmp_path: Path) -> None:
    model = Forgetful()
    notes = run_for(tmp_path, model, 7, kind="llm", max_turns=4, keep_first=1, event_chars=200)
    assert [(note["dropped"], note["summary"]) for note in notes] == [
        ([2, 3], "Summary 6."),
    ]
    asked = next(request for request in model.taken if not request.tools)
    assert asked.messages[:2] == model.taken[0].messages[:2]
    prompt = asked.messages[2].content
    assert 'shell({"command": "seq 2 400"})' in prompt
    assert "characters left out" in prompt
    assert "seq 1 400" not in prompt
    stands = [m.content for m in model.taken[-1].messages if "Summary 6." in m.content]
    assert len(stands) == 1


def test_the_next_summary_is_shown_the_one_before(tmp_path: Path) -> None:
    model = Forgetful()
    run_for(tmp_path, model, 10, kind="llm", max_turns=4, keep_first=0)
    first, second = [request for request in model.taken if not request.tools][:2]
    summary = f"Summary {model.taken.index(first) + 1}."
    assert summary in second.messages[2].content
    assert summary not in model.taken[-1].messages[2].content


@pytest.mark.parametrize("kind", ["conversation_window", "recent", "observation_masking", "llm"])
def test_a_conversation_that_is_too_long_is_made_shorter(tmp_path: Path, kind: str) -> None:
    model = Forgetful(room=14_000)
    notes = run_for(tmp_path, model, 16, kind=kind)
    assert notes
    assert len(fields(tmp_path, ev.MODEL_ERROR)) >= len(notes)
    answered = [number for number, request in enumerate(model.taken, 1) if request.tools]
    assert words(model.taken[-1])[-1] == f"{answered[-2]}."


class Greedy(Forgetful):
    """Looks at a long file seven times in its second answer."""

    def complete(self, request: ModelRequest) -> Completion:
        said = super().complete(request)
        if len(self.taken) == 1:
            return acts(call("shell", command="seq 10000 > long.txt"))
        looks = [call("read_file", path="long.txt", offset=n) for n in range(7)]
        return acts(*looks) if len(self.taken) == 2 else said


@pytest.mark.parametrize("kind", ["conversation_window", "recent", "observation_masking", "llm"])
@pytest.mark.parametrize(
    ("room", "chars", "masked"), [(40_000, [7_500, 1_900], []), (7_000, [7_500, 1_900, 500], [2])]
)
def test_one_turn_that_is_too_long_by_itself_is_cut(
    tmp_path: Path, kind: str, room: int, chars: list[int], masked: list[int]
) -> None:
    model = Greedy(room)
    notes = run_for(tmp_path, model, 4, kind=kind)
    assert [round(note["chars"], -2) for note in notes if note["cut"]] == chars
    assert [note["masked"] for note in notes if note["masked"] and note["masked"] != [1]] == [masked] * bool(
        masked
    )
    third = [request for request in model.taken if request.tools][2]
    seen = [m.content for m in third.messages if m.role == "tool"]
    assert len(seen) == 7
    assert all(text == MASKED if masked else "characters left out" in text for text in seen)


def test_the_window_drops_the_older_half(tmp_path: Path) -> None:
    model = Forgetful(room=14_000)
    notes = run_for(tmp_path, model, 16, kind="conversation_window")
    first = notes[0]["dropped"]
    assert first == list(range(1, len(first) + 1))
    before = next(request for request in reversed(model.taken) if words(request)[:1] == ["1."])
    assert len(first) == (len(words(before)) + 1) // 2


def test_without_a_condenser_it_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(ContextOverflow):
        run_for(tmp_path, Forgetful(room=14_000), 16, kind="none")
    assert not fields(tmp_path, "context.condensed")


def test_a_first_request_that_is_too_long_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(ContextOverflow):
        run_for(tmp_path, Forgetful(room=100), 2, kind="conversation_window")


def test_the_defaults() -> None:
    assert CondenserConfig() == CondenserConfig(
        kind="conversation_window", max_turns=100, keep_first=1, event_chars=10_000
    )

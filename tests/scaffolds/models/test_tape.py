"""A recorded run as a model."""

from pathlib import Path

import pytest

from scaffolds.errors import UserError
from scaffolds.messages import Completion, Message, Usage
from scaffolds.models.protocol import ModelRequest
from scaffolds.models.tape import Tape
from scaffolds.run import Run
from scaffolds.runtime import events as ev
from scaffolds.runtime.log import LogReader
from tests.scaffolds.runtime.worlds import Counter, play

RULES = Message("system", "Be brief. 24 hours in all.")
ASKED = Message("user", "It took 1.25 s. You have 9 minutes and 40 seconds left.")
LATER = Message("user", "It took 12 s. You have 1 hour 30 minutes and 5 seconds left.")


@pytest.fixture
def tape(tmp_path: Path) -> Tape:
    def scaffold(run: Run) -> None:
        for _ in range(2):
            run.ask([RULES, ASKED])

    play(tmp_path, scaffold, Counter())
    return Tape(tmp_path / "run")


@pytest.fixture
def recorded(tape: Tape, tmp_path: Path) -> list[tuple[int, str]]:
    """The seeds of the recorded requests, and what was answered."""
    log = LogReader(tmp_path / "run")
    seeds = [event.data["seed"] for event in log.of_type(ev.MODEL_REQUEST)]
    return list(
        zip(seeds, [log.value(event, "text") for event in log.of_type(ev.MODEL_RESPONSE)], strict=True)
    )


def answer(tape: Tape, seed: int, *messages: Message) -> Completion:
    return tape.complete(ModelRequest(messages, seed=seed))


def test_equal_messages_are_told_apart_by_their_seeds(tape: Tape, recorded: list[tuple[int, str]]) -> None:
    assert len({text for _, text in recorded}) == 2
    for seed, text in recorded:
        assert answer(tape, seed, RULES, ASKED).text == text
    assert answer(tape, 5, RULES, ASKED).text in {text for _, text in recorded}


def test_the_time_that_a_run_takes_may_differ(tape: Tape, recorded: list[tuple[int, str]]) -> None:
    for seed, text in recorded:
        said = answer(tape, seed, RULES, LATER)
        assert (said.text, said.usd) == (text, 0.0)
        assert said.usage != Usage()


@pytest.mark.parametrize(
    "asked",
    [
        (RULES, Message("user", "It took 1.25 s. You have 9 minutes and 40 seconds left. Go on.")),
        (RULES, ASKED, ASKED),
        (ASKED,),
        (Message("user", RULES.content), ASKED),
    ],
)
def test_other_words_are_not_on_the_tape(
    tape: Tape, recorded: list[tuple[int, str]], asked: tuple[Message, ...]
) -> None:
    with pytest.raises(UserError, match="holds no answer"):
        answer(tape, recorded[0][0], *asked)


def test_another_run_with_another_time_is_not_on_the_tape(tape: Tape) -> None:
    with pytest.raises(UserError, match="holds no answer"):
        answer(tape, 5, RULES, LATER)

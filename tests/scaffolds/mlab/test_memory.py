"""What a prompt remembers: the window of steps, the research log, texts in blocks."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from scaffolds.mlab.config import MlabConfig
from scaffolds.mlab.digest import line_blocks
from scaffolds.mlab.history import DONE, History, Step
from scaffolds.mlab.reply import FIELDS, Record
from scaffolds.mlab.research_log import ResearchLog


def step(name: str, *, unreadable: bool = False) -> Step:
    values = dict.fromkeys(FIELDS, "") | {"Action": name, "Research Plan and Status": f"**plan** {name}"}
    return Step(Record(values), f"seen {name}", unreadable)


def test_the_window_shows_the_last_steps_and_old_observations_as_done() -> None:
    history = History()
    assert (history.window(3, 3), history.plan) == ([], "")
    for name in "abcd":
        history.add(step(name))
    assert [s.record.action for s in history.window(3, 3)] == ["b", "c", "d"]
    assert [s.observation for s in history.window(3, 2)] == [DONE, "seen c", "seen d"]
    assert [s.observation for s in history.window(3, 0)] == [DONE] * 3
    assert [s.observation for s in history.window(9, 9)] == ["seen a", "seen b", "seen c", "seen d"]
    assert history.window(0, 3) == []
    assert history.plan == "plan d"


def test_steps_that_could_not_be_read_are_purged_by_one_that_could() -> None:
    history = History()
    for name, unreadable in (("a", False), ("b", True), ("c", True)):
        history.add(step(name, unreadable=unreadable))
    assert [s.record.action for s in history.window(9, 9)] == ["a", "b", "c"]
    history.add(step("d"))
    assert [s.record.action for s in history.window(9, 9)] == ["a", "d"]


def test_the_log_shows_its_latest_entries() -> None:
    log = ResearchLog(10)
    assert log.latest() == "(empty)"
    for entry in ("aaaa", "bbbb", "cccc"):
        log.append(entry)
    assert log.latest() == "(1 earlier entries are left out.)\n\nbbbb\n\ncccc"
    log.append("d" * 99)
    assert log.latest() == "(3 earlier entries are left out.)\n\n" + "d" * 10


@given(st.text(alphabet="ab\n\r\u2028"), st.integers(1, 9))
def test_blocks_are_the_text_and_cut_lines_only_where_they_must(text: str, size: int) -> None:
    found = line_blocks(text, size)
    assert "".join(found) == text
    assert all(0 < len(block) <= size for block in found) or not text
    for block, following in itertools.pairwise(found):
        line = (block.splitlines(keepends=True)[-1] + following).splitlines(keepends=True)[0]
        assert block.endswith(("\n", "\r", "\u2028")) or len(line) >= size


@pytest.mark.parametrize(
    "fields",
    [
        ("Action Input", "Action"),
        ("Thought", "Reflection", "Action", "Action Input"),
        ("Thought", "Action"),
        ("Sense", "Action", "Action Input"),
        (),
    ],
)
def test_fields_are_some_of_the_six_in_their_order(fields: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError, match="fields must be some of"):
        MlabConfig.model_validate({"fields": fields})


def test_the_defaults_are_those_of_the_benchmarks_run() -> None:
    config = MlabConfig.model_validate({})
    assert (config.steps, config.max_retries, config.max_tokens, config.temperature) == (
        2000,
        10,
        16384,
        1,
    )
    assert (config.edit_max_tokens, config.edit_temperature) == (4000, 0.2)
    assert (config.fast_max_tokens, config.fast_temperature) == (500, 0.01)
    assert (config.steps_in_context, config.retrieval, config.observations) == (3, False, "llm_digest")

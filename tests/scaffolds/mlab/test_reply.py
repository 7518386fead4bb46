"""Replies of labelled fields, against the pattern that they are defined by."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffolds.mlab.reply import FIELDS, Unreadable, read_record, until_observation

ONE = """Reflection: it failed
Research Plan and Status: 1. **look**
2. model
Fact Check: nothing new
Thought: look first
Action:  List Files\t
Action Input: {"dir_path": "."}
"""
TWO = ONE.replace("List Files", "Copy File").replace("look first", "then copy") + ONE
REACT = FIELDS[3:]
SIMPLE = FIELDS[4:]


def test_a_reply_is_read_field_by_field() -> None:
    record = read_record(ONE)
    assert record.action == "List Files"
    assert record.values["Reflection"] == " it failed\n"
    assert record.values["Thought"] == " look first\n"
    assert record.action_input == ' {"dir_path": "."}\n'
    assert record.plan == "1. look\n2. model"
    assert dict(record.shown())["Research Plan and Status"] == "1. look\n2. model"


def test_of_two_records_the_last_counts_and_the_first_field_swallows_the_other() -> None:
    record = read_record(TWO)
    assert record.action == "List Files"
    assert record.values["Thought"] == " look first\n"
    assert "then copy" in record.values["Reflection"]
    assert "Copy File" in record.values["Reflection"]


def test_after_an_observation_of_the_models_own_nothing_is_read() -> None:
    invented = ONE + "Observation:\n```\nall well\n```\n" + ONE.replace("List Files", "Final Answer")
    assert read_record(until_observation(invented)).action == "List Files"
    assert until_observation(ONE) == ONE


def test_labels_inside_of_values_do_no_harm() -> None:
    quoted = ONE.replace("look first", "the next Action: will be to look. Thought: yes")
    assert read_record(quoted).values["Thought"] == " the next Action: will be to look. Thought: yes\n"
    argued = ONE.replace('"."', json.dumps(TWO))
    assert read_record(argued).action == "List Files"
    assert json.loads(read_record(argued).action_input) == {"dir_path": TWO}


def test_labels_in_one_line_are_read_where_lines_begin_with_none() -> None:
    assert read_record(ONE.replace("\n", " ")).action == "List Files"
    assert (
        read_record("So.\n" + ONE.replace("Thought:", "My Thought:")).values["Fact Check"]
        == " nothing new\nMy "
    )


@pytest.mark.parametrize("fields", [FIELDS, REACT, SIMPLE])
def test_formats_with_fewer_fields(fields: tuple[str, ...]) -> None:
    assert read_record(ONE, fields).action == "List Files"
    assert list(read_record(ONE, fields).values) == list(fields)
    assert read_record(TWO, fields).action == "List Files"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it lacks `Reflection:`"),
        ("I would look at the files first.", "it lacks `Reflection:`, `Research Plan and Status:`"),
        (ONE.replace("Fact Check:", "Facts:"), "it lacks `Fact Check:`."),
        (ONE.replace("Action Input:", "Input:"), "it lacks `Action Input:`."),
        ("\n".join(reversed(ONE.splitlines())), "not in the order"),
    ],
)
def test_a_reply_without_all_fields_in_order_says_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(Unreadable, match=re.escape(words)):
        read_record(text)


PARTS = st.sampled_from([*(f"{name}:" for name in FIELDS[2:]), "x", "\n", " ", "Action"])


@given(st.lists(PARTS, max_size=14).map("".join))
def test_it_finds_what_the_greedy_pattern_finds(text: str) -> None:
    fields = FIELDS[2:]
    match = re.search("".join(rf"^{name}:([\s\S]*)" for name in fields), text, re.MULTILINE)
    match = match or re.search("".join(rf"{name}:([\s\S]*)" for name in fields), text)
    if match is None:
        with pytest.raises(Unreadable):
            read_record(text, fields)
        return
    found = {name: value.strip() for name, value in zip(fields, match.groups(), strict=True)}
    assert {name: value.strip() for name, value in read_record(text, fields).values.items()} == found


def test_a_reply_of_labels_alone_takes_no_long_time() -> None:
    """The pattern itself would try every combination of places before it gave up."""
    with pytest.raises(Unreadable):
        read_record("Reflection: Research Plan and Status: Fact Check: Thought: Action: " * 20_000)

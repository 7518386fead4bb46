"""The four stages in which arguments are read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffolds.mlab.actions.editing import EDIT_SCRIPT
from scaffolds.mlab.actions.files import LIST_FILES, WRITE_FILE, inspecting
from scaffolds.mlab.arguments import BadArguments, cut_at_keys, read_arguments, sanitised

EDIT, WRITE, LIST = EDIT_SCRIPT.spec, WRITE_FILE.spec, LIST_FILES.spec
GIVEN = {"script_name": "a.py", "edit_instruction": "add\na line", "save_name": "b.py"}


@given(st.fixed_dictionaries({key: st.text() for key in EDIT.parameters}))
def test_json_is_read_as_json_whatever_is_in_it(given: dict[str, str]) -> None:
    assert read_arguments(json.dumps(given, ensure_ascii=False), EDIT) == given


def test_keys_may_stand_in_any_order_in_json() -> None:
    assert read_arguments(json.dumps(dict(reversed(GIVEN.items()))), EDIT) == GIVEN


@pytest.mark.parametrize(
    "fence", ["```json\n{}\n```", "```\n{}\n```", "  ```json {}\n``` \n", "```JSON\n{}```"]
)
def test_fences_are_taken_off(fence: str) -> None:
    assert read_arguments(fence.replace("{}", json.dumps(GIVEN)), EDIT) == GIVEN


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ('{"file_name": "a.py", "content": "x = 1\ny = 2"}', "x = 1\ny = 2"),
        ('{\n\t"file_name": "a.py",\n\t"content": "a\tb"}', "a\tb"),
        ('{"file_name": "a.py", "content": "re.match(\'\\d\')"}', "re.match('\\d')"),
        ('{"file_name": "a.py", "content": "print(\'a\\n\')\nprint(2)"}', "print('a\\n')\nprint(2)"),
        ('{"file_name": "a.py", "content": "/tmp/x\x08"}', "/tmp/x\x08"),
    ],
    ids=["line break", "tabs", "backslash", "both", "control"],
)
def test_raw_text_in_strings_is_sanitised(text: str, content: str) -> None:
    """Who writes line breaks as they are writes backslashes as they are, too."""
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)
    assert json.loads(sanitised(text))["content"] == content
    assert read_arguments(text, WRITE) == {"file_name": "a.py", "content": content}


@pytest.mark.parametrize(
    ("raw", "content"),
    [
        ('"""x = "1"\nprint(x)"""', 'x = "1"\nprint(x)'),
        ("'''x = \"1\"'''", 'x = "1"'),
        ('"print("hi")"', 'print("hi")'),
        ('"say "hi""', 'say "hi"'),
        ('""', ""),
        ('"a, "file_name": "b" inside"', 'a, "file_name": "b" inside'),
        ('"d = {"k": [1, 2]}\nprint(d["k"])"', 'd = {"k": [1, 2]}\nprint(d["k"])'),
        ('"ends in a brace }"x', '"ends in a brace }"x'),
    ],
)
def test_quotes_that_nobody_escaped_survive(raw: str, content: str) -> None:
    text = f'{{"file_name": "a.py", "content": {raw}}}\n'
    assert read_arguments(text, WRITE) == {"file_name": "a.py", "content": content}


def test_without_braces_the_keys_are_found_all_the_same() -> None:
    assert cut_at_keys('"file_name": a.py, "content": x = "1"', ["file_name", "content"]) == {
        "file_name": "a.py",
        "content": 'x = "1"',
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"script_name": "a.py", "save_name": "a.py"}', "it takes `script_name`, `edit_instruction`"),
        (json.dumps(GIVEN | {"extra": 1}), "not `script_name`, `edit_instruction`, `save_name`, `extra`"),
        (json.dumps({str(k): 1 for k in range(50)}), "`9`, 40 more"),
        ("{}", "not nothing"),
        ("[]", "not valid JSON"),
        ("", "not valid JSON"),
        ("train.py", "not valid JSON"),
        ('{"save_name": "a" b", "script_name": "a", "edit_instruction": "c"}', "in this order"),
        ("[" * 100_000, "not valid JSON"),
        ('{"script_name": "' + '", "save_name": "' * 50_000, "not valid JSON"),
    ],
)
def test_a_mismatch_is_told_and_never_guessed_at(text: str, words: str) -> None:
    with pytest.raises(BadArguments, match=words):
        read_arguments(text, EDIT)


@pytest.mark.parametrize(("raw", "value"), [("3", 3), ('"3"', 3), ("3.0", 3), ('" 3 "', 3), ("-1", -1)])
def test_whole_numbers_may_be_written_as_text(raw: str, value: int) -> None:
    text = f'{{"script_name": "a.py", "start_line_number": {raw}, "end_line_number": 9}}'
    assert read_arguments(text, inspecting(100).spec)["start_line_number"] == value


@pytest.mark.parametrize("raw", ["1.5", "true", "null", '"x"', "1e300", '"' + "9" * 99 + '"'])
def test_anything_else_is_no_line_number(raw: str) -> None:
    text = f'{{"script_name": "a.py", "start_line_number": {raw}, "end_line_number": 9}}'
    with pytest.raises(BadArguments, match="`start_line_number` must be a whole number"):
        read_arguments(text, inspecting(100).spec)


def test_values_of_other_types_are_taken_as_text() -> None:
    assert read_arguments('{"dir_path": ["a", 1]}', LIST) == {"dir_path": '["a",1]'}

import pytest

from scaffolds.aide.metrics import Measured, finite, read_metrics
from scaffolds.aide.replies import MAX_CODE_CHARS, Unreadable, read_reply
from scaffolds.aide.reviews import read_review
from scaffolds.messages import ToolCall
from scaffolds.tools import ToolResult


@pytest.mark.parametrize(
    ("text", "plan", "code"),
    [
        ("A plan.\n\n```python\nx = 1\n```\n", "A plan.", "x = 1\n"),
        ("A plan.\n```py\nx = 1\n```", "A plan.", "x = 1\n"),
        ("A plan.\n```\nx = 1\n```", "A plan.", "x = 1\n"),
        ("A plan.\n~~~python\nx = 1\n~~~", "A plan.", "x = 1\n"),
        ("A plan.\n```python\nx = 1", "A plan.", "x = 1\n"),
        ("```python\nx = 1\n```", "(no plan given)", "x = 1\n"),
        ("P\n```bash\nls\n```\n```python\nx = 1\n```", "P", "x = 1\n"),
        ("P\n```python\nx = 1\n```\nand\n```python\ny = 2\n```", "P", "x = 1\n\ny = 2\n"),
        ("P\n````python\ns = '''\n```\n'''\n````", "P", "s = '''\n```\n'''\n"),
    ],
)
def test_plan_and_code_are_found(text: str, plan: str, code: str) -> None:
    proposal = read_reply(text)
    assert (proposal.plan, proposal.code) == (plan, code)


@pytest.mark.parametrize("text", ["", "no code", "```python\n\n```", "```bash\nls\n```"])
def test_a_reply_without_a_script_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable, match="no fenced block"):
        read_reply(text)


def test_a_script_of_absurd_length_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="longer than"):
        read_reply(f"```python\n{'x' * (MAX_CODE_CHARS + 1)}\n```")


@pytest.mark.parametrize("value", [1, 0, 0.5, -3])
def test_integers_are_metrics_too(value: float) -> None:
    assert finite(value) == float(value)
    assert read_metrics(ToolResult(True, f'{{"score": {value}}}')).score == float(value)


@pytest.mark.parametrize(
    "value", [None, True, "0.5", float("nan"), float("inf"), -float("inf"), [1], 1e101, -(10**101)]
)
def test_only_finite_numbers_are_metrics(value: object) -> None:
    assert finite(value) is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "5", '{"score": NaN}', '{"score": 1e999}', '{"score": "1"}', "[" * 100_000]
)
def test_hostile_metrics_files_hold_no_score(text: str) -> None:
    assert read_metrics(ToolResult(True, text)) == Measured()


def test_folds_are_read_where_they_are_numbers() -> None:
    text = '{"score": 0.5, "folds": [0.4, null, "x", 0.6], "n": 10}'
    assert read_metrics(ToolResult(True, text)) == Measured(0.5, (0.4, 0.6), 10)


@pytest.mark.parametrize(
    ("calls", "complaint"),
    [
        ((), "There is no call"),
        ((ToolCall("1", "other", "{}"),), "There is no call"),
        ((ToolCall("1", "submit_review", "{"),), "not JSON"),
        ((ToolCall("1", "submit_review", "[]"),), "not a JSON object"),
        ((ToolCall("1", "submit_review", '{"is_bug": "no", "summary": ""}'),), "must be a boolean"),
    ],
)
def test_a_broken_review_is_complained_about(calls: tuple[ToolCall, ...], complaint: str) -> None:
    review = read_review(calls)
    assert isinstance(review, str)
    assert complaint in review

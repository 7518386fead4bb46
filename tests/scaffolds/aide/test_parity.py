"""The original's defects: there with `parity: true`, and only then."""

import math
from pathlib import Path
from typing import Any

import pytest

from scaffolds.aide.original import OMITTED, LastBetter, OmittedOutputs, launched, only_floats, read_original
from scaffolds.aide.replies import Unreadable
from scaffolds.aide.scaffold import AideConfig
from scaffolds.aide.tree import Node, Status, Tree
from scaffolds.runtime.transcript import recorded_messages
from scaffolds.task import Metric
from tests.scaffolds.aide.support import Scripted, good, run_aide, submission

_SUBMITS = "open('submission.csv', 'w').write('id,y\\n1,{}\\n')\nprint('validation rmse:', {})\n"
_GUARDED = "if __name__ == '__main__':\n    raise SystemExit('the guard ran')\n"
_PAST_PYTHON = "import os\nos.write(1, b'from C\\n')\nos.system('echo from a child')\n"


def review(metric: float | None, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {"is_bug": False, "summary": "Seen.", "metric": metric, "has_submission": True} | changes


def submits(value: int) -> str:
    return _SUBMITS.format(value, value)


def play(tmp_path: Path, steps: list[tuple[str, dict[str, Any]]], **settings: Any) -> Any:  # noqa: ANN401
    model = Scripted([script for script, _ in steps], [said for _, said in steps])
    played = run_aide(tmp_path, model, steps=len(steps), parity=True, **settings)
    return model, *played


def test_what_a_script_is_worth(tmp_path: Path) -> None:
    """Each a draft: the reviewer's number counts, if it has a point; any file is a submission."""
    _, _, nodes, log = play(
        tmp_path,
        [
            (submits(7) + _GUARDED, review(7.5)),
            (submits(1), review(1)),
            (submits(2) + "raise SystemExit(0)", review(2.5)),
            (submits(3), review(3.5, has_submission=False)),
            ("print('nothing')", review(0.5)),
            ("open('submission.csv', 'w').write('id,y')", review(4.5)),
            (submits(6) + "open('metrics.json', 'w').write('{\"score\": 0}')", review(6.5)),
        ],
        num_drafts=7,
    )
    assert [(node["status"], node["score"]) for node in nodes] == [
        ("ok", 7.5),  # `__name__` is not "__main__", so the guard did not run
        ("failed", None),  # an integer
        ("failed", None),  # an exit by SystemExit
        ("invalid", None),
        ("invalid", None),
        ("ok", 4.5),  # malformed, and the best
        ("ok", 6.5),
    ]
    assert submission(log) == b"id,y"


def test_what_the_reviewer_is_asked(tmp_path: Path) -> None:
    """Whether the script writes its predictions, and with all that the engineer is told; ours, neither."""
    for parity in (True, False):
        model = Scripted([submits(1)], [review(1.5)])
        folder = tmp_path / str(parity)
        _, _, log = run_aide(folder, model, steps=1, parity=parity, prompts="original" if parity else "full")
        (asked,) = [e for e in log.of_type("model.request") if e.data["role"] == "feedback"]
        tools = str(log.value(asked, "tools"))
        system, _ = [str(m["content"]) for m in recorded_messages(log.events, log.blobs, asked)]
        assert ("has_submission" in tools) == ("## Rules" in system) == parity
        assert ("[submission check passed]" in system) != parity


def test_scripts_find_each_others_files_and_c_output_is_lost(tmp_path: Path) -> None:
    look = "import pathlib\nprint('found:', pathlib.Path('secret.txt').exists())\n"
    fails = "open('secret.txt', 'w').write('x')\n" + _PAST_PYTHON + "print('seen')\nraise ValueError('no')\n"
    _, _, _, log = play(
        tmp_path,
        [(submits(1), review(1.5)), (fails, review(None)), (look + "raise ValueError('gone')", review(None))],
        num_drafts=3,
    )
    texts = [str(log.value(event, "text")) for event in log.of_type("tool.result")]
    assert any("seen" in text and "no" in text and "from" not in text for text in texts)
    assert any("found: True" in text for text in texts)


def test_the_first_draft_and_each_deeper_repair_are_repaired_blind(tmp_path: Path) -> None:
    fails = "raise ValueError('the ' + 'reason')"
    model, _, _, _ = play(tmp_path, [(fails, review(None))] * 4, num_drafts=1, max_debug_depth=2)
    assert [OMITTED in prompt for prompt in model.prompts] == [False, True, True, True]
    assert "the reason" not in "".join(model.prompts)
    ours = Scripted([fails] * 4, [review(None)] * 4)
    run_aide(tmp_path / "ours", ours, steps=4, num_drafts=1, max_debug_depth=2)
    assert ["the reason" in prompt for prompt in ours.prompts] == [False, True, True, False]


def node(number: int, parent: int | None = None, score: float | None = None) -> Node:
    status = Status.FAILED if score is None else Status.OK
    return Node(number, "debug" if parent else "draft", parent, "", "", f"out {number}", "", status, score)


def test_which_outputs_are_omitted() -> None:
    """As replayed on the pinned version: draft 1, its repair and the repair of that; then the best's way."""
    tree, outputs = Tree(Metric("m", True)), OmittedOutputs()
    for new, hidden in (
        (node(1), {1}),
        (node(2), {1}),
        (node(3, 2), {1, 2, 3}),
        (node(4, 1), {1, 2, 3}),
        (node(5, 4), {1, 2, 3, 4, 5}),
        (node(6, score=1.0), {1, 2, 3, 4, 5, 6}),
        (node(7, 6), {1, 2, 3, 4, 5, 6}),
        (node(8, 7, 0.5), {1, 2, 3, 4, 5, 6}),
    ):
        tree.add(new)
        outputs.after(tree, new)
        seen = [tree[number] for number in range(1, new.id + 1)]
        assert {one.id for one in seen if outputs.shown(one) == OMITTED} == hidden


@pytest.mark.parametrize(
    ("maximize", "scores", "best"),
    [
        (False, [2.0, math.nan, 3.0], 3),
        (False, [2.0, math.nan], 2),
        (True, [2.0, math.nan, 1.0], 1),
        (True, [math.nan, 5.0], 1),
        (False, [2.0, 2.0, 1.0, 1.0], 3),
        (True, [2.0, 2.0, 1.0], 1),
    ],
)
def test_how_the_original_compares(maximize: bool, scores: list[float], best: int) -> None:
    ranking = LastBetter(Metric("m", maximize))
    for number, score in enumerate(scores, 1):
        ranking.add(number, score)
    assert ranking.best == best
    assert ranking.first(5) == [best]


def test_only_numbers_with_a_point_are_metrics() -> None:
    assert [only_floats(value) for value in (1, 0, True, "1.0", None)] == [None] * 5
    assert only_floats(0.5) == 0.5
    assert math.isnan(only_floats(math.nan) or 0.0)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("P\n```python\nx = 1\n```", "x = 1\n"),
        ("P\n```\nx = 1\n```", "x = 1\n"),
        ("P\n```py\nx = 1\n```", "py\nx = 1\n"),
        ("P\n```python\nx = (\n```\n```python\ny = 1\n```", "y = 1\n"),
    ],
)
def test_how_the_original_reads_a_reply(text: str, code: str) -> None:
    assert read_original(text).code == code


@pytest.mark.parametrize(
    "text", ["", "```python\nx = 1\n```", "x = 1", "P\n```python\nx = (\n```", "(" * 10**5]
)
def test_what_the_original_cannot_read(text: str) -> None:
    with pytest.raises(Unreadable):
        read_original(text)


def test_tracebacks_are_those_of_the_script(tmp_path: Path) -> None:
    """With its lines, without ours; a program that is none has them, too."""
    fails = "def divide(x):\n    return x / 0  # here\n\nprint('\\x0c')\ndivide(1)\n"
    none = "raw:def f(:\n    pass\n"
    _, _, log = run_aide(
        tmp_path, Scripted([fails, *[none] * 3], [review(None)] * 2), steps=2, num_drafts=2, parity=True
    )
    calls = {e.n for e in log.of_type("tool.call") if e.data.get("tool") == "run_script"}
    first, second = [str(log.value(e, "text")) for e in log.of_type("tool.result") if e.n in calls]
    words = 'Traceback (most recent call last):\n  File "runfile.py", line 5, in <module>\n    divide(1)\n'
    assert words in first
    assert '  File "runfile.py", line 2, in divide\n    return x / 0  # here\n' in first
    assert '  File "runfile.py", line 1\n    def f(:\n' in second
    assert "exec(" not in first + second


def test_a_reply_that_stays_unreadable_is_run_as_it_stands(tmp_path: Path) -> None:
    """Three tries, no plan in any: the script is the whole reply, of any length; it leaves nothing either."""
    script = submits(3) + f"open('here.txt', 'w')\n# {'x' * 5_000}\nprint('whole')\n"
    looks = "import pathlib\nassert not pathlib.Path('submission.csv').exists()\n" + submits(2)
    model = Scripted([*[f"raw:{script}"] * 3, looks], [review(3.5), review(2.5)])
    _, nodes, log = run_aide(tmp_path, model, steps=2, parity=True)
    assert [(node["status"], node["score"]) for node in nodes] == [("ok", 3.5), ("ok", 2.5)]
    assert (nodes[0]["plan"], nodes[0]["code"]) == ("", script)
    assert script.strip() in model.prompts[3]
    assert submission(log) == b"id,y\n1,2\n"


def test_the_launcher_holds_any_script() -> None:
    for code in ('x = \'\\n"""\'', "'THE CODE'", '"THE CODE"', "\ud800".encode(errors="replace").decode()):
        compile(launched(code), "launcher", "exec")
        assert repr(code) in launched(code)


def test_parity_goes_with_nothing_that_the_original_has_not() -> None:
    for settings in ({"workers": 2}, {"selector": "top_k_vote"}, {"debug_sample_rows": 10}):
        with pytest.raises(ValueError, match="parity goes with nothing else"):
            AideConfig.model_validate({"parity": True, **settings})


def test_prompts_hold_what_the_originals_do(tmp_path: Path) -> None:
    """Improvements without output and score; repairs without findings, earlier repairs and memory."""
    scripts = [good(5), "raise ValueError('one')", "raise ValueError('two')", "raise ValueError('three')"]
    prompts: dict[str, list[str]] = {}
    for kind in ("original", "full"):
        said = [review(None, summary="A finding.")] * 4
        model = Scripted(scripts, said)
        run_aide(tmp_path / kind, model, steps=4, prompts=kind)
        prompts[kind] = model.prompts
    words = ("validation rmse: 5", "A finding.", "Repairs already made")
    for n, sought in zip((1, 2, 3), words, strict=True):
        assert sought in prompts["full"][n]
        assert sought not in prompts["original"][n].partition("# The script to")[2]
    assert "A finding." in prompts["original"][1]  # what is remembered of the draft

"""The model as a client sees it: requests in, completions out."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaffolds.errors import UserError
from scaffolds.markdown import blocks, fenced, prose_before_first_block
from scaffolds.messages import Message
from scaffolds.models.offline.outputs import read_output
from scaffolds.models.offline.reading import read
from scaffolds.models.offline.recipes import Member, Recipe, recipe_of
from scaffolds.models.offline.scripts import render_script
from scaffolds.models.offline.tabular import OfflineTabular
from scaffolds.models.protocol import Model, ModelRequest
from scaffolds.task import Metric, TaskCard
from scaffolds.tools import SANDBOX_TOOLS, Parameter, ToolSpec

CARD = TaskCard(
    "id",
    "y",
    ("y",),
    "class",
    Metric("accuracy", True),
    {"train": "input/train.csv", "test": "input/test.csv", "sample_submission": "input/sample.csv"},
)
REVIEW = ToolSpec(
    "submit_review",
    "Report.",
    {
        "is_bug": Parameter("boolean", "bug?"),
        "summary": Parameter("string", "what"),
        "metric": Parameter("number", "value", nullable=True),
        "has_submission": Parameter("boolean", "file?"),
    },
)
SCRIPT = render_script(CARD, Recipe((Member.first("svm", True),)))
GOOD = "fold 1: 0.5\nfold 2: 1.0\nwrote submission.csv (9 rows)\nvalidation accuracy: 0.75"
NAMES = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=12)


def prompt(*parts: str, card: TaskCard = CARD) -> tuple[Message, ...]:
    return Message("system", fenced(card.render(), "yaml")), Message("user", "\n\n".join(parts))


def review(output: str | None, tool: ToolSpec = REVIEW, card: TaskCard = CARD) -> dict[str, object]:
    parts = [fenced(SCRIPT, "python")] + ([] if output is None else [fenced(output, "text")])
    request = ModelRequest(
        prompt(*parts, card=card), tools=[tool], settings={"tool_choice": tool.name}, seed=3
    )
    completion = OfflineTabular().complete(request)
    assert completion.stop == "tool_calls"
    assert completion.usd == 0.0
    (call,) = completion.tool_calls
    assert call.name == tool.name
    return json.loads(call.arguments)


def test_the_module_imports_no_data_library() -> None:
    libraries = "{'numpy', 'pandas', 'sklearn'}"
    code = f"import sys, scaffolds.models.offline.tabular; print({libraries} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_reply_is_a_plan_and_one_script() -> None:
    model: Model = OfflineTabular()
    assert model.name == "offline/tabular"
    for seed in range(40):
        reply = model.complete(ModelRequest(prompt(), seed=seed))
        assert [block.info for block in blocks(reply.text)] == ["python"]
        assert 40 < len(prose_before_first_block(reply.text)) < 900
        assert (reply.stop, reply.usd, reply.tool_calls) == ("stop", 0.0, ())
        assert reply.usage.output == len(reply.text) // 4 > 500
        assert reply.usage.input == sum(len(message.content) for message in prompt()) // 4


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**64), st.sampled_from([None, GOOD, "KeyError: 'x'", ""]), st.booleans())
def test_the_same_request_gets_the_same_reply(seed: int, output: str | None, with_code: bool) -> None:
    parts = [fenced(SCRIPT, "python")] * with_code + ([] if output is None else [fenced(output, "text")])
    request = ModelRequest(prompt(*parts), seed=seed)
    first = OfflineTabular().complete(request)
    assert first == OfflineTabular().complete(request)
    compile(blocks(first.text)[0].body, "script", "exec")


def test_an_improvement_changes_one_thing() -> None:
    before = recipe_of(SCRIPT)
    assert before is not None
    for output in (None, GOOD):
        parts = [fenced(SCRIPT, "python")] + ([] if output is None else [fenced(output, "text")])
        seen: set[str] = set()
        for seed in range(30):
            text = OfflineTabular(bug_rate=0).complete(ModelRequest(prompt(*parts), seed=seed)).text
            after = recipe_of(blocks(text)[0].body)
            assert after is not None
            assert (after.folds, after.max_rows, after.log) == (before.folds, before.max_rows, before.log)
            changed = {
                "members": after.members != before.members,
                "features": after.features != before.features,
            }
            assert sum(changed.values()) == 1
            seen.add(text)
        assert len(seen) > 10


def test_bugs_come_at_their_rate() -> None:
    def share(rate: float) -> float:
        texts = [OfflineTabular(rate).complete(ModelRequest(prompt(), seed=seed)).text for seed in range(100)]
        codes = [blocks(text)[0].body for text in texts]
        recipes = [recipe_of(code) for code in codes]
        pairs = zip(codes, recipes, strict=True)
        return sum(recipe is None or code != render_script(CARD, recipe) for code, recipe in pairs) / len(
            codes
        )

    assert share(0) == 0
    assert 0.1 < share(0.2) < 0.3
    assert share(1) == 1


def test_tools_that_are_not_enough_to_act_with_are_left_alone() -> None:
    looks = [SANDBOX_TOOLS[name] for name in ("read_file", "think", "finish", "python")]
    reply = OfflineTabular().complete(ModelRequest(prompt(), tools=looks))
    assert not reply.tool_calls
    assert blocks(reply.text)


def test_code_of_another_model_is_answered_with_a_draft() -> None:
    reply = OfflineTabular(bug_rate=0).complete(ModelRequest(prompt(fenced("print(1)", "python"))))
    assert reply.text.startswith("I start with")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"bug_rate": 1.5}, "offline.bug_rate"),
        ({"bug_rate": float("nan")}, "offline.bug_rate"),
        ({"bugs": ["no_such"]}, "offline.bugs"),
    ],
)
def test_wrong_settings_are_refused(arguments: dict[str, object], code: str) -> None:
    with pytest.raises(UserError) as caught:
        OfflineTabular(**arguments)  # pyright: ignore[reportArgumentType]
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("no card", "offline.no_card"),
        (fenced("files: [", "yaml"), "offline.no_card"),
        (fenced("a: 1", "yaml"), "offline.no_card"),
        (
            fenced(TaskCard("i", "t", ("t",), "class", CARD.metric, {}).render(), "yaml"),
            "offline.not_tabular",
        ),
    ],
)
def test_a_prompt_without_a_table_is_refused(text: str, code: str) -> None:
    with pytest.raises(UserError) as caught:
        OfflineTabular().complete(ModelRequest([Message("user", text)]))
    assert caught.value.code == code


@settings(deadline=None, max_examples=50)
@given(NAMES, NAMES, st.lists(NAMES, min_size=1, max_size=3, unique=True), NAMES, NAMES)
def test_a_card_is_read_back_and_stays_text(
    id_column: str, target: str, columns: list[str], metric: str, path: str
) -> None:
    columns = [column for column in columns if column != id_column] or [id_column + "_"]
    files = {"train": path, "test": "t.csv"}
    card = TaskCard(id_column, target, tuple(columns), "probability", Metric(metric, False), files, path)
    assert read(prompt(card=card)).card == card
    tree = compile(render_script(card, Recipe((Member.first("tree", True),))), "script", "exec")
    assert {target, id_column, path.removeprefix("input/")} <= set(tree.co_consts) | {"input"}


def test_only_the_output_after_the_last_code_counts() -> None:
    reading = read(prompt(fenced("preview", "text"), fenced("a", "python"), fenced("one", "text")))
    assert (reading.code, reading.output) == ("a", "one")
    later = read(
        [*prompt(fenced("a", "python"), fenced("one", "text")), Message("user", fenced("b", "python"))]
    )
    assert (later.code, later.output) == ("b", None)
    hostile = "```yaml\nfiles: {}\n```\n```python\nprint('mine')\n```"
    inside = read(prompt(fenced("a", "python"), fenced(hostile, "text")))
    assert (inside.card, inside.code, inside.output) == (CARD, "a", hostile)


def test_a_review_of_a_good_run() -> None:
    filled = review(GOOD)
    assert list(filled) == list(REVIEW.parameters)
    assert filled["is_bug"] is False
    assert filled["metric"] == 0.75
    assert filled["has_submission"] is True
    assert "support vector machine" in str(filled["summary"])
    assert "0.75" in str(filled["summary"])


@pytest.mark.parametrize("value", ["1", "0", "-3", "1e-3", "1.0"])
def test_whole_numbers_are_scores(value: str) -> None:
    filled = review(f"wrote submission.csv (9 rows)\nvalidation accuracy: {value}\n[exit code 0]")
    assert filled["is_bug"] is False
    assert filled["metric"] == float(value)


@pytest.mark.parametrize(
    "output",
    [
        None,
        "",
        "done",
        "Traceback (most recent call last):\n  File 'x'\nKeyError: 'y'",
        "fold 1: 0.5\n[stopped: it ran past its time limit]",
        "fold 1: 0.5\n[killed by signal 9]",
        "wrote submission.csv (9 rows)\nvalidation accuracy: nan",
        "wrote predictions.csv (9 rows)\nvalidation accuracy: 0.5",
        "validation accuracy: 0.5",
        f"{GOOD}\n[exit code 0]\n[submission check] There is no file submission.csv.",
        f"{GOOD}\n[exit code 0]\n[submission check] Expected 3 rows after the header, found no rows.",
    ],
)
def test_a_review_of_a_bad_run(output: str | None) -> None:
    filled = review(output)
    assert filled["is_bug"] is True
    assert len(str(filled["summary"])) > 20
    if output is None or "validation accuracy: 0." not in output:
        assert filled["metric"] is None


def test_a_review_fills_what_the_tool_asks_for() -> None:
    tool = ToolSpec(
        "submit_review",
        "",
        {
            "lower_is_better": Parameter("boolean", ""),
            "has_csv_submission": Parameter("boolean", ""),
            "metric": Parameter("number", ""),
            "next": Parameter("string", ""),
            "stars": Parameter("integer", "", nullable=True),
            "note": Parameter("string", "", required=False),
        },
    )
    card = TaskCard("id", "y", ("y",), "number", Metric("rmse", False), CARD.files)
    expected = {
        "lower_is_better": True,
        "has_csv_submission": False,
        "metric": 0.0,
        "next": "",
        "stars": None,
    }
    assert review("KeyError: 1", tool, card) == expected


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ("NameError: name 'KFold' is not defined", "missing_name"),
        ("ModuleNotFoundError: No module named 'lightgbm'", "missing_name"),
        ("KeyError: 'y_encoded'", "missing_column"),
        ("ValueError: Input X contains NaN.\nLogisticRegression does not accept it", "missing_values"),
        ("ValueError: Found input variables with inconsistent numbers of samples: [3, 4]", "wrong_shape"),
        ("AttributeError: 'numpy.ndarray' object has no attribute 'to_list'", "wrong_call"),
        ("numpy._core._exceptions._ArrayMemoryError: Unable to allocate 9 TiB", "killed"),
        ("TimeoutError: Execution exceeded the time limit", "timeout"),
        ("RuntimeError: killed by its author", "error"),
        ("score: 1\nSubmission file was not written", "no_submission"),
        ("score: 1\nthe submission is invalid: two columns", "bad_submission"),
        ("some words", "no_score"),
    ],
)
def test_faults_are_told_apart(output: str, kind: str) -> None:
    fault = read_output(output).fault
    assert fault is not None
    assert fault.kind == kind


@pytest.mark.parametrize(
    ("output", "score"),
    [
        ("validation rmse: 12.5", 12.5),
        ("Validation RMSE = 12.5", 12.5),
        ("Mean CV score: .75", 0.75),
        ("  final validation log_loss: 1e-05  ", 1e-05),
        ("score: 1\nvalidation auc: 0.5\n[exit code 0]", 0.5),
    ],
)
def test_scores_are_read(output: str, score: float) -> None:
    assert read_output(output).score == score


@settings(deadline=None, max_examples=50)
@given(st.text() | st.text(alphabet=" :\nvalidationscoreError1.e-"))
def test_any_output_can_be_read(output: str) -> None:
    read_output(output)
    review(output)


def test_templates_come_with_the_package() -> None:
    folder = Path(sys.modules[OfflineTabular.__module__].__file__ or "").parent / "templates"
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} == {".j2", ".yaml"}

"""Bad input gets a clear error: which key or value, why, and what would be right."""

from pathlib import Path

import pytest

from experiments.config import load_sweep
from experiments.plan import plan
from scaffolds.errors import UserError
from tests.conftest import sweep_of

GOOD = """
scaffolds: [aide]
models: [offline/tabular]
competitions: [practice-digits]
time_limits: [10m]
"""


def load(folder: Path, text: str) -> object:
    path = folder / "sweep.yaml"
    path.write_text(text)
    return load_sweep(path)


def complaint(folder: Path, text: str) -> str:
    with pytest.raises(UserError) as caught:
        load(folder, text)
    return str(caught.value)


def test_lists_multiply_in_the_order_of_the_config(data_dir: Path) -> None:
    sweep = sweep_of(
        competitions=["practice"], seeds=[0, 1], time_limits=["90s", {"time": "24h", "steps": 7}]
    )
    cells = list(plan(sweep, data_dir).cells())
    assert len(cells) == 12
    assert len({cell.id for cell in cells}) == 12
    assert [cell.seed for cell in cells[:4]] == [0, 1, 0, 1]
    assert (cells[0].limits.time_s, cells[0].limits.steps) == (90, 500)
    assert (cells[2].limits.time_s, cells[2].limits.steps) == (86_400, 7)


def test_the_id_is_about_what_is_run_not_where(data_dir: Path) -> None:
    (cell,) = plan(sweep_of(), data_dir).cells()
    elsewhere = cell.model_copy(update={"machine": "a bigger one", "backend": "none", "data_dir": "/x"})
    assert elsewhere.id == cell.id
    templates = {**cell.templates, "draft.md": "another prompt"}
    assert cell.model_copy(update={"templates": templates}).id != cell.id
    assert cell.model_copy(update={"seed": 1}).id != cell.id


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            GOOD.replace("competitions", "competitons"),
            "unknown key 'competitons'; did you mean 'competitions'?",
        ),
        (GOOD.replace("time_limits: [10m]", ""), "missing key 'time_limits'"),
        (GOOD.replace("offline/tabular", "{name: openai/o3, reasoning_effort: hihg}"), "reasoning_effort"),
        (
            GOOD.replace("offline/tabular", "{name: openai/o3, reasoning: high}"),
            "did you mean 'reasoning_effort'?",
        ),
        (GOOD.replace("10m", "10 parsecs"), "'10 parsecs' is not a duration like 90s, 30m or 24h"),
        (GOOD + "parallel: 0\n", "parallel"),
        (GOOD + "backend: cardboard\n", "cardboard"),
        (GOOD.replace("[aide]", "[]"), "scaffolds"),
        (GOOD.replace("[offline/tabular]", "[{feedback: offline/tabular}]"), "no model for the role 'main'"),
        ("scaffolds: [aide\n  b: {", "is not YAML"),
        ("just words", "must be a YAML mapping"),
        ("a: \x00", "is not YAML"),
        (GOOD.replace("10m", "{time: 10m, stesp: 3}"), "key 'time_limits.0.stesp'; did you mean 'steps'?"),
        (GOOD.replace("10m", ".inf"), "time_limits.0.time"),
        (GOOD + "seeds: [0]\nseeds: [1]\n", "the key 'seeds' stands there twice"),
        (GOOD + "variants:\n  a: {}\n  a: {final: path}\n", "the key 'a' stands there twice"),
        (GOOD.replace("[aide]", "&a [*a]"), "an anchor lies inside itself"),
        ("[" * 5000, "it is nested too deep"),
        (GOOD.replace("[aide]", "aide"), "scaffolds: must be a list, as in [aide] (it is 'aide')"),
        (GOOD + "seeds:\n", "seeds: must be a list (it is None)"),
        (
            GOOD + "task: obfuscated\n",
            "task: must be a mapping with keys of description (it is 'obfuscated')",
        ),
        (GOOD + "seeds: [0, 0]\n", "\n  seeds names 0 twice"),
        (
            GOOD + "variants: {a: {scafold.memory: none}}\n",
            "changes 'scafold.memory'; did you mean 'scaffold'?",
        ),
        (GOOD + "max_usd: .inf\n", "max_usd: Input should be a finite number (it is inf)"),
    ],
)
def test_a_faulty_config_names_its_fault(tmp_path: Path, text: str, words: str) -> None:
    assert words in complaint(tmp_path, text)


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    text = complaint(tmp_path, GOOD.replace("models", "modles") + "seed: [1]\n")
    assert "did you mean 'models'" in text
    assert "did you mean 'seeds'" in text
    assert "missing key 'models'" in text


def test_a_missing_config_names_those_that_exist(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(GOOD)
    with pytest.raises(UserError, match=r"other\.yaml"):
        load_sweep(tmp_path / "missing.yaml")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scaffolds": ["aid"]}, "unknown scaffold 'aid'; did you mean 'aide'?"),
        (
            {"scaffolds": [{"name": "aide", "num_draft": 1}]},
            "unknown key 'num_draft'; did you mean 'num_drafts'?",
        ),
        ({"scaffolds": ["missing.module:Class"]}, "cannot be loaded"),
        ({"models": ["ofline/tabular"]}, "unknown model 'ofline/tabular'"),
        ({"hardware": ["8xH100"]}, "'8xH100'"),
        ({"models": ["tape/no/such/run"]}, "is not a run"),
    ],
)
def test_an_unknown_name_is_refused_before_anything_runs(
    data_dir: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(UserError) as caught:
        plan(sweep_of(**changes), data_dir).cells()
    assert words in str(caught.value)

"""What a sweep multiplies, what variants change, and what is named as missing."""

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.cell import Cell
from experiments.config import load_sweep
from experiments.durations import duration, parse_duration
from experiments.overrides import parse_setting, put
from experiments.plan import Plan, plan
from sandbox.machine import Machine
from scaffolds.errors import UserError
from tests.conftest import sweep_of

ROOT = Path(__file__).parents[2]
NO_SWEEPS = ("prices", "providers")
_OWN = "from pydantic import BaseModel\nclass Agent:\n  class Config(BaseModel): pass\n  version"
SWEEPS = [path for path in sorted((ROOT / "configs").glob("*.yaml")) if path.stem not in NO_SWEEPS]


def cells(data_dir: Path, **changes: object) -> list[Cell]:
    return list(plan(sweep_of(**changes), data_dir).cells())


def problems(data_dir: Path, **changes: object) -> dict[str, str]:
    return {problem.kind: str(problem) for problem in plan(sweep_of(**changes), data_dir).problems}


@given(st.integers(1, 10**6), st.sampled_from("smh"))
def test_a_duration_is_read_as_it_is_written(count: int, unit: str) -> None:
    seconds = parse_duration(f"{count}{unit}")
    assert isinstance(seconds, float)
    assert parse_duration(duration(seconds)) == seconds


@given(st.lists(st.text("abc", min_size=1), min_size=1, max_size=4), st.integers())
def test_what_is_put_is_found_there_and_nothing_else_changes(path: list[str], value: int) -> None:
    before: dict[str, Any] = {"other": [1, {"x": 2}]}
    after = put(before, ".".join(path), value)
    found: Any = after
    for step in path:
        found = found[step]
    assert found == value
    assert before == {"other": [1, {"x": 2}]}
    assert after["other"] == before["other"]


def test_put_reaches_into_lists_and_says_where_it_cannot() -> None:
    assert put({"a": [{"b": 1}, 2]}, "a.0.b", 3) == {"a": [{"b": 3}, 2]}
    with pytest.raises(UserError, match="none of the entries 0 to 1"):
        put({"a": [1, 2]}, "a.2", 3)
    with pytest.raises(UserError, match="inside 'aide', which holds no keys"):
        put({"scaffolds": ["aide"]}, "scaffolds.0.folds", 3)


@pytest.mark.parametrize("text", ["parallel", "=4", "a=[1"])
def test_a_malformed_setting_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="--set"):
        parse_setting(text)


def test_settings_go_before_the_file(tmp_path: Path) -> None:
    sweep = load_sweep(
        ROOT / "configs/quickstart.yaml", ["parallel=7", "seeds=[4, 5]", "scaffolds.0.folds=3"]
    )
    assert (sweep.parallel, sweep.seeds, sweep.scaffolds[0].settings["folds"]) == (7, (4, 5), 3)


def test_a_variant_changes_what_it_names_and_nothing_else(data_dir: Path) -> None:
    variants = {
        "base": {},
        "no_memory": {"scaffold.memory": "none"},
        "longer": {"time_limit.time": "48h", "time_limit.usd": 3},
        "hidden": {"task.description": "obfuscated"},
        "bare": {"tools.validate_submission": False},
        "online": {"network": "open"},
        "careful": {"final": "last_valid"},
    }
    found = {cell.labels.variant: cell for cell in cells(data_dir, variants=variants)}
    base = found.pop("base")
    changed = {name: cell.differences(base) for name, cell in found.items()}
    assert changed == {
        "no_memory": ["scaffold_config.memory"],
        "longer": ["limits.time_s", "limits.usd"],
        "hidden": ["data_digest", "description"],
        "bare": ["hidden_tools"],
        "online": ["network"],
        "careful": ["final"],
    }
    assert found["bare"].hidden_tools == ("validate_submission",)
    changes = {"models.feedback": "openai/gpt-4o", "models.main.reasoning_effort": "low"}
    sweep = sweep_of(models=["openai/o3"], variants={"reviewer": changes})
    options = sweep.options(sweep.scaffolds[0], sweep.models[0], sweep.time_limits[0], "reviewer")
    labels = {role: model.label for role, model in options.models.items()}
    assert labels == {"main": "openai/o3 (reasoning_effort low)", "feedback": "openai/gpt-4o"}


def test_two_efforts_of_a_model_are_two_arms(data_dir: Path) -> None:
    chosen = {"name": "openai-compatible/o3", "reasoning_effort": "high"}
    made = Plan(
        sweep_of(models=["openai-compatible/o3", chosen, {"main": "offline/tabular", "feedback": chosen}]),
        ("practice-digits",), (), Machine.here(), data_dir,
    )  # fmt: skip
    plain, high, mixed = made.cells()
    assert [cell.labels.model for cell in (plain, high, mixed)] == [
        "openai-compatible/o3",
        "openai-compatible/o3 (reasoning_effort high)",
        "offline/tabular + feedback openai-compatible/o3 (reasoning_effort high)",
    ]
    assert made.axes["models"][1] == high.labels.model
    assert len({plain.id, high.id, mixed.id}) == len({plain.arm, high.arm, mixed.arm}) == 3
    assert high.differences(plain) == ["models.main"]
    # A plain name is what it was before there were efforts, and both come back from a file.
    assert plain.identity()["models"] == {"main": "openai-compatible/o3"}
    assert Cell.model_validate_json(high.model_dump_json()) == high
    assert not made.twins()
    (twin,) = cells(data_dir)
    assert (twin.models["main"].settings, high.models["main"].settings) == ({}, {"reasoning_effort": "high"})


def test_labels_do_not_make_the_id_and_arms_are_about_the_agent(data_dir: Path) -> None:
    one, two = cells(data_dir, seeds=[0, 1])
    (renamed,) = cells(data_dir, variants={"other name": {}})
    (other,) = cells(data_dir, variants={"base": {"scaffold.folds": 2}})
    assert renamed.id == one.id != two.id
    assert one.arm == two.arm != other.arm


def test_settings_are_in_the_label_only_where_they_are_needed(data_dir: Path) -> None:
    several = [{"name": "aide", "folds": 2}, {"name": "aide", "folds": 3}]
    assert {cell.labels.scaffold for cell in cells(data_dir, scaffolds=several)} == {
        "aide(folds=2)",
        "aide(folds=3)",
    }
    assert [cell.labels.scaffold for cell in cells(data_dir)] == ["aide"]


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"scaffolds": ["mlabb"]}, "scaffold", "unknown scaffold 'mlabb'"),
        ({"variants": {"more": {"scaffold.workerz": 4}}}, "setting", "unknown key 'workerz'"),
        ({"variants": {"odd": {"tools.telepathy": False}}}, "setting", "no tool 'telepathy'"),
        ({"variants": {"odd": {"final": "best"}}}, "setting", "variant 'odd'"),
        ({"variants": {"a": {}, "b": {}}}, "setting", "are the same run: (aide, offline/tabular, "),
        (
            {"models": [{"name": "offline/tabular", "reasoning_effort": "low"}]},
            "setting",
            "offline/tabular cannot be told how much to reason: leave it out",
        ),
        (
            {"models": [{"main": {"name": "openai/o3", "reasoning_effort": "max"}}]},
            "setting",
            "openai/o3 (reasoning_effort max) does not exist: openai/o3 takes low, medium, high",
        ),
        (
            {"models": ["openai/gpt-4o"], "variants": {"deep": {"models.main.reasoning_effort": "high"}}},
            "setting",
            "openai/gpt-4o cannot be told how much to reason",
        ),
        ({"models": ["offline/tabula"]}, "model", "'offline/tabula'; did you mean 'offline/tabular'?"),
        (
            {"models": [{"main": "offline/tabular", "feedbak": "offline/tabular"}]},
            "setting",
            "no scaffold of this sweep asks in the role 'feedbak'; roles are: main, feedback",
        ),
        ({"competitions": ["practise"]}, "competition", "'practise'; nearest: practice, "),
        ({"models": ["carrier/pigeon"]}, "model", "unknown model 'carrier/pigeon'"),
        ({"models": ["litellm/carrier/pigeon"]}, "key", "export CARRIER_API_KEY=..."),
        ({"models": ["openai-compatible/carrier"]}, "model", "base_url"),
        ({"models": ["openai/pigeon"], "max_usd": 9}, "price", "echo 'openai/pigeon: {input: DOLLARS"),
        ({"models": ["openai/gpt-5"], "max_usd": 1}, "price", "may cost $1.28"),
        ({"competitions": ["low"]}, "data", "22 competitions are not prepared: "),
        ({"competitions": ["low"]}, "data", "python -m benchmark prepare low --data-dir"),
        ({"competitions": ["split75"]}, "data", "53 competitions are not prepared, and only MLE-bench's"),
        ({"competitions": ["AI4Code"]}, "data", "mlebench prepare -c AI4Code"),
        ({"competitions": ["practise-digits"]}, "competition", "practise-digits"),
        ({"hardware": ["2xA10"]}, "hardware", "2 GPUs of kind 'A10 24GB'; here:"),
    ],
)
def test_what_is_missing_is_named(data_dir: Path, changes: dict[str, object], kind: str, words: str) -> None:
    assert words in problems(data_dir, **changes)[kind]


def test_folders_that_cannot_be_written_into_are_named_by_the_plan(data_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for runs, data, option in ((file / "runs", data_dir, "--runs-dir"), (tmp_path, file, "--data-dir")):
        (problem,) = plan(sweep_of(), data, runs).problems
        assert (problem.kind, problem.fix) == ("disk", f"{option} FOLDER")
        assert f"{str(file)!r} is no folder" in problem.what


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise KeyError('early')", "cannot be loaded: KeyError: 'early' (strange.py, line 1)"),
        ("import sys; sys.exit(4)", "cannot be loaded: SystemExit: 4 (strange.py, line 1)"),
        ("def (:", "cannot be loaded: invalid syntax (strange.py, line 1)"),
        ("import nowhere_at_all", "No module named 'nowhere_at_all'; install it, or put"),
        ("x = 1", "cannot be loaded: module 'strange' has no attribute 'Agent'"),
        ("Agent = len", "is no class"),
        ("class Agent: pass", "has no pydantic model `Config`"),
        (f"{_OWN} = 1", "has no text `version`"),
        (f"{_OWN} = '1'", "has no method `run`"),
        (f"{_OWN} = '1'; run = print; __init__ = lambda self, config: 1 / 0", "made: ZeroDivisionError"),
    ],
)
def test_what_is_wrong_with_a_scaffold_of_the_users_own_is_said_before_it_runs(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, words: str
) -> None:
    (tmp_path / "strange.py").write_text(f"{code}\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    found = problems(data_dir, scaffolds=["strange:Agent"])
    sys.modules.pop("strange", None)
    assert words in "".join(found.values()).replace(f"{tmp_path}/", "")


def test_a_variant_may_change_only_what_there_is(data_dir: Path) -> None:
    with pytest.raises(ValueError, match="changes 'seed'; it may change scaffold, models"):
        sweep_of(variants={"x": {"seed": 3}})
    with pytest.raises(ValueError, match="seeds names 1 twice"):
        sweep_of(seeds=[1, 1])


def test_the_plan_counts_hours_also_where_things_are_missing(data_dir: Path) -> None:
    made = plan(
        sweep_of(
            models=["offline/tabular", "carrier/pigeon"],
            competitions=["split75"],
            hardware=["cpu", "2xA10"],
            time_limits=["24h", "100h"],
            seeds=[0, 1, 2],
        ),
        data_dir,
    )
    assert made.size == 2 * 75 * 2 * 2 * 3
    assert made.hours == pytest.approx(made.size / 2 * (24 + 100))
    assert made.gpu_hours == pytest.approx(made.hours / 2 * 2)


@pytest.mark.parametrize("config", SWEEPS, ids=lambda path: path.stem)
def test_every_config_is_planned_as_it_stands(config: Path, data_dir: Path) -> None:
    made = plan(load_sweep(config), data_dir)
    assert made.size > 0
    assert made.hours > 0

"""Presets: files beside a scaffold, named in a config, part of what a run is."""

import sys
from pathlib import Path

import pytest

from experiments.build import build_scaffold
from experiments.plan import plan
from scaffolds.aide.scaffold import AideConfig
from scaffolds.errors import UserError
from scaffolds.registry import configured, find, presets
from tests.conftest import sweep_of

EXTENDING = {
    "base": "{steps: 5, num_drafts: 2, workers: 3}",
    "longer": "{extends: middle, steps: 7}",
    "middle": "{folds: 4, extends: base}",
    "here": "extends: there",
    "there": "extends: here",
    "lost": "extends: nowhere",
}


def test_every_preset_of_aide_is_valid_and_needs_no_registration() -> None:
    names = presets(find("aide").make)
    assert set(names) >= {"paper", "parallel", "parity"}
    for name in names:
        assert isinstance(configured(find(f"aide/{name}"), {}), AideConfig)


def test_the_paper_is_as_the_paper_says() -> None:
    config = configured(find("aide/paper"), {})
    assert isinstance(config, AideConfig)
    assert (config.steps, config.num_drafts, config.debug_prob, config.max_debug_depth) == (500, 5, 1.0, 20)
    assert (config.exec_timeout_s, config.folds, config.memory, config.workers) == (9 * 3600, 5, "all", 1)
    assert (config.selector, config.prompts, config.parity) == ("best_val", "original", False)
    assert config.packages == AideConfig.model_validate({}).packages
    assert {"torch", "timm", "xgboost", "lightGBM"} < set(config.packages)


def test_a_config_may_change_a_preset(data_dir: Path) -> None:
    changed = {"name": "aide/parallel", "workers": 3}
    sweep = sweep_of(scaffolds=["aide/parallel", changed, "aide"], variants={"v": {"scaffold.folds": 2}})
    cells = list(plan(sweep, data_dir).cells())
    assert [cell.scaffold_config["workers"] for cell in cells] == [2, 3, 1]
    assert [cell.scaffold_config["folds"] for cell in cells] == [2, 2, 2]
    assert [cell.labels.scaffold for cell in cells] == ["aide/parallel", "aide/parallel(workers=3)", "aide"]
    assert len({cell.id for cell in cells}) == 3
    assert "/" not in cells[0].id


@pytest.mark.parametrize("name", ["aide/papre", "aide/", "aide/../presets/paper", "mlab/paper"])
def test_an_unknown_preset_is_refused_with_those_that_there_are(data_dir: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"there is no preset .*There are: "):
        find(name)
    problems = plan(sweep_of(scaffolds=[name]), data_dir).problems
    assert [problem.kind for problem in problems] == ["scaffold"]


def test_a_scaffold_of_the_users_own_has_presets_too(
    tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine_aide.py").write_text(
        "from scaffolds.aide.scaffold import Aide\n\n\nclass Mine(Aide):\n    name = 'mine'\n"
    )
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "quick.yaml").write_text("steps: 7\n")
    (tmp_path / "presets" / "broken.yaml").write_text("steps: [\n")
    (tmp_path / "presets" / "list.yaml").write_text("- steps\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    try:
        assert configured(find("mine_aide:Mine/quick"), {}).model_dump()["steps"] == 7
        (cell,) = plan(sweep_of(scaffolds=["mine_aide:Mine/quick"]), data_dir).cells()
        (tmp_path / "presets" / "quick.yaml").unlink()
        assert build_scaffold(cell).name == "mine"
        for name, text in EXTENDING.items():
            (tmp_path / "presets" / f"{name}.yaml").write_text(text)
        longer = configured(find("mine_aide:Mine/longer"), {"folds": 9}).model_dump()
        assert (longer["steps"], longer["num_drafts"], longer["folds"], longer["workers"]) == (7, 2, 9, 3)
        with pytest.raises(UserError, match="presets extend each other: here -> there -> here"):
            find("mine_aide:Mine/here")
        with pytest.raises(UserError, match=r"there is no preset 'nowhere'\. There are: base, broken, here"):
            find("mine_aide:Mine/lost")
        with pytest.raises(UserError, match="is not YAML"):
            find("mine_aide:Mine/broken")
        with pytest.raises(UserError, match="not a mapping"):
            find("mine_aide:Mine/list")
    finally:
        sys.modules.pop("mine_aide", None)

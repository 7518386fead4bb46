"""The scripts really run: on every sort of table, metric and prediction."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scaffolds.models.offline import catalog
from scaffolds.models.offline.outputs import read_output
from scaffolds.models.offline.recipes import Member, Recipe, recipe_of
from scaffolds.models.offline.scripts import render_script
from scaffolds.task import Metric
from tests.scaffolds.models.offline_play import Ran, Runner, Table, mixed_columns, write_table

ALL_FEATURES = tuple(catalog.features())


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return Runner(tmp_path_factory.mktemp("runs"))


def simple(family: str, classes: bool) -> Recipe:
    return Recipe((Member.first(family, classes),))


def checked(table: Table, ran: Ran) -> pd.DataFrame:
    """What every finished script must have left; returns the submission."""
    assert ran.exit_code == 0, ran.output
    findings = read_output(ran.output)
    assert findings.fault is None, ran.output
    assert findings.score == pytest.approx(ran.score, abs=1e-6)
    assert findings.folds == pytest.approx(ran.metrics["folds"], abs=1e-6)
    assert ran.output.splitlines()[-1].startswith("validation ")
    assert "Warning" not in ran.output
    made, sample = ran.submission, table.sample
    assert list(made.columns) == list(sample.columns)
    assert list(made[table.card.id_column]) == list(sample[table.card.id_column])
    assert not (made == "").to_numpy().any()
    return made


def labelled(n: int, labels: list[str], seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test rows whose label follows from a number."""
    both = mixed_columns(n + n // 3, seed)
    train, test = both[:n].copy(), both[n:].copy()
    train["target"] = np.array(labels)[pd.qcut(train["number"], len(labels), labels=False)]
    return train, test


@pytest.mark.parametrize("labels", [["no", "yes"], ["2", "10", "1"], ["None", "a b", "x"]])
def test_labels_come_back_as_they_are_written(runner: Runner, tmp_path: Path, labels: list[str]) -> None:
    train, test = labelled(120, labels)
    table = write_table(tmp_path / "data", train, test)
    made = checked(table, runner.run(table, render_script(table.card, simple("tree", True))))
    assert set(made["target"]) == set(labels)


def test_every_feature_and_family_on_mixed_columns(runner: Runner, tmp_path: Path) -> None:
    train, test = labelled(60, ["0", "1"])
    table = write_table(
        tmp_path / "c", train, test, prediction="probability", metric=Metric("AUC", maximize=True)
    )
    members = tuple(Member.first(family, True) for family in catalog.families())
    made = checked(table, runner.run(table, render_script(table.card, Recipe(members, ALL_FEATURES))))
    assert made["target"].astype(float).between(0, 1).all()

    train["target"] = 100 + 10 * train["number"]
    table = write_table(
        tmp_path / "n", train, test, prediction="number", metric=Metric("RMSLE", maximize=False)
    )
    scalings = list(catalog.scalings())
    members = tuple(
        Member.first(family, False, scalings[k % len(scalings)])
        for k, family in enumerate(catalog.families())
    )
    ran = runner.run(table, render_script(table.card, Recipe(members, ALL_FEATURES, log=True)))
    made = checked(table, ran)
    assert ran.score < 0.1
    assert made["target"].astype(float).between(50, 150).all()


@pytest.mark.parametrize(
    ("labels", "columns", "high"),
    [
        (["adelie", "gentoo"], ["gentoo", "adelie"], {"gentoo": 1}),
        (["C", "CL", "D"], ["Status_C", "Status_CL", "Status_D", "Status_X"], {"Status_D": 1, "Status_X": 0}),
        (["1", "2", "10"], ["p_1", "p_10", "p_2"], {"p_10": 1}),
        (["low", "mid", "top"], ["first", "second", "third"], {"third": 1}),
        (["False", "True"], ["target"], {"target": 1}),
    ],
)
def test_each_probability_goes_to_the_column_that_asks_for_it(
    runner: Runner, tmp_path: Path, labels: list[str], columns: list[str], high: dict[str, int]
) -> None:
    train, test = labelled(120, labels)
    test["number"] = 2.5
    test["with holes"] = 2.5
    metric = Metric("log_loss", maximize=False)
    table = write_table(
        tmp_path / "data", train, test, prediction="probability", metric=metric, columns=columns
    )
    made = checked(table, runner.run(table, render_script(table.card, simple("tree", True))))
    for column, expected in high.items():
        assert made[column].astype(float).to_numpy() == pytest.approx(expected, abs=0.2)


@pytest.mark.parametrize("prediction", ["class", "number"])
def test_tables_of_a_dozen_rows(runner: Runner, tmp_path: Path, prediction: str) -> None:
    classes = prediction == "class"
    both = mixed_columns(16, 3)
    train, test = both[:12].copy(), both[12:].copy()
    # One label has a single row, so some folds never see it.
    train["target"] = (
        ["a", "b", "a", "b", "a", "b", "a", "b", "a", "b", "a", "only"] if classes else range(12)
    )
    metric = Metric("f1_macro", True) if classes else Metric("r2", True)
    table = write_table(tmp_path / "data", train, test, prediction=prediction, metric=metric)
    members = tuple(Member.first(family, classes, "rank") for family in catalog.families())
    recipe = Recipe(members, ALL_FEATURES)
    ran = runner.run(table, render_script(table.card, recipe))
    checked(table, ran)
    assert ran.metrics["n"] == 12


@pytest.mark.parametrize("metric", sorted(catalog.metrics()))
def test_every_metric(runner: Runner, tmp_path: Path, metric: str) -> None:
    entry = catalog.metrics()[metric]
    train, test = labelled(60, ["1", "2", "3"])
    prediction = "number" if entry.kind == "numbers" else "probability"
    table = write_table(
        tmp_path / "data", train, test, prediction=prediction, metric=Metric(metric, entry.maximize)
    )
    family = "tree" if entry.kind == "classes" else "linear"
    ran = runner.run(table, render_script(table.card, simple(family, prediction != "number")))
    checked(table, ran)
    assert f"validation {metric}: " in ran.output
    assert "is not a metric" not in ran.output


@pytest.mark.parametrize("maximize", [True, False])
@pytest.mark.parametrize("prediction", ["class", "probability", "number"])
def test_an_unknown_metric_is_replaced_by_one_of_the_same_direction(
    runner: Runner, tmp_path: Path, prediction: str, maximize: bool
) -> None:
    train, test = labelled(60, ["1", "2"])
    metric = Metric('wei"rd @\n7', maximize)
    table = write_table(tmp_path / "data", train, test, prediction=prediction, metric=metric)
    used = catalog.metric_of(table.card)
    assert catalog.metrics()[used].maximize is maximize
    ran = runner.run(table, render_script(table.card, simple("linear", prediction != "number")))
    checked(table, ran)
    assert f"it uses {used}" in ran.output


def test_odd_files(runner: Runner, tmp_path: Path) -> None:
    """Rows in another order than the sample's, no sample, holes in the target, nothing to learn from."""
    train, test = labelled(60, ["n", "y"])
    train.loc[3, "target"] = None
    folder = tmp_path / "data"
    table = write_table(folder, train, test, target="target")
    test.sample(frac=1, random_state=0).to_csv(folder / "test.csv", index=False)
    ordered = runner.run(table, render_script(table.card, simple("linear", True)))
    checked(table, ordered)
    assert ordered.metrics["n"] == 59

    files = {"train": "input/train.csv", "test": "input/test.csv"}
    no_sample = replace(table, card=replace(table.card, files=files, submission="./out/my 'best'.csv"))
    ran = runner.run(no_sample, render_script(no_sample.card, simple("linear", True)))
    assert ran.exit_code == 0, ran.output
    made = pd.read_csv(ran.folder / "out" / "my 'best'.csv", dtype=str)
    assert sorted(made["row_id"]) == sorted(table.sample["row_id"])

    bare = write_table(tmp_path / "bare", train[["row_id", "target"]], test[["row_id"]])
    checked(bare, runner.run(bare, render_script(bare.card, simple("boosting", True))))


def test_large_tables_are_sampled(runner: Runner, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    both = pd.DataFrame(rng.normal(size=(26_000, 4)), columns=list("abcd"))
    both.insert(0, "id", range(len(both)))
    train = both[:24_000].assign(target=(both["a"] * both["b"] > 0).astype(int))
    table = write_table(tmp_path / "data", train, both[24_000:])
    ran = runner.run(table, render_script(table.card, simple("svm", True)))
    checked(table, ran)
    assert ran.metrics["n"] == 20_000
    assert len(read_output(ran.output).folds) == 3
    assert ran.score > 0.95


def test_a_script_gives_the_same_for_the_same_seed(runner: Runner, tmp_path: Path) -> None:
    train, test = labelled(60, ["n", "y"])
    table = write_table(
        tmp_path / "data", train, test, prediction="probability", metric=Metric("roc_auc", True)
    )
    names = ("extra_trees", "boosting", "network")
    recipe = Recipe(tuple(Member.first(name, True) for name in names), ("words", "crosses"))
    code = render_script(table.card, recipe)
    first, again, other = (runner.run(table, code, seed) for seed in (0, 0, 7))
    program = runner.run_program(table, code)
    assert first.output == again.output == program.output != other.output
    for name in ("submission.csv", "metrics.json"):
        texts = [(ran.folder / name).read_bytes() for ran in (first, again, program)]
        assert texts[0] == texts[1] == texts[2]
    json.loads((program.folder / "metrics.json").read_text())


@pytest.mark.parametrize("classes", [True, False])
def test_a_script_states_its_recipe(tmp_path: Path, classes: bool) -> None:
    train, test = labelled(30, ["n", "y"])
    table = write_table(tmp_path / "data", train, test, prediction="class" if classes else "number")
    members = tuple(Member.first(family, classes) for family in catalog.families())
    recipe = Recipe(members, ALL_FEATURES, log=not classes, folds=3, max_rows=777)
    assert recipe_of(render_script(table.card, recipe)) == recipe


@pytest.mark.parametrize(
    "code",
    [
        "",
        "print(1",
        "MODELS = 3",
        "MODELS = []\nFEATURES = []\nFOLDS = 5\nMAX_ROWS = 9",
        "MODELS = [('no such', 'plain', {})]\nFEATURES = []\nFOLDS = 5\nMAX_ROWS = 9",
        "MODELS = [('svm', 'plain', {})]\nFEATURES = ['no such']\nFOLDS = 5\nMAX_ROWS = 9",
        "MODELS = open('x')\nFEATURES = []\nFOLDS = 5\nMAX_ROWS = 9",
        "\0",
        "(" * 5000,
    ],
)
def test_code_of_others_states_none(code: str) -> None:
    assert recipe_of(code) is None

"""The same agent on two data versions of a competition: each with its own task, contract, grader and line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmark.prepare import Options, prepare
from benchmark.versions import CHANGES, find_version
from experiments.aggregate import aggregate
from experiments.cell import load_cell
from experiments.files import read_json
from experiments.plan import plan
from experiments.report_view import markdown, notes
from experiments.results import GRADE_FILE
from experiments.sweep_rows import read_rows
from experiments.trajectory import Trajectory
from scaffolds.yaml_text import yaml_text
from tests.conftest import sweep_of
from tests.experiments.test_commands import places, type_in

CATHETERS = "ranzcr-clip-catheter-line-classification"
"""Its second version has two labels more, and with them another metric."""
LABELS = find_version(CATHETERS, 2).submission.listed


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both versions of the competition, of few and empty pictures."""
    folder = tmp_path_factory.mktemp("versions")
    rows = pd.DataFrame({"StudyInstanceUID": [f"s{n}" for n in range(200)]})
    rows = rows.assign(**dict.fromkeys(LABELS, rows.index % 2), PatientID=[f"p{n // 2}" for n in rows.index])
    raw = folder / "raw"
    (raw / "train").mkdir(parents=True)
    rows.to_csv(raw / "train.csv", index=False)
    rows[["StudyInstanceUID"]].to_csv(raw / "train_annotations.csv", index=False)
    for study in rows["StudyInstanceUID"]:
        (raw / "train" / f"{study}.jpg").write_text(study)
    for version in (1, 2):
        prepare(find_version(CATHETERS, version), folder / "data", Options(raw=raw))
    return folder / "data"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    """A folder with two sweeps, `one` and `two`, each of one cell."""
    folder = tmp_path_factory.mktemp("sweeps")
    for name, keys in (("one", {}), ("two", {"data_version": 2})):
        config = folder / f"{name}.yaml"
        config.write_text(yaml_text(facts(**keys)))
        done = type_in("experiments.sweep", config, *places(folder, "runs", data))
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "runs"


def facts(**changes: object) -> dict[str, object]:
    return {
        "scaffolds": ["tests.experiments.agents:Submits"],
        "models": ["offline/tabular"],
        "competitions": [CATHETERS],
        "time_limits": ["24h"],
        **changes,
    }


def ended(sweep: Path) -> tuple[Path, Mapping[str, Any], dict[str, str]]:
    """The only run of a sweep, its grade, and what its agent noted."""
    (run,) = (path.parent for path in sweep.glob("*/cell.json"))
    log = Trajectory(run).log
    (event,) = log.of_type("submits.seen")
    noted = {name: log.value(event, name) for name in ("told", "described", "header", "verdict")}
    return run, read_json(run / GRADE_FILE) or {}, noted


def test_task_contract_and_grader_are_those_of_the_version(runs: Path) -> None:
    for name, version, labels in (("one", 1, 9), ("two", 2, 11)):
        run, grade, noted = ended(runs / name)
        competition = find_version(CATHETERS, version)
        assert load_cell(run).data_version == grade["data_version"] == version
        assert noted["told"] == competition.description()
        assert noted["described"].startswith(competition.description().splitlines()[0])
        assert (competition.version_2[0].what in noted["told"]) == (version == 2)
        assert noted["header"].count(",") == labels
        assert "valid" in noted["verdict"].lower()
        assert (grade["valid_submission"], grade["score"]) == (True, 0.5)


def test_versions_share_an_arm_and_no_line(runs: Path) -> None:
    rows = read_rows([runs])
    assert len({row.arm for row in rows}) == 1
    assert len({row.cell for row in rows}) == 2
    assert {row.data_version: row.median for row in rows} == {1: 0.9675, 2: None}
    report = aggregate(rows)
    assert [(line.data_version, line.cells) for line in report.lines] == [(1, 1), (2, 1)]
    assert "Data version" in markdown(report)
    assert (
        "1 cell graded by a metric of data version 2 that no leaderboard has: no medal can be won."
        in notes(report)
    )


def test_a_sweep_that_says_nothing_is_of_the_first_version(data: Path) -> None:
    silent, said, second = (
        next(plan(sweep_of(competitions=[CATHETERS], **keys), data).cells())
        for keys in ({}, {"data_version": 1}, {"data_version": 2})
    )
    assert silent == said
    assert second.differences(silent) == ["data_digest", "data_version"]


def test_the_end_of_a_sweep_and_its_inspector_say_the_version(runs: Path, data: Path) -> None:
    again = type_in("experiments.sweep", runs.parent / "two.yaml", *places(runs.parent, "runs", data))
    assert "data version" in " ".join(again.stdout.split())
    assert "no medal can be won" in " ".join(again.stdout.split())
    shown = type_in("experiments.inspect", ended(runs / "two")[0], "--plain")
    assert f"{CATHETERS}, data version 2, seed 0" in shown.stdout


@pytest.mark.parametrize(
    ("competitions", "kind", "what", "fix"),
    [
        (["spaceship-titanic"], "data", "1 competition is not prepared: spaceship-titanic",
         "python -m benchmark prepare spaceship-titanic --data-version 2 --data-dir {data}"),
        (["tgs-salt-identification-challenge"], "data", "only MLE-bench's own package can do so",
         "mlebench prepare -c tgs-salt-identification-challenge --data-dir {data}/v2 && python -m benchmark "
         "prepare tgs-salt-identification-challenge --data-version 2 --data-dir {data}"),
        ([CATHETERS, "practice", "AI4Code"], "competition", "4 competitions have no data version 2",
         f"--set 'competitions=[{CATHETERS}]'"),
        (["practice-digits"], "competition", "1 competition has no data version 2", "--set data_version=1"),
    ],
)  # fmt: skip
def test_the_plan_names_what_a_version_lacks(
    data: Path, competitions: list[str], kind: str, what: str, fix: str
) -> None:
    (problem,) = plan(sweep_of(competitions=competitions, data_version=2), data).problems
    assert (problem.kind, problem.fix) == (kind, fix.format(data=data))
    assert what in problem.what


def test_data_of_mle_bench_serve_a_version_that_changes_the_metric_alone(tmp_path: Path) -> None:
    """Their place is the one that the plan's command names, and the description becomes the version's own."""
    competition = find_version("tgs-salt-identification-challenge", 2)
    assert {change.of for change in competition.version_2} == {"metric"}
    assert (competition.folder / CHANGES).is_file()
    prepared = tmp_path / "data" / "v2" / competition.id / "prepared"
    for path in (
        *(f"public/{name}" for name in competition.files.values()),
        f"private/{competition.answers.file}",
    ):
        (prepared / path).parent.mkdir(parents=True, exist_ok=True)
        (prepared / path).write_text("of MLE-bench")
    done = type_in(
        "benchmark", "prepare", competition.id, "--data-version", "2", "--data-dir", tmp_path / "data"
    )
    assert done.returncode == 0, done.stderr
    assert (prepared / "public" / "description.md").read_text() == competition.description()

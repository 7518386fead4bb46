"""The command line: what it prints, its exit codes, and errors in one line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from benchmark.__main__ import app
from benchmark.grade import Report
from benchmark.registry import find, members
from benchmark.verdict import Verdict
from tests.benchmark.conftest import Practice


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def sample(digits: Practice, tmp_path: Path) -> Path:
    path = tmp_path / "sample.csv"
    path.write_bytes(digits.sample)
    return path


def test_grade_sample(sample: Path, data_dir: Path) -> None:
    shown = run("grade-sample", sample, "practice-digits", "--data-dir", data_dir)
    assert shown.exit_code == 0
    assert "valid         yes (OK)" in shown.stdout
    assert "medal         none" in shown.stdout
    as_json = run("grade-sample", sample, "practice-digits", "--data-dir", data_dir, "--json")
    report = Report.model_validate_json(as_json.stdout)
    assert report.submission_path == str(sample)
    assert f"score         {report.score}" in shown.stdout


def test_validate(sample: Path, data_dir: Path) -> None:
    shown = run("validate", sample, "practice-digits", "--data-dir", data_dir)
    assert (shown.exit_code, shown.stdout.split(":")[0]) == (0, "OK")
    sample.write_text("id,\x1b[2J\n1,2\n")
    refused = run("validate", sample, "practice-digits", "--data-dir", data_dir)
    assert (refused.exit_code, refused.stdout.split(":")[0]) == (1, "COLUMNS")
    assert "\x1b" not in refused.stdout
    as_json = run("validate", sample, "practice-digits", "--data-dir", data_dir, "--json")
    assert as_json.exit_code == 1
    assert not Verdict.model_validate_json(as_json.stdout).valid


def test_prepare_once_and_again(tmp_path: Path) -> None:
    first = run("prepare", "practice-diabetes", "practice-digits", "--data-dir", tmp_path)
    assert first.exit_code == 0
    assert [line.split(":")[0] for line in first.stdout.splitlines()] == [
        "practice-diabetes",
        "practice-digits",
    ]
    assert (
        run("prepare", "practice-diabetes", "practice-digits", "--data-dir", tmp_path).stdout == first.stdout
    )


def test_facts() -> None:
    listed = run("list", "--split", "practice")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == list(members("practice"))
    assert set(listed.stdout.splitlines()) <= set(run("list").stdout.splitlines())
    assert "practice-diabetes" in listed.stdout
    assert "rmse (lower is better)" in listed.stdout
    everything = json.loads(run("list", "--json").stdout)
    contrails = "google-research-identify-contrails-reduce-global-warming"
    scored = [" ".join(line.split()) for line in run("info", contrails).stdout.splitlines()]
    assert {
        "metric global_dice (higher is better)",
        "in words global Dice coefficient",
        "settings truth encoded_pixels, predicted encoded_pixels, height height, width width",
        "undefined the score is 1.0",
        f"Kaggle {contrails}",
    } <= set(scored)
    assert any(line.startswith(f"answers {find(contrails).answers.file}") for line in scored)
    assert len(scored) <= 24
    leaves = run("info", "leaf-classification").stdout
    assert "id, every further column of the sample, 99 in all (probability)" in leaves
    assert "(shuffle, seed 0, test fraction 0.1)" in leaves
    phrases = "movie-review-sentiment-analysis-kernels-only"
    second = json.loads(run("info", phrases, "--data-version", "2", "--json").stdout)
    assert (second["data_version"], second["split"]["by"]) == (2, "SentenceId")
    assert "has no data version 2" in run("info", "leaf-classification", "--data-version", "2").stderr
    shown = run("info", "practice-digits")
    assert "label (class)" in shown.stdout
    assert json.loads(run("info", "practice-digits", "--json").stdout) in everything
    board = run("leaderboard", "practice-digits", "--top", "3").stdout.splitlines()
    assert [line.split()[0] for line in board] == ["1", "2", "3"]
    assert len(json.loads(run("leaderboard", "practice-digits", "--json").stdout)) >= 100


@pytest.mark.usefixtures("only_practice")
def test_what_a_split_lacks_is_said_and_the_rest_done(tmp_path: Path) -> None:
    listed = run("list", "--split", "low", "--json")
    assert (listed.exit_code, json.loads(listed.stdout)) == (0, [])
    assert "low: this version has no folder for 22 of the 22 competitions: aerial-cactus" in listed.stderr
    assert run("list", "--split", "practice").stderr == ""
    everything = run("list", "--split", "split75").stderr
    assert all(name in everything for name in members("split75"))
    prepared = run("prepare", "practice", "high", "--data-dir", tmp_path / "data")
    assert prepared.exit_code == 0
    assert [line.split(":")[0] for line in prepared.stdout.splitlines()] == list(members("practice"))
    assert "practice high: this version has no folder for 15 of the 18 competitions" in prepared.stderr


@pytest.mark.usefixtures("only_practice")
@pytest.mark.parametrize(
    ("names", "lacking"),
    [
        (("split75",), members("split75")),
        (("dev", "lite"), (*members("dev"), *members("low"))),
        (("practice", "leaf-classification"), ("leaf-classification",)),
    ],
)
def test_preparing_what_is_not_there_is_an_error(
    names: tuple[str, ...], lacking: tuple[str, ...], tmp_path: Path
) -> None:
    failed = run("prepare", *names, "--data-dir", tmp_path / "data")
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert failed.stderr == f"error: this version has no competition folder for {', '.join(lacking)}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("info", "practice-digit"), "python -m benchmark list"),
        (
            ("list", "--split", "hard"),
            "split75; for all competitions type: python -m benchmark list",
        ),
        (("bench", "practice-digits", "--json"), "add a line there"),
        (
            ("prepare", "AI4Code", "--data-dir", "{tmp}"),
            "this version does not; type: mlebench prepare -c AI4Code --data-dir {tmp}",
        ),
        (("prepare", "leaf-classification", "--data-version", "2"), "error: 'leaf-classification' has no"),
        (
            ("validate", "x.csv", "practice-digits", "--data-dir", "{tmp}"),
            "python -m benchmark prepare practice-digits",
        ),
        (("grade-sample", "x.csv", "practice-digits", "--data-dir", "{tmp}"), "is not prepared in"),
        (("grade-sample", "{tmp}/x\n.csv", "practice-digits", "--data-dir", "{data}"), "cannot read"),
        (("prepare", "practice-digits", "--data-dir", "/proc/none"), "No such file"),
    ],
)
def test_errors_are_one_line(arguments: tuple[str, ...], said: str, data_dir: Path, tmp_path: Path) -> None:
    places = {"{tmp}": str(tmp_path), "{data}": str(data_dir)}
    filled = [
        argument.replace("{tmp}", places["{tmp}"]).replace("{data}", places["{data}"])
        for argument in arguments
    ]
    failed = run(*filled)
    assert failed.exit_code == 1
    assert failed.stdout == ""
    assert failed.stderr.startswith("error: ")
    assert said.replace("{tmp}", places["{tmp}"]) in failed.stderr
    assert failed.stderr.count("\n") == 1


def test_wrong_usage_exits_with_two() -> None:
    assert run("validate").exit_code == 2
    assert run("frobnicate").exit_code == 2
    done = subprocess.run(
        [sys.executable, "-m", "benchmark", "info"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Missing argument 'ID'" in done.stderr
    assert "Traceback" not in done.stderr

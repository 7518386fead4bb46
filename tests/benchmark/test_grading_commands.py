"""`grade`, `medals`, `leaderboard`, `verify` and `bench`: what they print, write and refuse."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from benchmark.__main__ import app
from benchmark.batch import GradingReport
from benchmark.registry import find
from benchmark.verify import verify
from benchmark.versions import at_version
from tests.benchmark.conftest import Practice
from tests.benchmark.golden import IDS, golden
from tests.benchmark.packing import pack

MEDIUM = "cassava-leaf-disease-classification"


def run(*arguments: str | Path | int) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def answers_alone(tmp_path: Path) -> Path:
    """Prepared data of which the private folder is all that is there."""
    case = golden(MEDIUM)
    private = tmp_path / "data" / MEDIUM / "prepared" / "private"
    private.mkdir(parents=True)
    for path in case.answers.iterdir():
        (private / path.name).write_bytes(path.read_bytes())
    return tmp_path / "data"


def test_a_list_of_submissions(answers_alone: Path, tmp_path: Path) -> None:
    case = golden(MEDIUM)
    paths: list[Path] = []
    for number, one in enumerate(case.cases):
        paths.append(tmp_path / f"{number}.csv")
        paths[-1].write_bytes(case.data(one))
    lines = [{"competition_id": MEDIUM, "submission_path": str(path), "more": 1} for path in paths]
    lines += [
        {"competition_id": MEDIUM, "submission_path": str(tmp_path / "none.csv")},
        {"competition_id": MEDIUM},
    ]
    listed = tmp_path / "list.jsonl"
    listed.write_text("\n".join(json.dumps(line) for line in lines) + "\n\n")
    wanted = (
        "--submissions",
        listed,
        "--data-dir",
        answers_alone,
        "--output-dir",
        tmp_path / "out",
        "--workers",
        2,
    )
    done = run("grade", *wanted)
    assert done.exit_code == 0, done.stderr
    (written,) = (tmp_path / "out").glob("*_grading_report.json")
    report = GradingReport.model_validate_json(written.read_bytes())
    assert f"report                 {written}" in done.stdout
    assert [one.submission_path for one in report.competition_reports] == [
        *map(str, paths),
        lines[-2]["submission_path"],
        "",
    ]
    for one, case_report in zip(case.cases, report.competition_reports, strict=False):
        assert case_report.valid_submission == one.valid
    assert report.total_runs == len(lines)
    assert report.total_runs_with_submissions == len(paths)
    assert report.total_valid_submissions == sum(one.valid for one in case.cases)
    assert (
        report.total_medals
        == report.total_gold_medals + report.total_silver_medals + report.total_bronze_medals
    )
    assert report.total_gold_medals >= 1
    as_json = json.loads(run("grade", *wanted, "--json").stdout)
    assert as_json["total_runs"] == len(lines)
    assert len(as_json["competition_reports"]) == len(lines)


def test_one_failure_loses_no_other_grade(answers_alone: Path, tmp_path: Path) -> None:
    """A name that no file can have, a competition with broken answers, and no file at all."""
    broken = "spaceship-titanic"
    private = answers_alone / broken / "prepared" / "private"
    private.mkdir(parents=True)
    (private / find(broken).answers.file).write_text("other\n1\n")
    fine = tmp_path / "fine.csv"
    fine.write_bytes(golden(MEDIUM).perfect)
    paths = {"x" * 5000: MEDIUM, str(fine.parent / "none.csv"): MEDIUM}
    lines = [*({"competition_id": name, "submission_path": path} for path, name in paths.items())]
    lines += [{"competition_id": name, "submission_path": str(fine)} for name in (broken, MEDIUM)]
    listed = tmp_path / "list.jsonl"
    listed.write_text("\n".join(map(json.dumps, lines)))
    out = tmp_path / "out"
    done = run("grade", "--submissions", listed, "--data-dir", answers_alone, "--output-dir", out)
    assert done.exit_code == 1
    assert done.stderr.count("error: ") == 2
    assert [line.split()[1] for line in done.stdout.splitlines()[:2]] == ["FAILED", "no"]
    (written,) = out.iterdir()
    report = GradingReport.model_validate_json(written.read_bytes())
    assert [one.verdict.code for one in report.competition_reports] == ["FAILED", "NOT_CSV", "FAILED", "OK"]
    assert (report.total_failed, report.total_valid_submissions, report.total_gold_medals) == (2, 1, 1)
    assert [one.submission_exists for one in report.competition_reports] == [False, False, True, True]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 1: it is no JSON"),
        ("[]", "line 1: line"),
        ('{"submission_path": "x"}', "line 1: competition_id"),
        ('{"competition_id": "cassava"}', "no competition is called 'cassava'"),
        ('{"competition_id": "AI4Code"}', "mlebench prepare -c AI4Code"),
        ("", "names no submission"),
    ],
)
def test_a_list_that_cannot_be_graded(answers_alone: Path, tmp_path: Path, line: str, said: str) -> None:
    listed = tmp_path / "list.jsonl"
    listed.write_text(line)
    failed = run(
        "grade", "--submissions", listed, "--data-dir", answers_alone, "--output-dir", tmp_path / "out"
    )
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert said in failed.stderr
    assert failed.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_grading_one_needs_no_public_files(answers_alone: Path, tmp_path: Path) -> None:
    sample = tmp_path / "x.csv"
    sample.write_bytes(golden(MEDIUM).perfect)
    done = run("grade-sample", sample, MEDIUM, "--data-dir", answers_alone)
    assert "score         1.0" in done.stdout
    assert "rank          not known" in done.stdout
    refused = run("validate", sample, MEDIUM, "--data-dir", answers_alone)
    assert (refused.exit_code, "is not prepared" in refused.stderr) == (1, True)


def board(folder: Path, text: str) -> Path:
    path = folder / "mlebench" / "competitions" / "AI4Code" / "leaderboard.csv"
    path.parent.mkdir(parents=True)
    path.write_text(text, errors="surrogateescape")
    return folder


def test_medals_with_and_without_a_board(tmp_path: Path) -> None:
    data = tmp_path / "data"
    bare = run("medals", "AI4Code", "--score", "0.86", "--data-dir", data)
    assert "medal            silver" in bare.stdout
    assert "rank             not known" in bare.stdout
    assert "leaderboard AI4Code --fetch" in run("leaderboard", "AI4Code", "--data-dir", data).stderr
    source = board(
        tmp_path / "checkout", "scoreNullable,teamId,score\n0.9,1,0.9\n0.7,2,0.7\n,3,\n0.8,4,0.8\n"
    )
    shown = run("leaderboard", "AI4Code", "--from", source, "--data-dir", data, "--top", 2)
    assert [line.split()[:2] for line in shown.stdout.splitlines()] == [["1", "0.9"], ["2", "0.8"]]
    worst = run("medals", "AI4Code", "--score", "0.1", "--data-dir", data)
    assert "rank             behind all 3 teams" in worst.stdout
    ranked = json.loads(run("medals", "AI4Code", "--score", "0.8", "--data-dir", data, "--json").stdout)
    assert (ranked["rank"], ranked["teams"], ranked["percentile"]) == (2, 3, 66.67)
    assert ranked["medal"] is None
    assert ranked["threshold_teams"] == 1025
    basis = "the recorded thresholds (1025 teams)"
    assert ranked["medal_by"] == f"{basis}; the board here has 3"
    assert f"medal_by         {basis}\n" in bare.stdout
    for score in ("nan", "inf", "-inf"):
        refused = run("medals", "AI4Code", f"--score={score}", "--data-dir", data, "--json")
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert "no score; give a finite number" in refused.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "git lfs pull"),
        ("team,points\n1,2\n", "no column `score`"),
        ("score\n", "holds no scores"),
        ("score\nmany\n", "no number: 'many'"),
        ("score\n\udcff\udcfe\n", "it is no CSV ('utf-8' codec"),
        ("score\n" + "1" * 200_000, "it is no CSV (field larger"),
    ],
)
def test_boards_that_are_none(tmp_path: Path, text: str, said: str) -> None:
    failed = run("leaderboard", "AI4Code", "--from", board(tmp_path / "c", text), "--data-dir", tmp_path)
    assert failed.exit_code == 1
    assert said in failed.stderr
    assert "no such file" in run("leaderboard", "leaf-classification", "--from", tmp_path / "c").stderr
    both = run("leaderboard", "AI4Code", "--fetch", "--from", tmp_path / "c", "--data-dir", tmp_path)
    assert "two sources" in both.stderr


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ("score\n0.5\n", "KeyError: 'rank'"),
        ("rank,score\nfirst,0.5\n", "'first'"),
        ("rank,score\n1,many\n", "'many'"),
        ("rank,score\n1\n", "NoneType"),
        ("rank,score\n1,nan\n", "a score is nan"),
        ("rank,score\n\udcff\n", "'utf-8' codec"),
    ],
)
def test_a_kept_board_that_is_none(tmp_path: Path, kept: str, said: str) -> None:
    path = tmp_path / "leaderboards" / "AI4Code.csv"
    path.parent.mkdir()
    path.write_text(kept, errors="surrogateescape")
    for command in (("medals", "AI4Code", "--score", "0.8"), ("leaderboard", "AI4Code")):
        failed = run(*command, "--data-dir", tmp_path)
        assert (failed.exit_code, failed.stdout) == (1, "")
        assert said in failed.stderr
        assert "python -m benchmark leaderboard AI4Code --fetch" in failed.stderr
        assert failed.stderr.count("\n") == 1


def test_verify(data_dir: Path, digits: Practice, tmp_path: Path) -> None:
    fine = run("verify", "practice-digits", "--data-dir", data_dir)
    assert (fine.exit_code, fine.stdout.count("yes ")) == (0, 4)
    # Answers that contradict the sample's ids are found out.
    broken = tmp_path / "practice-digits" / "prepared"
    for name, content in (("public", digits.sample), ("private", digits.perfect.replace(b"\n1", b"\n9"))):
        (broken / name).mkdir(parents=True)
        file = "sample_submission.csv" if name == "public" else "answers.csv"
        (broken / name / file).write_bytes(content)
    found = run("verify", "practice-digits", "--data-dir", tmp_path, "--json")
    assert found.exit_code == 1
    assert [one["holds"] for one in json.loads(found.stdout)].count(False) >= 2


def test_bench_measures_what_it_generates() -> None:
    done = run("bench", "spaceship-titanic", "--scale", "0.1", "--json")
    (figures,) = json.loads(done.stdout)
    assert (figures["id"], figures["rows"]) == ("spaceship-titanic", 87)
    assert figures["score"] is not None
    assert "sizes.yaml" in run("bench", "practice-digits").stderr


OTHER_FORM = {
    "hms-harmful-brain-activity-classification",
    "kuzushiji-recognition",
    "osic-pulmonary-fibrosis-progression",
    "tensorflow2-question-answering",
    "vinbigdata-chest-xray-abnormalities-detection",
}
"""Their gold submission is a file that is no golden one; or their answers hold no best confidence."""


@pytest.mark.parametrize("name", [name for name in IDS if name not in OTHER_FORM])
def test_the_answers_of_every_competition_win_gold(name: str, tmp_path: Path) -> None:
    case = golden(name)
    prepared = tmp_path / name / "prepared"
    pack(prepared / "public" / case.competition.files["sample_submission"], case.perfect)
    shutil.copytree(case.answers, prepared / "private")
    findings = verify(case.competition, tmp_path)
    assert [finding.what for finding in findings if not finding.holds] == []
    assert findings[-1].what == "the gold submission scores best"


def test_verify_looks_at_each_prepared_version(tmp_path: Path) -> None:
    """The second version of this competition has another metric: nothing to win, nothing to hold against."""
    name = "jigsaw-unintended-bias-in-toxicity-classification"
    case = golden(name)
    sample = case.competition.files["sample_submission"]
    told: list[str] = []
    for folder in ("v2", "."):
        prepared = tmp_path / folder / name / "prepared"
        pack(prepared / "public" / sample, case.perfect)
        shutil.copytree(case.answers, prepared / "private")
        done = run("verify", name, "--data-dir", tmp_path)
        told.append(done.stdout)
        assert (done.exit_code, "NO" in done.stdout) == (0, False), done.output
    assert "the gold submission of data version 2 scores best" in told[0]
    assert "the gold submission scores best" in told[1]
    assert told[0] in told[1]
    assert "alike" not in told[1]


def test_the_second_data_version_has_its_own_metric_and_no_medals(tmp_path: Path) -> None:
    name = "jigsaw-unintended-bias-in-toxicity-classification"
    case = golden(name)
    assert not at_version(case.competition, 2).comparable
    shutil.copytree(case.answers, tmp_path / "v2" / name / "prepared" / "private")
    submission = tmp_path / "x.csv"
    submission.write_bytes(case.perfect)
    wanted = ("grade-sample", submission, name, "--data-dir", tmp_path)
    report = json.loads(run(*wanted, "--data-version", 2, "--json").stdout)
    assert report["valid_submission"]
    assert (report["any_medal"], report["above_median"]) == (False, False)
    listed = tmp_path / "list.jsonl"
    listed.write_text(json.dumps({"competition_id": name, "submission_path": str(submission)}))
    both = ("grade", "--submissions", listed, "--data-dir", tmp_path, "--output-dir", tmp_path / "out")
    (listed_report,) = json.loads(run(*both, "--data-version", 2, "--json").stdout)["competition_reports"]
    assert (listed_report["data_version"], listed_report["score"]) == (2, report["score"])
    assert "is not prepared" in run(*both).stderr
    assert "is not prepared" in run(*wanted).stderr
    assert "has no data version 2" in run("grade-sample", submission, "AI4Code", "--data-version", 2).stderr

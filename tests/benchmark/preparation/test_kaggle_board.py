"""Leaderboards from Kaggle by way of the kaggle package, against a local server and its faults."""

# The kaggle package ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from benchmark.__main__ import app
from tests.benchmark.golden import golden
from tests.benchmark.preparation.kaggle_server import KaggleServer, Team
from tests.deaths import left_in

NAME = "AI4Code"
"""Higher is better; 1025 teams took part."""
LOWER = "leaf-classification"
"""Lower is better."""
NASTY = ("\x1b[2J\x07clear", 'a","b\r\n1,9.9', "\u202egnirts", "=cmd|' /C calc'!A0", "\ud800")
"""What teams may call themselves."""
OLD = "rank,score\n1,0.5\n"


def teams(scores: Iterable[str | None]) -> list[Team]:
    """Rows of a board as Kaggle sends them; what is empty it leaves out."""
    return [
        {
            "teamId": number,
            "teamName": NASTY[number % len(NASTY)],
            "submissionDate": "2022-08-11T23:59:08.957Z",
        }
        | ({} if score is None else {"score": score})
        for number, score in enumerate(scores, start=1)
    ]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def fetch(data: Path, *more: str, name: str = NAME) -> Result:
    return run("leaderboard", name, "--fetch", "--data-dir", data, *more)


def stored(data: Path, name: str = NAME) -> Path:
    return data / "leaderboards" / f"{name}.csv"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Data with an older board."""
    path = stored(tmp_path / "data")
    path.parent.mkdir(parents=True)
    path.write_text(OLD)
    return tmp_path / "data"


def refused(done: Result, data: Path, said: str) -> None:
    """A fetch that came to nothing says so in a line, and leaves what was there."""
    assert isinstance(done.exception, SystemExit), done.exception
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"error: {said}" in done.stderr.splitlines()[-1]
    assert done.stderr.replace("\n", "").isprintable()
    assert stored(data).read_text() == OLD
    assert [path.name for path in stored(data).parent.iterdir()] == [f"{NAME}.csv"]


def test_a_board_of_thousands_is_fetched_page_by_page(kaggle: KaggleServer, data: Path) -> None:
    kaggle.boards[NAME] = teams(f"{1 - place / 10_000:.5f}" for place in range(4501))
    done = fetch(data, "--top", "2")
    assert (done.exit_code, done.stderr) == (0, f"{NAME}: fetching the leaderboard\n")
    assert [line.split() for line in done.stdout.splitlines()] == [["1", "1"], ["2", "0.9999"]]
    assert [page.get("pageToken") for page in kaggle.pages] == [
        None,
        *(f"after-{200 * number}" for number in range(1, 23)),
    ]
    assert {page["competitionName"] for page in kaggle.pages} == {NAME}
    assert "overridePublic" not in kaggle.pages[0]
    rows = stored(data).read_text().splitlines()
    assert (len(rows), rows[0], rows[-1]) == (4502, "rank,score", "4501,0.55")
    ranked = json.loads(run("medals", NAME, "--score", "0.9", "--data-dir", data, "--json").stdout)
    assert (ranked["rank"], ranked["teams"], ranked["percentile"]) == (1001, 4501, 77.78)
    assert ranked["medal"] == "silver"


def test_a_fetched_board_ranks_what_is_graded(kaggle: KaggleServer, tmp_path: Path) -> None:
    case = golden(LOWER)
    shutil.copytree(case.answers, tmp_path / LOWER / "prepared" / "private")
    (tmp_path / "perfect.csv").write_bytes(case.perfect)
    kaggle.boards[LOWER] = teams(["-0.5", "0.25", "1.7e308", "0.3"] * 300)
    kaggle.most_teams = 7
    shown = json.loads(fetch(tmp_path, "--json", name=LOWER).stdout)
    assert (len(shown), shown[0]["score"], shown[-1]["score"]) == (1200, -0.5, 1.7e308)
    graded = run("grade-sample", tmp_path / "perfect.csv", LOWER, "--data-dir", tmp_path)
    assert "rank          301 of 1200" in graded.stdout, graded.output
    assert "medal by      the recorded thresholds (1596 teams); the board here has 1200" in graded.stdout


def test_a_part_of_a_board_is_taken_with_a_word(kaggle: KaggleServer, data: Path) -> None:
    """Teams without a score are none of it; nor is a second row of one team."""
    rows = teams(["0.9", None, "0.8", " "])
    kaggle.boards[NAME], kaggle.most_teams = [*rows, rows[0]], 4
    kaggle.boards[NAME] = [*kaggle.boards[NAME], {**rows[0], "teamId": 9, "score": "0.7"}]
    done = fetch(data)
    assert done.exit_code == 0, done.output
    assert "has 3 scores, while 1025 teams took part" in done.stderr
    assert stored(data).read_text() == "rank,score\n1,0.9\n2,0.8\n3,0.7\n"


def page(**changed: object) -> bytes:
    return json.dumps({"submissions": [{**teams(["0.9"])[0], **changed}]}).encode()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{}", "it holds no scores"),
        (b'{"submissions": []}', "it holds no scores"),
        (page(score=None), "it holds no scores"),
        (page(score="NaN"), "a score is no number: 'NaN'"),
        (page(score="-1e999"), "a score is no number: '-1e999'"),
        (page(score="\x1b[2J" + "9" * 5000), "a score is no number: '\\x1b[2J999"),
        (page(score={"value": 1}), 'a score is no number: "{'),
        (page(teamId=[1]), "it is not what a leaderboard looks like"),
        (page(submissionDate=5), "it is not what a leaderboard looks like"),
        (b'{"submissions": 5}', "it is not what a leaderboard looks like"),
        (b'{"submissions": [null]}', "it is not what a leaderboard looks like"),
        (b"[5]", "it holds no scores"),
        (b"5", "it is not what a leaderboard looks like"),
        (b'{"code": "x"}', "it is not what a leaderboard looks like"),
        (page()[:-1] + b', "nextPageToken": "again"}', "the same teams come again"),
        (page(submissionDate="\x1b[2J"), "it is not what a leaderboard looks like"),
        (b"<html>\x1b[2J", "it is not what a leaderboard looks like"),
        (b"\xff\xfe\x00", "it is not what a leaderboard looks like"),
    ],
)
def test_what_is_no_board(content: bytes, said: str, kaggle: KaggleServer, data: Path) -> None:
    kaggle.boards[NAME], kaggle.odd_board = [], content
    done = fetch(data)
    refused(done, data, "")
    assert said in done.stderr
    assert NAME in done.stderr


@pytest.mark.parametrize("good_pages", [0, 1])
@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (401, {}, "Kaggle does not accept the token"),
        (403, {}, f"Kaggle refuses the leaderboard of '{NAME}' (403). Its rules must be accepted once"),
        (404, {}, f"Kaggle has no competition '{NAME}' (404)"),
        (429, {"Retry-After": "77"}, "Kaggle has had too many requests (429); try again in 77 seconds"),
        (
            503,
            {},
            f"the transfer of the leaderboard of '{NAME}' broke (status 503); run the same command again",
        ),
    ],
)
def test_refusals(
    good_pages: int, status: int, headers: dict[str, str], said: str, kaggle: KaggleServer, data: Path
) -> None:
    kaggle.boards[NAME], kaggle.good_pages = teams(["0.9"] * 300), good_pages
    kaggle.refuse = (status, headers)
    refused(fetch(data), data, said)
    assert len(kaggle.pages) == good_pages + 1


def test_a_broken_transfer_loses_nothing(kaggle: KaggleServer, data: Path) -> None:
    kaggle.boards[NAME], kaggle.good_pages, kaggle.cuts = teams(["0.9"] * 1000), 1, 1
    done = fetch(data)
    refused(done, data, "the transfer of the leaderboard")
    assert "a board that was there before still is" in done.stderr
    kaggle.cuts = 0
    assert fetch(data).exit_code == 0
    assert stored(data).read_text().count("\n") == 1001


@pytest.mark.usefixtures("unreachable")
def test_no_way_to_kaggle(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = fetch(data)
    refused(done, data, "cannot reach Kaggle")
    assert "--from DIR" in done.stderr
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    refused(fetch(data), data, "Kaggle needs to know who asks")


def test_a_board_that_cannot_be_written(kaggle: KaggleServer, tmp_path: Path) -> None:
    kaggle.boards[NAME] = teams(["0.9"] * 1000)
    (tmp_path / "leaderboards" / f"{NAME}.csv").mkdir(parents=True)
    done = fetch(tmp_path)
    assert (done.exit_code, "Is a directory" in done.stderr) == (1, True)
    assert left_in(tmp_path / "leaderboards").keys() == {f"{NAME}.csv"}


def test_some_competitions_are_not_on_kaggle(kaggle: KaggleServer, data: Path) -> None:
    refused(fetch(data, name="practice-digits"), data, "'practice-digits' is not on Kaggle")
    assert kaggle.asked == []

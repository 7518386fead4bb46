"""Whole submissions to the competitions whose cells or metrics are of their own, through the front door."""

import csv
import io
import json
import random
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmark.competition import Competition
from benchmark.contract import SubmissionContract, check, compile_contract
from benchmark.grade import Report, grade
from benchmark.registry import find
from benchmark.versions import at_version

GOLDEN = Path(__file__).parents[2] / "data" / "golden"
IDS = (
    "3d-object-detection-for-autonomous-vehicles",
    "AI4Code",
    "alaska2-image-steganalysis",
    "champs-scalar-coupling",
    "freesound-audio-tagging-2019",
    "google-quest-challenge",
    "google-research-identify-contrails-reduce-global-warming",
    "hms-harmful-brain-activity-classification",
    "hubmap-kidney-segmentation",
    "icecube-neutrinos-in-deep-ice",
    "jigsaw-unintended-bias-in-toxicity-classification",
    "kuzushiji-recognition",
    "multi-modal-gesture-recognition",
    "osic-pulmonary-fibrosis-progression",
    "rsna-2022-cervical-spine-fracture-detection",
    "rsna-breast-cancer-detection",
    "siim-covid19-detection",
    "smartphone-decimeter-2022",
    "tensorflow2-question-answering",
    "tgs-salt-identification-challenge",
    "uw-madison-gi-tract-image-segmentation",
    "vesuvius-challenge-ink-detection",
    "vinbigdata-chest-xray-abnormalities-detection",
)
PERFECT = "case_01.csv"
CELLS = [
    *[
        "",
        " ",
        "-",
        "nan",
        "NA",
        "inf",
        "-inf",
        "0",
        "1",
        "-1",
        "0.5",
        "7.0",
        "1e308",
        "-1e308",
        "1e-320",
        "1e999",
    ],
    *["1 2", "1 2 2 1", "1 2 3", "1 999999999999999999", "5 1 1 1", "0 1", "YES", "3:9", "3:", "a b c"],
    *["14 1 0 0 1 1", "opacity 0.5 1 2 3 4", "none 1 0 0 1 1 opacity 0.5 0 0 1e300 1e300", "14 1  0 0 1 1"],
    *["0.5 1 2 3 1 1 1 0 car", "0.5 1 2 3 0 1 1 0 car", "U+3072 10 20", "U+3072 10 20 ", "é", "🙂 1 2", "１"],
]
"""What a cell may hold by mistake or by malice."""


class Case(NamedTuple):
    competition: Competition
    contract: SubmissionContract
    rows: list[list[str]]

    def graded(self, rows: list[list[str]]) -> Report:
        return grade(text(rows), self.competition, GOLDEN / self.competition.id / "answers")


def text(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


@cache
def read(competition_id: str, name: str) -> list[list[str]]:
    lines = (GOLDEN / competition_id / name).read_text(encoding="utf-8")
    return list(csv.reader(io.StringIO(lines, newline="")))


@pytest.fixture(scope="module", params=IDS)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    competition = find(request.param)
    rows = read(competition.id, PERFECT)
    public = tmp_path_factory.mktemp("public")
    (public / competition.files["sample_submission"]).write_bytes(text(rows))
    return Case(competition, compile_contract(competition, public), rows)


def test_no_submission_beats_the_first_one(case: Case) -> None:
    """The first golden case is the best that can be handed in, but for champs, where it is a noisy one."""
    maximize = case.competition.maximize
    best = case.graded(case.rows).score
    assert best is not None
    if case.competition.id == "champs-scalar-coupling":
        return
    for entry in json.loads((GOLDEN / case.competition.id / "cases.json").read_text(encoding="utf-8")):
        report = grade(
            (GOLDEN / case.competition.id / entry["file"]).read_bytes(),
            case.competition,
            GOLDEN / case.competition.id / "answers",
        )
        assert report.score is None or (report.score <= best if maximize else report.score >= best), entry


fuzzing = settings(
    max_examples=12,
    deadline=None,
    # The case is a value that no test changes.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@fuzzing
@given(rng=st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(case: Case, rng: random.Random) -> None:
    noisy = read(case.competition.id, "case_03.csv")
    header, *rows = noisy
    # An id that stands in several rows tells them apart by their order.
    places = {tuple(row[: len(case.contract.id_columns)]): place for place, row in enumerate(rows)}
    mixed = sorted(rng.sample(rows, len(rows)), key=lambda row: rng.random())
    if len(places) < len(rows):
        keys = list(places)
        rng.shuffle(keys)
        ranks = {key: rank for rank, key in enumerate(keys)}
        mixed = sorted(rows, key=lambda row: ranks[tuple(row[: len(case.contract.id_columns)])])
    assert case.graded([header, *mixed]).score == case.graded(noisy).score is not None


@fuzzing
@given(data=st.data())
def test_grader_and_contract_agree_on_any_cell(case: Case, data: st.DataObject) -> None:
    rows = [list(row) for row in case.rows]
    places = st.tuples(st.integers(0, len(rows) - 1), st.integers(0, len(rows[0]) - 1))
    for row, column in data.draw(st.lists(places, min_size=1, max_size=3)):
        rows[row][column] = data.draw(st.sampled_from(CELLS))
    report, verdict = case.graded(rows), check(text(rows), case.contract)
    assert report.valid_submission == verdict.valid
    assert report.verdict.code == verdict.code
    assert (report.score is not None) == verdict.valid
    assert report.score is None or abs(report.score) < float("inf")


REPAIRED = {
    "jigsaw-unintended-bias-in-toxicity-classification": "case_03.csv",
    "tensorflow2-question-answering": "case_03.csv",
    "tgs-salt-identification-challenge": "case_05.csv",
    "uw-madison-gi-tract-image-segmentation": "case_07.csv",
    "vinbigdata-chest-xray-abnormalities-detection": "case_09.csv",
}
"""Competitions whose version 2 measures what was meant, and a file that shows it."""


@pytest.mark.parametrize("competition_id", REPAIRED)
def test_version_2_measures_what_was_meant_and_gives_no_medals(competition_id: str) -> None:
    first = find(competition_id)
    second = at_version(first, 2)
    folder = GOLDEN / competition_id
    noisy = (folder / REPAIRED[competition_id]).read_bytes()
    before, after = (grade(noisy, version, folder / "answers").score for version in (first, second))
    assert before is not None
    assert after is not None
    assert before != after
    best = grade((folder / PERFECT).read_bytes(), second, folder / "answers")
    assert best.score == pytest.approx(1.0)
    assert not best.any_medal
    assert not best.above_median
    assert grade((folder / PERFECT).read_bytes(), first, folder / "answers").gold_medal

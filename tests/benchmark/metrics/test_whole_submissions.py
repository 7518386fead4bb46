"""Whole submissions to the competitions whose cells or metrics are of their own, through the front door."""

import csv
import io
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.contract import SubmissionContract, check
from benchmark.grade import grade
from benchmark.versions import at_version
from tests.benchmark.golden import contract_of, golden

STRUCTURED = (
    "3d-object-detection-for-autonomous-vehicles",
    "AI4Code",
    "google-research-identify-contrails-reduce-global-warming",
    "hubmap-kidney-segmentation",
    "kuzushiji-recognition",
    "multi-modal-gesture-recognition",
    "siim-covid19-detection",
    "tensorflow2-question-answering",
    "tgs-salt-identification-challenge",
    "uw-madison-gi-tract-image-segmentation",
    "vesuvius-challenge-ink-detection",
    "vinbigdata-chest-xray-abnormalities-detection",
)
CELLS = (
    *(
        "",
        "  ",
        "-",
        "NaN",
        "7",
        "1 2",
        "1 2 2 1",
        "1 2 3",
        "1 999999999999999999",
        "5 1 1 1",
        "0 1",
        "a b c",
    ),
    *("YES", "3:9", "3:", "14 1 0 0 1 1", "opacity 0.5 1 2 3 4", "none 1 0 0 1 1 opacity .5 0 0 1e300 1e300"),
    *("14 1  0 0 1 1", "14.0 1 -5 0 1e308 1", "0.5 1 2 3 1 1 1 0 car", "0.5 1 2 3 0 1 1 0 car"),
    *(
        "1e300 1e300 -1e300 1e300 1e300 1e-300 1 1e300 car",
        "U+3072 10 20",
        "U+3072 10 20 ",
        "🙂 1 2",
        "１ ２",
    ),
)
"""What a cell may hold by mistake or by malice."""
contracts: dict[str, SubmissionContract] = {}


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("public")


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def text(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(STRUCTURED),
    changes=st.lists(
        st.tuples(st.integers(0, 99), st.lists(st.sampled_from(CELLS), min_size=1, max_size=2)),
        min_size=1,
        max_size=3,
    ),
)
def test_grader_and_contract_agree_on_structured_cells(
    public: Path, name: str, changes: list[tuple[int, list[str]]]
) -> None:
    case = golden(name)
    if name not in contracts:
        contracts[name] = contract_of(case, public / name)
    header, *rows = read(case.perfect)
    for row, parts in changes:
        rows[row % len(rows)][-1] = " ".join(parts)
    data = text([header, *rows])
    report, verdict = grade(data, case.competition, case.answers), check(data, contracts[name])
    assert report.valid_submission == verdict.valid
    assert report.verdict.code == verdict.code
    assert (report.score is not None) == verdict.valid
    assert report.score is None or abs(report.score) < float("inf")


def test_rows_of_one_id_are_told_apart_by_their_order() -> None:
    case = golden("hms-harmful-brain-activity-classification")
    header, *rows = read(case.data(case.cases[1]))
    ids = list(dict.fromkeys(row[0] for row in rows))
    assert len(ids) < len(rows)
    random.Random(0).shuffle(ids)
    mixed = sorted(rows, key=lambda row: ids.index(row[0]))
    assert mixed != rows
    scores = [grade(text([header, *some]), case.competition, case.answers).score for some in (rows, mixed)]
    assert scores[0] == scores[1] == case.cases[1].score


REPAIRED = {
    "jigsaw-unintended-bias-in-toxicity-classification": "case_03.csv",
    "tensorflow2-question-answering": "case_03.csv",
    "tgs-salt-identification-challenge": "case_05.csv",
    "uw-madison-gi-tract-image-segmentation": "case_07.csv",
    "vinbigdata-chest-xray-abnormalities-detection": "case_09.csv",
}
"""Competitions whose version 2 measures what was meant, and a file that shows it."""


@pytest.mark.parametrize("name", REPAIRED)
def test_version_2_measures_what_was_meant_and_gives_no_medals(name: str) -> None:
    case = golden(name)
    second = at_version(case.competition, 2)
    noisy = case.data(next(one for one in case.cases if one.file == REPAIRED[name]))
    before, after = (grade(noisy, version, case.answers).score for version in (case.competition, second))
    assert before is not None
    assert after is not None
    assert before != after
    best = grade(case.perfect, second, case.answers)
    assert best.score == pytest.approx(1.0)
    assert not best.any_medal
    assert not best.above_median
    assert grade(case.perfect, case.competition, case.answers).gold_medal

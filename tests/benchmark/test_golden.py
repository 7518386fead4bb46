"""Every competition against what MLE-bench's graders said, and the contract against the grader."""

from pathlib import Path

import pytest

from benchmark.contract import check
from benchmark.grade import grade
from tests.benchmark.golden import IDS, contract_of, golden

CONTRACT_REFUSES = {
    "h-and-m-personalized-fashion-recommendations": {"case_05.csv", "case_07.csv", "case_11.csv"},
}
"""Golden files that the grader scores and the contract refuses, as `grader_alone` in the facts says why."""
JUDGED_OTHERWISE = {
    "champs-scalar-coupling": {"case_07.csv": -4.91829},
    "google-research-identify-contrails-reduce-global-warming": {"case_11.csv": 0.8341, "case_17.csv": 0.0},
    "h-and-m-personalized-fashion-recommendations": {"case_11.csv": 0.36333},
    "hotel-id-2021-fgvc8": {"case_09.csv": 0.97222},
    "jigsaw-toxic-comment-classification-challenge": {"case_09.csv": 0.86455},
    "multi-modal-gesture-recognition": {"case_15.csv": 0.92409},
    "stanford-covid-vaccine": {"case_07.csv": 0.2026},
    "uw-madison-gi-tract-image-segmentation": {"case_09.csv": 0.81414},
    "vesuvius-challenge-ink-detection": {"case_11.csv": 0.0},
}
"""Golden files where upstream is doubtful, and the score here: mostly that of the same rows in order."""


def test_all_competitions_have_golden_files() -> None:
    assert len(IDS) == 82


@pytest.mark.parametrize("name", IDS)
def test_grader_and_contract(name: str, tmp_path: Path) -> None:
    case = golden(name)
    contract = contract_of(case, tmp_path)
    refused, otherwise = CONTRACT_REFUSES.get(name, set()), JUDGED_OTHERWISE.get(name, {})
    assert bool(refused) == bool(case.competition.grader_alone)
    for one in case.cases:
        report = grade(case.data(one), case.competition, case.answers)
        verdict = check(case.data(one), contract)
        if one.file in otherwise:
            assert one.doubtful
            assert report.score == otherwise[one.file], one.note
        else:
            assert (report.valid_submission, report.score) == (
                one.valid,
                one.score if one.valid else None,
            ), one.note
        if one.file in refused:
            assert report.valid_submission
            assert not verdict.valid
        else:
            assert (verdict.valid, verdict.code) == (report.valid_submission, report.verdict.code), one.note

"""The golden submissions: what MLE-bench's own graders said about small synthetic files, one folder each."""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

from benchmark.competition import Competition
from benchmark.contract import SubmissionContract, compile_contract
from benchmark.registry import find
from tests.benchmark.packing import pack

GOLDEN = Path(__file__).parent.parent / "data" / "golden"
IDS = tuple(sorted(path.name for path in GOLDEN.iterdir() if path.is_dir()))


class Case(NamedTuple):
    """One submission and what a grader should conclude."""

    file: str
    valid: bool
    score: float | None
    note: str
    doubtful: bool
    """Whether upstream's outcome is doubtful, so that it may be judged otherwise."""


class Golden(NamedTuple):
    """One competition with its golden answers."""

    competition: Competition
    answers: Path
    cases: tuple[Case, ...]

    def data(self, case: Case) -> bytes:
        return (GOLDEN / self.competition.id / case.file).read_bytes()

    @property
    def perfect(self) -> bytes:
        """The submission that each golden set begins with: all ids, right values or nearly so."""
        return self.data(self.cases[0])


@cache
def golden(name: str) -> Golden:
    folder = GOLDEN / name
    cases = tuple(
        Case(
            case["file"],
            case["kind"] == "valid",
            case["expected_score"],
            case["note"],
            "upstream_bug" in case,
        )
        for case in json.loads((folder / "cases.json").read_text(encoding="utf-8"))
    )
    return Golden(find(name), folder / "answers", cases)


def contract_of(case: Golden, public: Path) -> SubmissionContract:
    """The contract of a competition whose sample submission is the first golden case."""
    pack(public / case.competition.files["sample_submission"], case.perfect)
    return compile_contract(case.competition, public)

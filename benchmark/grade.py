"""Grades a submission against the private answers and says what it wins.

Grading needs the facts and the private folder, nothing public. Bytes that come from an agent belong into
`benchmark.guard.Guard.grade`, which calls this in a child process.
"""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from benchmark.competition import Competition
from benchmark.contract import with_ids
from benchmark.errors import BadData
from benchmark.medals import above_median, medal
from benchmark.verdict import Code, Rejected, Verdict

MAX_BYTES = 1024**3
"""The largest submission that is graded; no contract of the benchmark allows one as large."""
ABSENT = Verdict(valid=False, code=Code.NOT_CSV, message="There is no submission.")


class Report(BaseModel):
    """The result of one submission; the fields have the names of mle-bench's report, but for `verdict`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    competition_id: str
    """Which competition was graded."""
    score: float | None
    """The score, rounded to five decimals; none without a valid submission."""
    gold_threshold: float
    """The worst score that wins gold."""
    silver_threshold: float
    """The worst score that wins silver."""
    bronze_threshold: float
    """The worst score that wins bronze."""
    median_threshold: float
    """The median of the leaderboard."""
    any_medal: bool
    """Whether the score wins a medal."""
    gold_medal: bool
    """Whether the medal is gold."""
    silver_medal: bool
    """Whether the medal is silver."""
    bronze_medal: bool
    """Whether the medal is bronze."""
    above_median: bool
    """Whether the score is strictly better than the median."""
    submission_exists: bool
    """Whether there was a file at all."""
    valid_submission: bool
    """Whether the grader could score the file."""
    is_lower_better: bool
    """Whether a lower score is better."""
    created_at: datetime
    """When the report was made."""
    submission_path: str
    """Where the submission was read from."""
    verdict: Verdict
    """Why the submission is valid or not."""


def grade(
    data: bytes | None, competition: Competition, private: Path, *, submission_path: str = ""
) -> Report:
    """The report on a submission; `None` stands for a file that does not exist.

    Raises:
        BadData: The answers are missing or not what the facts say.
    """
    if data is None:
        return make_report(competition, ABSENT, None, submission_path=submission_path, exists=False)
    try:
        points = round(_score(data, competition, private), 5)
    except Rejected as rejected:
        return make_report(competition, rejected.verdict, None, submission_path=submission_path)
    verdict = Verdict(valid=True, code=Code.OK, message="The submission is valid.")
    return make_report(competition, verdict, points, submission_path=submission_path)


def make_report(
    competition: Competition,
    verdict: Verdict,
    points: float | None,
    *,
    submission_path: str = "",
    exists: bool = True,
) -> Report:
    """The report that follows from a verdict and a score."""
    limits, maximize = competition.medals, competition.maximize
    won = None if points is None else medal(points, limits, maximize=maximize)
    return Report(
        competition_id=competition.id,
        score=points,
        gold_threshold=limits.gold,
        silver_threshold=limits.silver,
        bronze_threshold=limits.bronze,
        median_threshold=limits.median,
        any_medal=won is not None,
        gold_medal=won == "gold",
        silver_medal=won == "silver",
        bronze_medal=won == "bronze",
        above_median=points is not None and above_median(points, limits, maximize=maximize),
        submission_exists=exists,
        valid_submission=verdict.valid,
        is_lower_better=not maximize,
        created_at=datetime.now(UTC),
        submission_path=submission_path,
        verdict=verdict,
    )


def _score(data: bytes, competition: Competition, private: Path) -> float:
    import pandas as pd

    from benchmark.metrics import score
    from benchmark.submission import read_submission

    path = private / competition.answers
    if not path.is_file():
        raise BadData(path, "the answers are missing")
    names = list(competition.submission.columns)
    answers = pd.read_csv(path, dtype=str, na_filter=False, encoding="utf-8")
    if not set(competition.submission_columns) <= set(answers.columns):
        raise BadData(
            path,
            f"the columns are {list(answers.columns)!r}, without some of {competition.submission_columns!r}",
        )
    ids = tuple(str(name) for name in answers[competition.id_column])
    contract = with_ids(competition, ids, max_bytes=MAX_BYTES, source=path)
    predicted = read_submission(data, contract)[names]
    truth = answers[names]
    if competition.prediction != "class":
        truth = truth.astype(float)
    if len(names) == 1:
        return score(competition.metric, truth[names[0]].to_numpy(), predicted[names[0]].to_numpy())
    return score(competition.metric, truth.to_numpy(), predicted.to_numpy())

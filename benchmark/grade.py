"""Grades a submission against the private answers and says what it wins.

Grading needs the facts and the private folder, nothing public. Bytes that come from an agent belong into
`benchmark.guard.Guard.grade`, which calls this in a child process.
"""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from benchmark.competition import Competition
from benchmark.contract import MAX_BYTES, beyond
from benchmark.errors import BadData, NotPrepared
from benchmark.medals import MEDALS, Medal, above_median, medal
from benchmark.prepare import home
from benchmark.verdict import Code, Rejected, Verdict

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.answers import Answers
    from benchmark.metrics.arrays import Values
    from benchmark.submission import Submission

ABSENT = Verdict(valid=False, code=Code.NOT_CSV, message="There is no submission.")


class Report(BaseModel):
    """The result of one submission; the fields have the names of mle-bench's report, but for the last two."""

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
    data_version: int = 1
    """The data version of the answers."""
    verdict: Verdict
    """Why the submission is valid or not."""

    @property
    def medal(self) -> Medal | None:
        """The medal that the score wins."""
        won = {"gold": self.gold_medal, "silver": self.silver_medal, "bronze": self.bronze_medal}
        return next((name for name in MEDALS if won[name]), None)


def private_folder(competition: Competition, data_dir: Path) -> Path:
    """The folder with the answers of a prepared competition; nothing public need be there.

    Raises:
        NotPrepared: The answers are not there.
    """
    private = home(competition, data_dir) / "prepared" / "private"
    if not (private / competition.answers.file).is_file():
        raise NotPrepared(competition, data_dir)
    return private


def grade(
    data: bytes | None, competition: Competition, private: Path, *, submission_path: str = ""
) -> Report:
    """The report on a submission; `None` stands for a file that does not exist.

    Raises:
        BadData: The answers are missing or not what the facts say.
    """
    if data is None:
        return make_report(competition, ABSENT, None, submission_path=submission_path, exists=False)
    if len(data) > MAX_BYTES:
        return make_report(competition, beyond(data, MAX_BYTES), None, submission_path=submission_path)
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
    """The report that follows from a verdict and a score; under another metric there is nothing to win."""
    limits, maximize = competition.medals, competition.maximize
    ranked = points if competition.comparable else None
    won = None if ranked is None else medal(ranked, limits, maximize=maximize)
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
        above_median=ranked is not None and above_median(ranked, limits, maximize=maximize),
        submission_exists=exists,
        valid_submission=verdict.valid,
        is_lower_better=not maximize,
        created_at=datetime.now(UTC),
        submission_path=submission_path,
        data_version=competition.data_version,
        verdict=verdict,
    )


def _score(data: bytes, competition: Competition, private: Path) -> float:
    from benchmark.answers import read_answers
    from benchmark.metrics import METRICS, score
    from benchmark.submission import read_submission

    answers = read_answers(competition, private)
    submission = read_submission(data, answers.form, answers.expected)
    metric = competition.metric
    sides = _sides(METRICS[metric.name].shape, answers, submission)
    points = score(metric.name, *sides, **metric.params)
    if math.isfinite(points):
        return points
    if metric.undefined is None:
        raise BadData(private / competition.answers.file, f"{metric.name} has no value for these answers")
    return metric.undefined


def _sides(shape: str, answers: "Answers", submission: "Submission") -> tuple[object, object]:
    """What a metric of this shape compares."""
    if shape == "table":
        return answers.table, _with_ids(submission, answers)
    truth, predicted = answers.table, submission.values[list(answers.table.columns)]
    if shape == "text":
        return truth.iloc[:, 0], predicted.iloc[:, 0]
    return _values(truth), _values(predicted)


def _values(table: "pd.DataFrame") -> "Values":
    """One-dimensional for one column, two-dimensional for more."""
    return table.iloc[:, 0].to_numpy() if table.shape[1] == 1 else table.to_numpy()


def _with_ids(submission: "Submission", answers: "Answers") -> "pd.DataFrame":
    ids = {name: column.astype("str") for name, column in answers.expected.ids.columns.items()}
    return submission.values.assign(**ids)[[*ids, *submission.values.columns]]

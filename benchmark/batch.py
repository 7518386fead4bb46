"""Grades many submissions at once, as MLE-bench's `grade` command does, and sums them up."""

import errno
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from benchmark.competition import Competition
from benchmark.contract import MAX_BYTES
from benchmark.errors import BadSubmissionList, BenchmarkError, NoSuchFile
from benchmark.grade import Report, make_report, private_folder
from benchmark.guard import Guard
from benchmark.verdict import Code, Verdict
from benchmark.versions import find_version
from benchmark.whole_file import write_whole


class Entry(BaseModel):
    """One line of a list of submissions; further keys are ignored, as MLE-bench does."""

    model_config = ConfigDict(frozen=True)

    competition_id: str
    """Which competition the submission is for."""
    submission_path: str | None = None
    """Where it lies; none where a run left no submission."""


class GradingReport(BaseModel):
    """The reports of several submissions and their sums; the fields have the names of mle-bench's report."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    total_runs: int
    """How many submissions the list names."""
    total_runs_with_submissions: int
    """How many of them exist."""
    total_valid_submissions: int
    """How many could be scored."""
    total_medals: int
    """How many win any medal."""
    total_gold_medals: int
    """How many win gold."""
    total_silver_medals: int
    """How many win silver."""
    total_bronze_medals: int
    """How many win bronze."""
    total_above_median: int
    """How many are strictly better than the median."""
    total_failed: int = 0
    """How many could not be graded for a reason that is not the submission's."""
    competition_reports: tuple[Report, ...]
    """One report for each submission, in the order of the list."""


def read_list(path: Path) -> list[Entry]:
    """The submissions that a JSONL file names.

    Raises:
        NoSuchFile: The file is not there.
        BadSubmissionList: A line is not what it should be.
    """
    if not path.is_file():
        raise NoSuchFile(path, "it is a folder" if path.is_dir() else "there is no such file")
    entries: list[Entry] = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            entries.append(Entry.model_validate(orjson.loads(line)))
        except orjson.JSONDecodeError as error:
            raise BadSubmissionList(path, number, "it is no JSON") from error
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise BadSubmissionList(path, number, f"{field or 'line'}: {first['msg']}") from error
    if not entries:
        raise BadSubmissionList(path, 1, "the file names no submission")
    return entries


def grade_all(
    entries: Sequence[Entry],
    data_dir: Path,
    *,
    data_version: int = 1,
    workers: int | None = None,
    done: Callable[[Report], None] = lambda _: None,
) -> GradingReport:
    """Grades submissions, several at a time, each in a guarded child; a failure does not stop the others.

    Args:
        entries: The submissions.
        data_dir: The folder of the prepared competitions.
        data_version: The data version that all are graded in.
        workers: How many at a time; as many as there are processors unless it is given.
        done: Is called with each report as it is ready.

    Raises:
        UnknownCompetition: An entry names none.
        NoSuchVersion: A competition has no such data version.
        NotPrepared: The answers of one are not there.
    """
    # All that can be wrong with the list is found before the first submission is graded.
    names = {entry.competition_id for entry in entries}
    competitions = {name: find_version(name, data_version) for name in names}
    folders = {name: private_folder(one, data_dir) for name, one in competitions.items()}
    own = threading.local()
    guards: list[Guard] = []

    def work(entry: Entry) -> Report:
        if not hasattr(own, "guard"):
            own.guard = Guard()
            guards.append(own.guard)
        name = entry.competition_id
        report = _attempt(entry.submission_path or "", competitions[name], folders[name], own.guard)
        done(report)
        return report

    count = min(len(entries), workers or os.cpu_count() or 1)
    try:
        with ThreadPoolExecutor(max_workers=max(count, 1)) as pool:
            return summary(list(pool.map(work, entries)))
    finally:
        for guard in guards:
            guard.close()


def summary(reports: Sequence[Report]) -> GradingReport:
    """The sums over reports."""
    return GradingReport(
        total_runs=len(reports),
        total_runs_with_submissions=sum(report.submission_exists for report in reports),
        total_valid_submissions=sum(report.valid_submission for report in reports),
        total_medals=sum(report.any_medal for report in reports),
        total_gold_medals=sum(report.gold_medal for report in reports),
        total_silver_medals=sum(report.silver_medal for report in reports),
        total_bronze_medals=sum(report.bronze_medal for report in reports),
        total_above_median=sum(report.above_median for report in reports),
        total_failed=sum(report.verdict.code is Code.FAILED for report in reports),
        competition_reports=tuple(reports),
    )


def write_report(report: GradingReport, folder: Path) -> Path:
    """Writes a report into a folder under a name that begins with the time."""
    folder.mkdir(parents=True, exist_ok=True)
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S-%f")
    path = folder / f"{time}_grading_report.json"
    write_whole(path, report.model_dump_json(indent=2).encode())
    return path


def _attempt(name: str, competition: Competition, private: Path, guard: Guard) -> Report:
    """The report on one submission, also where it cannot be read or graded."""
    try:
        data = _read(name)
    except OSError as error:
        # No file can have a name that the system cannot take.
        exists = error.errno != errno.ENAMETOOLONG
        why = f"The file cannot be read: {error.strerror}."
        return make_report(competition, _failed(why), None, submission_path=name, exists=exists)
    version = competition.data_version
    try:
        return guard.grade(data, competition.id, private, submission_path=name, data_version=version)
    except BenchmarkError as error:
        return make_report(competition, _failed(f"{error}."), None, submission_path=name)


def _read(name: str) -> bytes | None:
    path = Path(name)
    if not name or not path.is_file():
        return None
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _failed(why: str) -> Verdict:
    return Verdict(valid=False, code=Code.FAILED, message=why)

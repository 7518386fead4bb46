"""`grade-sample` and `validate`: what a submission is worth, and whether it would be accepted."""

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark.cli.output import (
    DATA_DIR,
    AsJson,
    CompetitionId,
    DataDir,
    DataVersion,
    SubmissionPath,
    clear_errors,
    rank_words,
    read_submission_file,
    say,
    say_facts,
    say_json,
)
from benchmark.contract import MAX_BYTES, compile_contract
from benchmark.grade import Report, private_folder
from benchmark.guard import Guard
from benchmark.leaderboard import Entry, basis, read_leaderboard, standing
from benchmark.prepare import home
from benchmark.registry import find
from benchmark.versions import find_version


def grade_sample(
    csv: SubmissionPath,
    competition_id: CompetitionId,
    data_dir: DataDir = DATA_DIR,
    data_version: DataVersion = 1,
    as_json: AsJson = False,
) -> None:
    """Grade one submission and say what it wins."""
    with clear_errors():
        private = private_folder(find_version(competition_id, data_version), data_dir)
        data = read_submission_file(csv, MAX_BYTES)
        with Guard() as guard:
            report = guard.grade(
                data, competition_id, private, submission_path=str(csv), data_version=data_version
            )
        if as_json:
            say_json(report.model_dump(mode="json"))
        else:
            _tell(report, data_dir)


def validate(
    csv: SubmissionPath,
    competition_id: CompetitionId,
    data_dir: DataDir = DATA_DIR,
    data_version: DataVersion = 1,
    as_json: AsJson = False,
) -> None:
    """Say whether a submission would be accepted, and never what it would score; exit code 1 if not."""
    with clear_errors():
        competition = find_version(competition_id, data_version)
        contract = compile_contract(competition, home(competition, data_dir) / "prepared" / "public")
        data = read_submission_file(csv, contract.max_bytes)
        with Guard() as guard:
            verdict = guard.check(data, contract)
        if as_json:
            say_json(verdict.model_dump(mode="json"))
        else:
            say(f"{verdict.code}: {verdict.message}")
        sys.exit(0 if verdict.valid else 1)


def _place(report: Report, board: Sequence[Entry]) -> str:
    if not board:
        return "not known: there is no leaderboard here"
    if report.score is None:
        return "none"
    return rank_words(standing(report.score, board, maximize=not report.is_lower_better).rank, len(board))


def _tell(report: Report, data_dir: Path) -> None:
    competition = find(report.competition_id)
    board = read_leaderboard(competition, data_dir)
    say_facts(
        {
            "competition": report.competition_id,
            "valid": f"{'yes' if report.valid_submission else 'no'} ({report.verdict.code})",
            "message": report.verdict.message,
            "score": "none" if report.score is None else report.score,
            "better is": "lower" if report.is_lower_better else "higher",
            "medal": report.medal or "none",
            "medal by": basis(competition, board),
            "above median": "yes" if report.above_median else "no",
            "rank": _place(report, board),
            "thresholds": f"gold {report.gold_threshold}, silver {report.silver_threshold}, "
            f"bronze {report.bronze_threshold}, median {report.median_threshold}",
        }
    )

"""`verify`: checks a prepared competition against itself."""

import sys

from benchmark.cli.output import DATA_DIR, AsJson, CompetitionId, DataDir, clear_errors, say, say_json
from benchmark.competition import Competition
from benchmark.prepare import home
from benchmark.registry import find
from benchmark.verify import verify
from benchmark.versions import NoSuchVersion, at_version


def verify_command(
    competition_id: CompetitionId, data_dir: DataDir = DATA_DIR, as_json: AsJson = False
) -> None:
    """Check that the sample is scored and the gold submission is best; exit code 1 where one is not so."""
    with clear_errors():
        competition = find(competition_id)
        findings = verify(competition, data_dir, _second(competition, data_dir))
        if as_json:
            say_json([finding.model_dump(mode="json") for finding in findings])
        else:
            for finding in findings:
                say(f"{'yes' if finding.holds else 'NO':<4}{finding.what}: {finding.detail}")
        sys.exit(0 if all(finding.holds for finding in findings) else 1)


def _second(competition: Competition, data_dir: DataDir) -> Competition | None:
    """Data version 2 of the competition, where there is one and it is prepared."""
    try:
        second = at_version(competition, 2)
    except NoSuchVersion:
        return None
    return second if (home(second, data_dir) / "prepared").is_dir() else None

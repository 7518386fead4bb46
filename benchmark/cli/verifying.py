"""`verify`: checks a prepared competition against itself."""

import sys
from pathlib import Path

from benchmark.cli.output import DATA_DIR, AsJson, CompetitionId, DataDir, clear_errors, say, say_json
from benchmark.competition import Competition
from benchmark.prepare import home
from benchmark.registry import find
from benchmark.verify import verify
from benchmark.versions import at_version, has_version


def verify_command(
    competition_id: CompetitionId, data_dir: DataDir = DATA_DIR, as_json: AsJson = False
) -> None:
    """Check that the sample is scored and gold is best, and that samples of versions 1 and 2 score alike.

    Each prepared data version is checked; the samples are compared where both are. Exit code 1 where not.
    """
    with clear_errors():
        first, second = _prepared(find(competition_id), data_dir)
        findings = verify(first, data_dir, second)
        if as_json:
            say_json([finding.model_dump(mode="json") for finding in findings])
        else:
            for finding in findings:
                say(f"{'yes' if finding.holds else 'NO':<4}{finding.what}: {finding.detail}")
        sys.exit(0 if all(finding.holds for finding in findings) else 1)


def _prepared(competition: Competition, data_dir: Path) -> tuple[Competition, Competition | None]:
    """The data versions that are prepared; the first by itself where none is."""
    versions = [at_version(competition, number) for number in (1, 2) if has_version(competition, number)]
    there = [one for one in versions if (home(one, data_dir) / "prepared").is_dir()]
    first, *others = there or versions
    return first, others[0] if there and others else None

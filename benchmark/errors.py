"""What can go wrong in this package, each as one small exception.

Every message says what happened, which value it was and what to do next. The names are conditions, as a
caller reads them in an `except` line, hence no `Error` suffix on most.
"""

import difflib
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from benchmark.competition import Competition


class BenchmarkError(Exception):
    """Any failure that this package raises on purpose."""

    code: ClassVar[str] = "benchmark"


class UnknownCompetition(BenchmarkError):
    """No competition has this id; the nearest valid ids are named."""

    code = "unknown_competition"

    def __init__(self, competition_id: str, known: Iterable[str]) -> None:
        self.competition_id = competition_id
        self.nearest = nearest(competition_id, known)
        super().__init__(
            f"no competition is called {competition_id!r}; nearest: {', '.join(self.nearest)}; "
            "for all of them type: python -m benchmark list"
        )


class MissingCompetitions(BenchmarkError):
    """This version has no folder for any of these competitions, which splits name."""

    code = "missing_competitions"

    def __init__(self, ids: Sequence[str]) -> None:
        self.ids = tuple(ids)
        super().__init__(f"this version has no competition folder for {', '.join(ids)}")


class UnknownSplit(BenchmarkError):
    """No set of competitions has this name."""

    code = "unknown_split"

    def __init__(self, split: str, known: Iterable[str]) -> None:
        self.split = split
        super().__init__(
            f"no split is called {split!r}; there are: {', '.join(known)}; for all competitions type: "
            "python -m benchmark list"
        )


class BadCompetition(BenchmarkError):
    """A competition.yaml, or a file beside it, breaks the schema."""

    code = "bad_competition"

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(
            f"{path}: {problem}; correct the file (docs/adding-a-competition.md shows a right one), "
            f"then type: python -m benchmark info {shlex.quote(path.parent.name)}"
        )


class NotPrepared(BenchmarkError):
    """The data of a competition are not there; the message names the command that makes them.

    Where this version cannot make them, that is MLE-bench's.
    """

    code = "not_prepared"

    def __init__(self, competition: "Competition", data_dir: Path) -> None:
        self.competition_id = competition.id
        self.data_dir = data_dir
        place = shlex.quote(str(data_dir))
        where = f"{competition.id!r} is not prepared in {str(data_dir)!r}"
        number = competition.data_version
        version = "" if number == 1 else f" --data-version {number}"
        ours = f"python -m benchmark prepare {competition.id}{version} --data-dir {place}"
        if competition.preparation is not None:
            self.command = ours
            super().__init__(f"{where}; type: {ours}")
            return
        # Version 2 of such a competition has the files of version 1, and a description of its own.
        there = data_dir if number == 1 else data_dir / f"v{number}"
        theirs = f"mlebench prepare -c {competition.id} --data-dir {shlex.quote(str(there))}"
        self.command = theirs if number == 1 else f"{theirs} && {ours}"
        super().__init__(f"{where}, and this version cannot prepare it; with MLE-bench type: {self.command}")


class BadData(BenchmarkError):
    """A prepared file does not say what the competition's facts promise."""

    code = "bad_data"

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(f"{path}: {problem}; delete the prepared folder and prepare it again")


class NoSuchFile(BenchmarkError):
    """A file that the user named cannot be read."""

    code = "no_such_file"

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(f"cannot read {str(path)!r}: {problem}")


class BadSubmissionList(BenchmarkError):
    """A line of a list of submissions cannot be read."""

    code = "bad_submission_list"

    def __init__(self, path: Path, line: int, problem: str) -> None:
        self.path = path
        self.line = line
        super().__init__(
            f"{path}, line {line}: {problem}; each line is an object like "
            '{"competition_id": "spaceship-titanic", "submission_path": "runs/1/submission.csv"}'
        )


class NoLeaderboard(BenchmarkError):
    """No leaderboard of a competition is there."""

    code = "no_leaderboard"

    def __init__(self, competition_id: str) -> None:
        self.competition_id = competition_id
        super().__init__(
            f"there is no leaderboard of {competition_id!r}; type: "
            f"python -m benchmark leaderboard {competition_id} --fetch (from Kaggle), or --from DIR (from a "
            "checkout of mle-bench)"
        )


class BadLeaderboard(BenchmarkError):
    """A file, or what Kaggle sent, is not the leaderboard it should be."""

    code = "bad_leaderboard"

    def __init__(self, source: Path | str, problem: str) -> None:
        self.source = source
        super().__init__(f"{source}: {problem}")


class GuardError(BenchmarkError):
    """The guarded child could not do its work, for a reason that is not the submission's."""

    code = "guard"


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The `count` names most like `name`, best first; never empty where there is any name at all."""
    names = sorted(known)
    return difflib.get_close_matches(name, names, n=count, cutoff=0.3) or names[:count]

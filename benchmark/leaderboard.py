"""Leaderboards: those in a competition's own folder, and those that a user fetched.

The project carries thresholds, not boards, but for the practice competitions. A fetched board lies beside the
data, in `<data>/leaderboards/<id>.csv`, with a score a line; where there is one, ranks can be told.
"""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmark.competition import Competition
from benchmark.errors import BadLeaderboard, NoSuchFile
from benchmark.medals import rank
from benchmark.whole_file import write_whole

LFS = b"version https://git-lfs"
"""How a file begins for which git-LFS has only noted where the content is."""


class Entry(NamedTuple):
    """One team."""

    rank: int
    score: float
    recipe: str
    """What the team did, in words, where that is known."""


class Standing(NamedTuple):
    """Where a score would stand on a board."""

    rank: int
    """The place, counted from 1; ties share the better one."""
    teams: int
    """How many teams the board has."""
    percentile: float
    """The share of teams that the score is at least as good as, in percent."""


def read_leaderboard(competition: Competition, data_dir: Path | None = None) -> tuple[Entry, ...]:
    """The teams, best first: of the board in the competition's folder, else of the fetched one; else none.

    Raises:
        BadLeaderboard: The file is not one that was kept here.
    """
    own = competition.folder / "leaderboard.csv"
    fetched = None if data_dir is None else board_path(competition, data_dir)
    path = next((path for path in (own, fetched) if path is not None and path.is_file()), None)
    if path is None:
        return ()
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            return tuple(_entry(row) for row in csv.DictReader(lines))
    except (UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError) as error:
        # A cell that is missing is None, which is no number either.
        problem = f"it is no board ({type(error).__name__}: {error})"
        raise BadLeaderboard(path, f"{problem}; {_again(competition)}") from error


def board_path(competition: Competition, data_dir: Path) -> Path:
    """Where a fetched board lies."""
    return data_dir / "leaderboards" / f"{competition.id}.csv"


def standing(score: float, board: Iterable[Entry], *, maximize: bool) -> Standing:
    """Where a score would stand among the teams of a board."""
    scores = [entry.score for entry in board]
    place = rank(score, scores, maximize=maximize)
    worse = sum(other <= score if maximize else other >= score for other in scores)
    return Standing(place, len(scores), round(100 * worse / len(scores), 2))


def basis(competition: Competition, board: Sequence[Entry]) -> str:
    """What a medal rests on, in words; a board that is here may be another one."""
    teams = competition.medals.teams
    words = f"the recorded thresholds ({teams} teams)"
    return f"{words}; the board here has {len(board)}" if board and len(board) != teams else words


def board_from(competition: Competition, source: Path) -> list[float]:
    """The scores of a board of mle-bench's or Kaggle's form.

    Args:
        competition: Whose board it is.
        source: A CSV file with a column of scores, or a checkout of mle-bench.

    Raises:
        NoSuchFile: There is none in the checkout.
        BadLeaderboard: The file is a pointer of git-LFS, or holds no scores.
    """
    path = _file_of(competition, source)
    _refuse_pointer(path)
    try:
        return numbers(_cells(path), path)
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadLeaderboard(path, f"it is no CSV ({error})") from error


def numbers(texts: Iterable[str], source: Path | str) -> list[float]:
    """Scores that are written in a source; blanks, which stand for teams without one, are left out.

    Raises:
        BadLeaderboard: One is no finite number, or there is none.
    """
    scores = [_number(text, source) for text in texts if text.strip()]
    if not scores:
        raise BadLeaderboard(source, "it holds no scores")
    return scores


def keep_board(competition: Competition, scores: Iterable[float], data_dir: Path) -> Path:
    """Writes a board beside the data, best score first; an older one is replaced at once or stays.

    Returns:
        Where it lies.
    """
    from filelock import FileLock

    path = board_path(competition, data_dir)
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = io.StringIO()
    table = csv.writer(lines, lineterminator="\n")
    table.writerow(("rank", "score"))
    table.writerows(enumerate(sorted(scores, reverse=competition.maximize), start=1))
    with FileLock(path.parent / ".lock"):
        write_whole(path, lines.getvalue().encode())
    return path


def _entry(row: Mapping[str, str]) -> Entry:
    score = float(row["score"])
    if not math.isfinite(score):
        raise ValueError(f"a score is {score}")
    return Entry(int(row["rank"]), score, row.get("recipe") or "")


def _again(competition: Competition) -> str:
    """How a board is replaced."""
    return f"take it again; type: python -m benchmark leaderboard {competition.id} --fetch, or --from DIR"


def _file_of(competition: Competition, source: Path) -> Path:
    if source.is_file():
        return source
    inside = Path(competition.id) / "leaderboard.csv"
    places = (
        source / "mlebench" / "competitions" / inside,
        source / "competitions" / inside,
        source / inside,
    )
    for path in places:
        if path.is_file():
            return path
    raise NoSuchFile(places[0], "there is no such file; --from wants the folder of a checkout of mle-bench")


def _refuse_pointer(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(len(LFS)) == LFS:
            raise BadLeaderboard(
                path,
                "this is a pointer of git-LFS, not the board; in that checkout type: "
                f"git lfs pull --include '*/{path.parent.name}/leaderboard.csv'",
            )


def _cells(path: Path) -> Iterator[str]:
    """The texts of the column of scores."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines)
        name = next(
            (name for name in rows.fieldnames or () if name.lower() in ("score", "scorenullable")), None
        )
        if name is None:
            raise BadLeaderboard(path, "it has no column `score`")
        for row in rows:
            yield row[name] or ""


def _number(text: str, source: Path | str) -> float:
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise BadLeaderboard(source, f"a score is no number: {text[:40]!r}")
    return score

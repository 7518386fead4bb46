"""Leaderboards: those in a competition's own folder, and those that a user fetched.

The project carries thresholds, not boards, but for the practice competitions. A fetched board lies beside the
data, in `<data>/leaderboards/<id>.csv`, with a score a line; where there is one, ranks can be told.
"""

import csv
import math
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from benchmark.competition import Competition
from benchmark.errors import BadLeaderboard, NoSuchFile
from benchmark.medals import rank

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
    """The teams, best first: of the board in the competition's folder, else of the fetched one; else none."""
    own = competition.folder / "leaderboard.csv"
    fetched = None if data_dir is None else board_path(competition, data_dir)
    path = next((path for path in (own, fetched) if path is not None and path.is_file()), None)
    if path is None:
        return ()
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        return tuple(Entry(int(row["rank"]), float(row["score"]), row.get("recipe") or "") for row in rows)


def board_path(competition: Competition, data_dir: Path) -> Path:
    """Where a fetched board lies."""
    return data_dir / "leaderboards" / f"{competition.id}.csv"


def standing(score: float, board: Iterable[Entry], *, maximize: bool) -> Standing:
    """Where a score would stand among the teams of a board."""
    scores = [entry.score for entry in board]
    place = rank(score, scores, maximize=maximize)
    worse = sum(other <= score if maximize else other >= score for other in scores)
    return Standing(place, len(scores), round(100 * worse / len(scores), 2))


def take_board(competition: Competition, source: Path, data_dir: Path) -> Path:
    """Copies the scores of a board of mle-bench's or Kaggle's form beside the data.

    Args:
        competition: Whose board it is.
        source: A CSV file with a column of scores, or a checkout of mle-bench.
        data_dir: The folder of prepared competitions.

    Returns:
        Where the scores now lie.

    Raises:
        NoSuchFile: There is none in the checkout.
        BadLeaderboard: The file is a pointer of git-LFS, or holds no scores.
    """
    scores = sorted(_scores(_file_of(competition, source)), reverse=competition.maximize)
    path = board_path(competition, data_dir)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".unfinished-{path.name}")
    with temporary.open("w", encoding="utf-8", newline="") as lines:
        table = csv.writer(lines, lineterminator="\n")
        table.writerow(("rank", "score"))
        table.writerows(enumerate(scores, start=1))
    temporary.rename(path)
    return path


def only_table(archive: Path) -> bytes:
    """The one CSV file in a ZIP archive, which is how Kaggle hands out a board.

    Raises:
        BadLeaderboard: It is no such archive, or a broken one.
    """
    try:
        with zipfile.ZipFile(archive) as members:
            names = [name for name in members.namelist() if name.endswith(".csv")]
            if len(names) != 1:
                raise BadLeaderboard(archive, f"it holds {len(names)} tables instead of one")
            return members.read(names[0])
    except (zipfile.BadZipFile, zlib.error) as error:
        raise BadLeaderboard(archive, f"it is no ZIP archive ({error})") from error


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


def _scores(path: Path) -> list[float]:
    with path.open("rb") as file:
        if file.read(len(LFS)) == LFS:
            raise BadLeaderboard(
                path,
                "this is a pointer of git-LFS, not the board; in that checkout type: "
                f"git lfs pull --include '*/{path.parent.name}/leaderboard.csv'",
            )
    try:
        scores = [_number(path, text) for text in _cells(path) if text.strip()]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadLeaderboard(path, f"it is no CSV ({error})") from error
    if not scores:
        raise BadLeaderboard(path, "it holds no scores")
    return scores


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


def _number(path: Path, text: str) -> float:
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise BadLeaderboard(path, f"a score is no number: {text[:40]!r}")
    return score

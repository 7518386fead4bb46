"""The leaderboard of a competition, where its folder holds one."""

import csv
from typing import NamedTuple

from benchmark.competition import Competition


class Entry(NamedTuple):
    """One team."""

    rank: int
    score: float
    recipe: str
    """What the team did, in words."""


def read_leaderboard(competition: Competition) -> tuple[Entry, ...]:
    """The teams, best first; none where the competition has thresholds only."""
    path = competition.folder / "leaderboard.csv"
    if not path.is_file():
        return ()
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        return tuple(Entry(int(row["rank"]), float(row["score"]), row.get("recipe", "")) for row in rows)

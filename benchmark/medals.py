"""Kaggle's medal rules as pure functions on a leaderboard or on thresholds.

| medal  | 0-99 teams | 100-249 | 250-999       | 1000+         |
|--------|------------|---------|---------------|---------------|
| bronze | top 40%    | top 40% | top 100       | top 10%       |
| silver | top 20%    | top 20% | top 50        | top 5%        |
| gold   | top 10%    | top 10  | top 10 + 0.2% | top 10 + 0.2% |

Shares are rounded down, and no place is less than the first. Source: the MLE-bench paper, table 1.
"""

import statistics
from collections.abc import Sequence
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

Medal = Literal["gold", "silver", "bronze"]
MEDALS: tuple[Medal, ...] = ("gold", "silver", "bronze")
"""Best first."""


class Places(NamedTuple):
    """The last rank, counted from 1, that wins each medal."""

    gold: int
    silver: int
    bronze: int


class Thresholds(BaseModel):
    """The scores that win a medal (inclusive) or beat the median (strict)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gold: float
    """The worst score that wins gold."""
    silver: float
    """The worst score that wins silver."""
    bronze: float
    """The worst score that wins bronze."""
    median: float
    """The plain median of the leaderboard."""


def medal_places(teams: int) -> Places:
    """The last rank that wins each medal among so many teams."""
    if teams < 1:
        raise ValueError(f"a leaderboard has at least one team, not {teams!r}")
    if teams < 100:
        return Places(max(1, teams // 10), max(1, teams // 5), max(1, teams * 2 // 5))
    if teams < 250:
        return Places(10, teams // 5, teams * 2 // 5)
    gold = 10 + teams // 500
    return Places(gold, 50, 100) if teams < 1000 else Places(gold, teams // 20, teams // 10)


def thresholds(scores: Sequence[float], *, maximize: bool) -> Thresholds:
    """The thresholds that a leaderboard sets, given its scores in any order."""
    board = sorted(scores, reverse=maximize)
    places = medal_places(len(board))
    gold, silver, bronze = (board[place - 1] for place in places)
    return Thresholds(gold=gold, silver=silver, bronze=bronze, median=statistics.median(board))


def medal(score: float, limits: Thresholds, *, maximize: bool) -> Medal | None:
    """The best medal that a score wins; a score equal to a threshold wins it."""
    sign = 1 if maximize else -1
    if sign * score >= sign * limits.gold:
        return "gold"
    if sign * score >= sign * limits.silver:
        return "silver"
    return "bronze" if sign * score >= sign * limits.bronze else None


def above_median(score: float, limits: Thresholds, *, maximize: bool) -> bool:
    """Whether a score is strictly better than the median of the leaderboard."""
    return score > limits.median if maximize else score < limits.median


def rank(score: float, scores: Sequence[float], *, maximize: bool) -> int:
    """The place that a score would take on a leaderboard, counted from 1; ties share the better place."""
    return 1 + sum(other > score if maximize else other < score for other in scores)

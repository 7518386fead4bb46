"""`medals` and `leaderboard`: what a score wins, and where it would stand."""

import math
from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.output import (
    DATA_DIR,
    AsJson,
    CompetitionId,
    DataDir,
    clear_errors,
    rank_words,
    say,
    say_facts,
    say_json,
    warn,
)
from benchmark.cli.progress import Telling
from benchmark.competition import Competition
from benchmark.errors import BenchmarkError, NoLeaderboard
from benchmark.leaderboard import Standing, basis, board_from, keep_board, numbers, read_leaderboard, standing
from benchmark.medals import above_median, medal
from benchmark.registry import find

Score = Annotated[float, typer.Option("--score", help="The score of a submission.")]
Top = Annotated[int, typer.Option("--top", min=1, help="How many teams to show.")]
Fetch = Annotated[bool, typer.Option("--fetch", help="Download the board from Kaggle first.")]
From = Annotated[
    Path | None,
    typer.Option("--from", help="Take the board from a checkout of mle-bench, or from a CSV file, first."),
]


WHOLE = 0.5
"""Share of the noted teams that a whole board has at least: some counts are rough."""


class TwoSources(BenchmarkError):
    """A board is wanted from two places at once."""

    code = "two_sources"

    def __init__(self) -> None:
        super().__init__("--fetch and --from name two sources of one board; give one of them")


class NoScore(BenchmarkError):
    """A number was given that no submission scores."""

    code = "no_score"

    def __init__(self, score: float) -> None:
        self.score = score
        super().__init__(f"{score} is no score; give a finite number")


def medals(
    competition_id: CompetitionId, score: Score, data_dir: DataDir = DATA_DIR, as_json: AsJson = False
) -> None:
    """Say what a score would win, and where it would stand if a leaderboard is here."""
    with clear_errors():
        if not math.isfinite(score):
            raise NoScore(score)
        competition = find(competition_id)
        limits, points = competition.medals, round(score, 5)
        board = read_leaderboard(competition, data_dir)
        place = standing(points, board, maximize=competition.maximize) if board else None
        facts = {
            "competition": competition.id,
            "score": points,
            "medal": medal(points, limits, maximize=competition.maximize),
            "medal_by": basis(competition, board),
            "above_median": above_median(points, limits, maximize=competition.maximize),
            "is_lower_better": not competition.maximize,
            "thresholds": limits.model_dump(include={"gold", "silver", "bronze", "median"}),
            "rank": place.rank if place else None,
            "teams": place.teams if place else limits.teams,
            "threshold_teams": limits.teams,
            "percentile": place.percentile if place else None,
        }
        if as_json:
            say_json(facts)
        else:
            words = (
                f"gold {limits.gold}, silver {limits.silver}, bronze {limits.bronze}, median {limits.median}"
            )
            shown = {**facts, "medal": facts["medal"] or "none", "thresholds": words, "rank": _words(place)}
            del shown["threshold_teams"]  # `medal_by` says it
            say_facts({name: value for name, value in shown.items() if value is not None})


def leaderboard(
    competition_id: CompetitionId,
    fetch: Fetch = False,
    source: From = None,
    top: Top = 10,
    data_dir: DataDir = DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Show the best teams of a leaderboard; with --fetch or --from, take it from there first."""
    with clear_errors():
        competition = find(competition_id)
        if fetch and source is not None:
            raise TwoSources
        if source is not None:
            keep_board(competition, board_from(competition, source), data_dir)
        elif fetch:
            keep_board(competition, _fetched(competition, as_json), data_dir)
        board = read_leaderboard(competition, data_dir)
        if not board:
            raise NoLeaderboard(competition_id)
        if as_json:
            say_json([entry._asdict() for entry in board])
            return
        for entry in board[:top]:
            say(f"{entry.rank:>4}  {entry.score:<12g}{entry.recipe}")


def _fetched(competition: Competition, quiet: bool) -> list[float]:
    """The scores of a board from Kaggle; that it lacks most teams is said, for ranks are then too good."""
    from benchmark.kaggle.board import fetch_scores

    with Telling(competition.id, quiet) as telling:
        telling.say("fetching the leaderboard")
        texts = fetch_scores(competition)
    scores = numbers(texts, f"Kaggle's leaderboard of {competition.id}")
    teams = competition.medals.teams
    if len(scores) < WHOLE * teams:
        warn(
            f"{competition.id}: Kaggle's leaderboard has {len(scores)} scores, while {teams} teams took part"
        )
    return scores


def _words(place: Standing | None) -> str:
    return "not known: there is no leaderboard here" if place is None else rank_words(place.rank, place.teams)

"""The leaderboards are what their recipes score."""

import statistics

import pytest

from benchmark.leaderboard import read_leaderboard
from benchmark.medals import medal
from benchmark.practice_leaderboard import recipes, score_recipe
from tests.benchmark.conftest import Practice

SAMPLE = {
    "class": ("the most frequent class", "decision tree of depth 3", "4 nearest neighbours", "naive Bayes"),
    "number": (
        "the mean",
        "decision tree of depth 3",
        "4 nearest neighbours, scaled",
        "ridge, scaled, alpha 10",
    ),
}
TOLERANCE = 0.005
"""Relative; other versions of scikit-learn or other processors move a score by a row or two at most."""


def test_the_boards_are_sorted_and_of_the_right_size(practice: Practice) -> None:
    competition = practice.competition
    board = read_leaderboard(competition)
    scores = [entry.score for entry in board]
    assert 100 <= len(board) <= 120
    assert [entry.rank for entry in board] == list(range(1, len(board) + 1))
    assert scores == sorted(scores, reverse=competition.maximize)
    assert {entry.recipe for entry in board} == {recipe.words for recipe in recipes(competition)}
    assert len({entry.recipe for entry in board}) == len(board)


@pytest.mark.parametrize("place", range(4))
def test_entries_are_what_their_recipe_scores(practice: Practice, place: int) -> None:
    competition = practice.competition
    words = SAMPLE["number" if competition.prediction == "number" else "class"][place]
    (recipe,) = (recipe for recipe in recipes(competition) if recipe.words == words)
    (entry,) = (entry for entry in read_leaderboard(competition) if entry.recipe == words)
    score = score_recipe(competition, practice.folders, recipe)
    assert score == pytest.approx(entry.score, rel=TOLERANCE)


def test_effort_pays(practice: Practice) -> None:
    places = {entry.recipe: entry.rank for entry in read_leaderboard(practice.competition)}

    def usual(*starts: str) -> float:
        return statistics.mean(place for words, place in places.items() if words.startswith(starts))

    assert usual("mean of") < usual("decision tree") < usual("the ", "classes drawn")
    for words in [words for words in places if words.endswith("on 50% of the rows")]:
        assert places[words] < places[words.replace("50%", "3%")]


def test_medals_mean_something(practice: Practice) -> None:
    competition = practice.competition
    won = {
        entry.recipe: medal(entry.score, competition.medals, maximize=competition.maximize)
        for entry in read_leaderboard(competition)
    }
    assert not any(prize for words, prize in won.items() if words.startswith(("the ", "classes drawn")))
    assert won["decision tree"] is None
    # Equal scores share a medal, so that each may go to a few more than the rules have places for.
    assert 10 <= sum(prize == "gold" for prize in won.values()) <= 15

"""Kaggle's four rules: on boundaries, against real boards, and on thresholds alone."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.medals import Thresholds, above_median, medal, medal_places, rank, thresholds

CASES = json.loads((Path(__file__).parent.parent / "data" / "medals.json").read_text(encoding="utf-8"))
ORDER = ["gold", "silver", "bronze", None]
scores = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400)


@pytest.mark.parametrize(
    ("teams", "places"),
    [
        (1, (1, 1, 1)),
        (9, (1, 1, 3)),
        (99, (9, 19, 39)),
        (100, (10, 20, 40)),
        (249, (10, 49, 99)),
        (250, (10, 50, 100)),
        (499, (10, 50, 100)),
        (500, (11, 50, 100)),
        (999, (11, 50, 100)),
        (1000, (12, 50, 100)),
        (1499, (12, 74, 149)),
        (1500, (13, 75, 150)),
        (4539, (19, 226, 453)),
    ],
)
def test_the_last_place_that_wins(teams: int, places: tuple[int, int, int]) -> None:
    assert medal_places(teams) == places


def test_there_is_no_empty_leaderboard() -> None:
    with pytest.raises(ValueError, match="at least one team"):
        medal_places(0)


@given(st.integers(1, 20_000))
def test_places_follow_the_shares_as_floats(teams: int) -> None:
    gold, silver, bronze = medal_places(teams)
    if teams < 250:
        assert silver == max(1, int(teams * 0.2))
        assert bronze == max(1, int(teams * 0.4))
        assert gold == (max(1, int(teams * 0.1)) if teams < 100 else 10)
    else:
        assert gold == 10 + int(teams * 0.002)
        assert (silver, bronze) == ((50, 100) if teams < 1000 else (int(teams * 0.05), int(teams * 0.1)))
    assert 1 <= gold <= silver <= bronze <= teams


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_real_boards(case: dict[str, object]) -> None:
    limits = Thresholds.model_validate(case["thresholds"])
    board: dict[int, float] = {int(place): score for place, score in case["score_at_rank"].items()}  # pyright: ignore
    teams, maximize = int(str(case["teams"])), bool(case["maximize"])
    places = medal_places(teams)
    for name, place in zip(ORDER, places, strict=False):
        assert board[place] == getattr(limits, str(name))
        assert ORDER.index(medal(board[place], limits, maximize=maximize)) <= ORDER.index(name)
        if board[place + 1] != board[place]:
            assert ORDER.index(medal(board[place + 1], limits, maximize=maximize)) > ORDER.index(name)
    middle = (board[(teams + 1) // 2] + board[teams // 2 + 1]) / 2
    assert limits.median == pytest.approx(middle)
    assert not above_median(limits.median, limits, maximize=maximize)


@given(scores, st.booleans())
def test_a_board_gives_its_own_teams_their_medals(board: list[float], maximize: bool) -> None:
    limits = thresholds(board, maximize=maximize)
    places = medal_places(len(board))
    for score in board:
        place = rank(score, board, maximize=maximize)
        expected = next((name for name, last in zip(ORDER, places, strict=False) if place <= last), None)
        assert medal(score, limits, maximize=maximize) == expected


@given(scores, st.floats(-2e6, 2e6))
def test_direction_is_a_mirror(board: list[float], score: float) -> None:
    up, down = thresholds(board, maximize=True), thresholds([-other for other in board], maximize=False)
    assert medal(score, up, maximize=True) == medal(-score, down, maximize=False)
    assert above_median(score, up, maximize=True) == above_median(-score, down, maximize=False)
    assert rank(score, board, maximize=True) == rank(-score, [-other for other in board], maximize=False)


@given(scores, st.floats(-2e6, 2e6), st.floats(0, 1e6), st.booleans())
def test_a_better_score_never_wins_less(
    board: list[float], score: float, gain: float, maximize: bool
) -> None:
    limits = thresholds(board, maximize=maximize)
    better = score + gain if maximize else score - gain
    first, second = (medal(points, limits, maximize=maximize) for points in (score, better))
    assert ORDER.index(second) <= ORDER.index(first)

"""Fetches the leaderboard of a competition from Kaggle.

It is asked for page by page, and not as the archive of `kaggle competitions leaderboard --download`: the
pages are those of the private board, by which medals go, where there is one; the archive always holds the
public one.
"""

# The package ships no types.
# pyright: reportMissingImports=false, reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

from collections.abc import Mapping
from typing import Any, NamedTuple

from benchmark.competition import Competition
from benchmark.kaggle.client import clear_failures, kaggle_api, sign_in
from benchmark.kaggle.errors import BOARD, KaggleFailed, NotOnKaggle

PAGE = 200
"""Teams that one request asks for; the package itself asks for 20, and the largest boards have 5000."""


class OddAnswer(KaggleFailed):
    """Kaggle answered, and not with a leaderboard."""

    code = "kaggle_answer"

    def __init__(self, slug: str, problem: str) -> None:
        super().__init__(
            f"Kaggle's leaderboard of {slug!r} cannot be read: {problem}; try again later, or "
            f"{BOARD.otherwise}"
        )


class _Page(NamedTuple):
    scores: Mapping[object, str]
    """The scores as they are written, by the number of the team; a team may have none."""
    following: str
    """What names the next page; nothing after the last one."""


def fetch_scores(competition: Competition) -> list[str]:
    """The scores of all teams as Kaggle writes them; empty for a team without one.

    Raises:
        NotOnKaggle: The competition is none of Kaggle's.
        MissingPackage: The package `kaggle` is not installed.
        KaggleFailed: Kaggle refused, or a transfer broke, or the answer is no leaderboard.
    """
    slug = competition.slug
    if slug is None:
        raise NotOnKaggle(competition.id, BOARD)
    api = sign_in(kaggle_api(), BOARD)
    scores: dict[object, str] = {}
    with clear_failures(slug, BOARD), api.build_kaggle_client() as client:
        page = _page(client, slug, "")
        while page.scores:
            if page.scores.keys() <= scores.keys():
                raise OddAnswer(slug, "the same teams come again on the next page")
            scores |= page.scores
            if not page.following:
                break
            page = _page(client, slug, page.following)
    return list(scores.values())


def _page(client: Any, slug: str, name: str) -> _Page:  # noqa: ANN401 - a class without types
    from kagglesdk.competitions.types.competition_api_service import ApiGetLeaderboardRequest

    request = ApiGetLeaderboardRequest()
    request.competition_name = slug
    request.page_size = PAGE
    if name:
        request.page_token = name
    try:
        answer = client.competitions.competition_api_client.get_leaderboard(request)
        return _Page({row.team_id: str(row.score) for row in answer.submissions}, str(answer.next_page_token))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # The package looks into the answer without a look at what it is.
        raise OddAnswer(slug, "it is not what a leaderboard looks like") from error

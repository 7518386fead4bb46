"""`list`, `info` and `leaderboard`: what is known about competitions."""

from typing import Annotated

import typer

from benchmark.cli.output import AsJson, CompetitionId, clear_errors, say, say_facts, say_json
from benchmark.cli.selecting import present
from benchmark.competition import Competition
from benchmark.leaderboard import read_leaderboard
from benchmark.registry import all_ids, find, members

Split = Annotated[str | None, typer.Option("--split", help="Only the competitions of this set.")]
Top = Annotated[int, typer.Option("--top", min=1, help="How many teams to show.")]


def list_command(split: Split = None, as_json: AsJson = False) -> None:
    """List the competitions."""
    with clear_errors():
        found = present(all_ids() if split is None else members(split), split or "all")
        if as_json:
            say_json([competition.model_dump(mode="json") for competition in found])
            return
        for competition in found:
            arrow = "higher" if competition.maximize else "lower"
            say(
                f"{competition.id:<28}{competition.complexity:<10}{competition.category:<12}"
                f"{competition.metric.name} ({arrow} is better)"
            )


def info(competition_id: CompetitionId, as_json: AsJson = False) -> None:
    """Show the facts about a competition."""
    with clear_errors():
        competition = find(competition_id)
        if as_json:
            say_json(competition.model_dump(mode="json"))
        else:
            say_facts(_sheet(competition))


def leaderboard(competition_id: CompetitionId, top: Top = 10, as_json: AsJson = False) -> None:
    """Show the best teams of a competition's leaderboard."""
    with clear_errors():
        board = read_leaderboard(find(competition_id))
        if as_json:
            say_json([entry._asdict() for entry in board])
            return
        for entry in board[:top]:
            say(f"{entry.rank:>4}  {entry.score:<12g}{entry.recipe}")


def _sheet(competition: Competition) -> dict[str, object]:
    limits = competition.medals
    files = {public.file: public.holds for public in competition.public_files.values()}
    columns = {name: column.kind for name, column in competition.submission.columns.items()}
    return {
        "id": competition.id,
        "title": competition.title,
        "complexity": competition.complexity,
        "category": competition.category,
        "size": competition.size,
        "metric": f"{competition.metric.name} ({'higher' if competition.maximize else 'lower'} is better)",
        "submission": ", ".join(
            [competition.id_column, *(f"{name} ({kind})" for name, kind in columns.items())]
        ),
        "files": "; ".join(f"{name}: {holds}" for name, holds in files.items()),
        "split": competition.split.words,
        "medals": f"gold {limits.gold}, silver {limits.silver}, bronze {limits.bronze}",
        "leaderboard": f"{limits.teams} teams, median {limits.median}",
        "data version": competition.data_version,
        "known issues": "; ".join(competition.known_issues) or "none",
    }

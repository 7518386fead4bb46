"""`list` and `info`: what is known about competitions."""

from typing import Annotated

import typer

from benchmark.cli.output import AsJson, CompetitionId, DataVersion, clear_errors, say, say_facts, say_json
from benchmark.cli.selecting import present
from benchmark.competition import Competition
from benchmark.metrics.words import settings, words
from benchmark.preparation.facts import CLASSES
from benchmark.preparation.facts import Split as SplitFacts
from benchmark.registry import all_ids, members
from benchmark.submission_schema import ALL_OTHERS
from benchmark.versions import find_version

Split = Annotated[str | None, typer.Option("--split", help="Only the competitions of this set.")]


def list_command(split: Split = None, as_json: AsJson = False) -> None:
    """List the competitions."""
    with clear_errors():
        found = present(all_ids() if split is None else members(split), split or "all")
        if as_json:
            say_json([competition.model_dump(mode="json") for competition in found])
            return
        widest = max(map(len, all_ids()))
        for competition in found:
            arrow = "higher" if competition.maximize else "lower"
            say(
                f"{competition.id:<{widest}}  {competition.complexity:<8}  {competition.metric.name} "
                f"({arrow} is better)  {competition.category}"
            )


def info(competition_id: CompetitionId, data_version: DataVersion = 1, as_json: AsJson = False) -> None:
    """Show the facts about a competition."""
    with clear_errors():
        competition = find_version(competition_id, data_version)
        if as_json:
            say_json(competition.model_dump(mode="json"))
        else:
            say_facts(_sheet(competition))


def _sheet(competition: Competition) -> dict[str, object]:
    limits, form = competition.medals, competition.submission
    files = {public.file: public.holds for public in competition.public_files.values()}
    columns = [f"{_column(competition, name)} ({rule.kind})" for name, rule in form.columns.items()]
    rules = [f"extra columns {form.extra_columns}", *(check.name.replace("_", " ") for check in form.checks)]
    metric = competition.metric
    undefined = "never on these answers" if metric.undefined is None else f"the score is {metric.undefined}"
    issues = (*competition.unlike_upstream, *competition.grader_alone, *competition.known_issues)
    return {
        "id": competition.id,
        "title": competition.title,
        "complexity": competition.complexity,
        "category": ", ".join(filter(None, (competition.category, competition.detail))),
        "size": competition.size,
        "Kaggle": competition.slug or "not there",
        "metric": f"{metric.name} ({'higher' if competition.maximize else 'lower'} is better)",
        "in words": words(metric.name, metric.params),
        "settings": settings(metric.params) or "none",
        "undefined": undefined,
        "answers": ", ".join((competition.answers.file, *competition.answers.columns)),
        "submission": ", ".join([*form.ids, *columns]) + f"; {', '.join(rules)}",
        "files": "; ".join(f"{name}: {holds}" for name, holds in files.items()),
        "split": f"{competition.split.words} ({_rule(competition.split)})",
        "medals": f"gold {limits.gold}, silver {limits.silver}, bronze {limits.bronze}",
        "leaderboard": f"{limits.teams} teams, median {limits.median}; {limits.source}",
        "data version": competition.data_version,
        "version 2": " ".join(change.what for change in competition.version_2) or "changes nothing",
        "prepared by": "this version" if competition.preparation else "other means; grading works",
        "known issues": " ".join(issues) or "none",
    }


def _column(competition: Competition, name: str) -> str:
    """What a predicted column is called; of those that no fact lists, how many there are if known."""
    if name != ALL_OTHERS:
        return name
    path = competition.folder / CLASSES
    known = f", {len(path.read_text(encoding='utf-8').splitlines())} in all" if path.is_file() else ""
    return f"every further column of the sample{known}"


def _rule(split: SplitFacts) -> str:
    """The split as the fields say it."""
    said = split.model_dump(exclude={"words", "method"}, exclude_defaults=True)
    return ", ".join([split.method, *(f"{name.replace('_', ' ')} {value}" for name, value in said.items())])

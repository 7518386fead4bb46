"""A report as tables: for a terminal, and the main one as GitHub shows it.

What is shown may come from a config, an error message or an agent: it passes through `printable`, and no
part of it is read as markup.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeVar

from rich.console import Console
from rich.text import Text

from experiments.aggregate import RATES, Costs, Estimate, Line, Report, Score, mean_of, reason
from experiments.results import Row
from experiments.tables import Column, print_table
from sandbox.text import printable
from scaffolds.words import count

Versioned = TypeVar("Versioned", Line, Score, Row)
HOUR = 3600.0
OTHER_CARDS = "run on other graphics cards than the hardware profile names."
UNRANKED = "graded by a metric of data version 2 that no leaderboard has: no medal can be won."
_MARKDOWN = re.compile(r"([\\|<*`\[])")


def print_report(report: Report, console: Console) -> None:
    """Print everything: details first, so that the main table is what a terminal shows last."""
    if report.scores:
        _section(console, "Raw scores: mean ± standard error over seeds, of valid submissions")
        print_table(console, _score_columns(report), report.scores)
        _section(console, "What was counted")
        print_table(console, [*_names(report), *_COUNTED], report.lines)
        _section(console, "What it cost")
        print_table(console, [*_names(report), *_COSTS], report.lines)
    print_main(report, console)


def print_main(report: Report, console: Console) -> None:
    """Print the main table and what a reader has to know about it."""
    over = "pairs of arm and seed" if report.pools else "seeds"
    _section(console, f"Percent of competitions: mean ± standard error over {over}")
    print_table(console, _main_columns(report), report.lines)
    for note in notes(report):
        console.print(Text(note))


def markdown(report: Report) -> str:
    """The main table as GitHub shows it, with numbers in the paper's form."""
    columns = _main_columns(report)
    head = [column.head[:1].upper() + column.head[1:] for column in columns]
    rule = ["---:" if column.right else "---" for column in columns]
    body = [[_escaped(column.text(line)) for column in columns] for line in report.lines]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, rule, *body))


def notes(report: Report) -> list[str]:
    """What a reader of the main table has to know, each on a line."""
    backends = [name for line in report.lines for name in line.conditions.backends]
    return [
        printable(note)
        for note in (
            summary(report.medals, report.cells, backends),
            *_excluded_notes(report),
            *_condition_notes(report),
        )
    ]


def summary(medals: int, runs: int, backends: Iterable[str]) -> str:
    """How many of the counted runs won a medal, and how they were isolated."""
    return f"{medals} of {runs} runs won a medal. Isolation: {', '.join(sorted(set(backends))) or 'unknown'}."


def number(value: float | None, form: str = ".5g") -> str:
    """A number as tables show it; `-` for what is unknown."""
    return "-" if value is None else format(value, form)


def percent(estimate: Estimate) -> str:
    """`16.9 ± 1.1`; `-` for what is unknown."""
    return _plus_minus(estimate, ".1f", ".1f")


def name(labels: Mapping[str, str], arm: str, report: Report) -> str:
    """What an arm is called where all of its name has to be in one place."""
    return ", ".join(_label(labels, axis, arm, report) for axis in report.axes)


def _plus_minus(estimate: Estimate, mean: str, se: str) -> str:
    if estimate.mean is None:
        return "-"
    return f"{estimate.mean:{mean}} ± {number(estimate.se, se)}"


def _section(console: Console, title: str) -> None:
    console.print(Text(f"\n{title}", style="bold"))


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", " ".join(printable(text).split()))


def _words(field: str) -> str:
    return field.replace("_", " ")


def _label(labels: Mapping[str, str], axis: str, arm: str, report: Report) -> str:
    """The digest stands beside the scaffold where nothing else tells two arms apart."""
    twin = axis == "scaffold" and arm in report.ambiguous
    return f"{labels[axis]} ({arm})" if twin else labels[axis]


def _names(report: Report) -> list[Column[Line]]:
    """The columns that say which line it is."""
    columns: list[Column[Line]] = []
    if report.by is not None and report.pools:
        axis = report.by.value
        columns.append(Column(_words(axis), lambda line: line.labels[axis], folds=True))
        columns.append(Column("arms", lambda line: str(len(line.arms)), right=True))
    else:
        columns += [_axis_of_line(axis, report) for axis in report.axes]
    if report.by is not None and not report.pools:
        columns.append(Column(report.by.value, lambda line: line.group, folds=True))
    return [*columns, *version_column(report.lines)]


def version_column(items: Iterable[Versioned]) -> list[Column[Versioned]]:
    """The column that says the data version, where any item has another one than the paper's."""
    if all(item.data_version == 1 for item in items):
        return []
    return [Column("data version", lambda item: str(item.data_version), right=True)]


def _axis_of_line(axis: str, report: Report) -> Column[Line]:
    return Column(_words(axis), lambda line: _label(line.labels, axis, line.arms[0], report), folds=True)


def _axis_of_score(axis: str, report: Report) -> Column[Score]:
    return Column(_words(axis), lambda score: _label(score.labels, axis, score.arm, report), folds=True)


def _main_columns(report: Report) -> list[Column[Line]]:
    """The columns of the paper's main table, and what they rest on."""
    columns = [*_names(report), *_SIZES, *(_rate(rate) for rate in RATES)]
    if report.excluded:
        columns.append(Column("any medal of all cells", lambda line: percent(line.any_medal_all), right=True))
    return columns


def _rate(rate: str) -> Column[Line]:
    return Column(_words(rate), lambda line: percent(line.rates[rate]), right=True)


def _cells(line: Line) -> str:
    missing = sum(line.excluded.values())
    return f"{line.cells} of {line.cells + missing}" if missing else str(line.cells)


def _score_columns(report: Report) -> list[Column[Score]]:
    return [
        Column("competition", lambda score: score.competition, folds=True),
        *(_axis_of_score(axis, report) for axis in report.axes),
        *version_column(report.scores),
        Column("score", lambda score: _plus_minus(score.score, ".5g", ".2g"), right=True),
        Column("valid", lambda score: f"{score.valid} of {score.cells}", right=True),
        Column("best", lambda score: number(score.best), right=True),
        Column("median", lambda score: number(score.median), right=True),
        Column("better is", lambda score: "higher" if score.maximize else "lower"),
        Column("medals", lambda score: str(score.medals), right=True),
    ]


def _per_cell(total: float | None, costs: Costs, form: str) -> str:
    return number(mean_of(total, costs), form)


def _dollars(costs: Costs) -> str:
    if costs.usd is None:
        cells = f"for {costs.usd_unknown} of {costs.cells} cells"
        return (
            f"at least {costs.known_usd:.2f} (unknown {cells})" if costs.known_usd else f"unknown ({cells})"
        )
    return f"{costs.usd:.2f}"


def _dollars_per_cell(costs: Costs) -> str:
    return "unknown" if costs.usd is None else _per_cell(costs.usd, costs, ".2f")


def _hours(seconds: float) -> str:
    return f"{seconds / HOUR:.2f}"


_SIZES: tuple[Column[Line], ...] = (
    Column("seeds", lambda line: str(len(line.seeds)), right=True),
    Column("cells", _cells, right=True),
)

_COUNTED: tuple[Column[Line], ...] = (
    *_SIZES,
    Column("competitions", lambda line: str(len(line.competitions)), right=True),
    Column("added later", lambda line: str(line.conditions.added), right=True),
    Column("code versions", lambda line: str(len(line.conditions.codes)), right=True),
    Column("changed code", lambda line: str(line.conditions.changed_code), right=True),
    Column("isolation", lambda line: ", ".join(line.conditions.backends) or "-", folds=True),
    Column("graphics cards", lambda line: ", ".join(line.conditions.cards) or "-", folds=True),
    Column("final rule", lambda line: ", ".join(line.conditions.final) or "-", folds=True),
    Column("from a snapshot", lambda line: str(line.conditions.from_snapshot), right=True),
)

_COSTS: tuple[Column[Line], ...] = (
    Column("tokens per cell", lambda line: _per_cell(line.costs.tokens, line.costs, ",.0f"), right=True),
    Column("tokens", lambda line: f"{line.costs.tokens:,}", right=True),
    Column("dollars per cell", lambda line: _dollars_per_cell(line.costs), right=True),
    Column("dollars", lambda line: _dollars(line.costs), right=True, folds=True),
    Column(
        "hours per cell", lambda line: _per_cell(line.costs.seconds / HOUR, line.costs, ".2f"), right=True
    ),
    Column("hours", lambda line: _hours(line.costs.seconds), right=True),
    Column(
        "waited per cell", lambda line: _per_cell(line.costs.waited_s / HOUR, line.costs, ".2f"), right=True
    ),
    Column("waited", lambda line: _hours(line.costs.waited_s), right=True),
)


def _excluded_notes(report: Report) -> list[str]:
    if not report.excluded:
        return []
    costs, left = report.excluded_costs, len(report.excluded)
    reasons = Counter(reason(row) for row in report.excluded)
    return [
        f"Not counted: {left} of {report.cells + left} cells, which used {costs.tokens:,} tokens, "
        f"{_hours(costs.seconds)} hours and {_dollars(costs)} dollars:",
        *(f"  {count(cells, 'cell')} {why}" for why, cells in reasons.items()),
    ]


def _condition_notes(report: Report) -> list[str]:
    """What makes the numbers harder to trust, where it is so."""
    conditions = [line.conditions for line in report.lines]
    partial = sum(line.partial for line in report.lines)
    found = [
        (sum(c.added for c in conditions), "cell", "added after the plan was locked."),
        (sum(c.changed_code for c in conditions), "cell", "run under more than one version of the code."),
        (sum(c.on_other_cards for c in conditions), "cell", OTHER_CARDS),
        (sum(c.from_snapshot for c in conditions), "cell", "graded from a snapshot."),
        (sum(c.unranked for c in conditions), "cell", UNRANKED),
        (report.repeats, "cell", "run again with the same seed; such runs are averaged first."),
        (partial, "seed", "of an arm without all of its competitions, weighing as much as a whole one."),
    ]
    said = [f"{count(cells, noun)} {words}" for cells, noun, words in found if cells]
    if (report.by is None or report.pools) and len({line.competitions for line in report.lines}) > 1:
        said.append("The lines cover different competitions: compare them with care.")
    return said

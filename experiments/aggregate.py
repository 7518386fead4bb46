"""From rows to lines: percentages with standard errors over seeds, raw scores, costs, and what was left out.

The statistics are the paper's. One seed of one arm gives one value, its share of competitions; a line says
the mean of these values and the standard error of that mean. Only cells that are done are counted. Nothing
here reads a file or prints.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from math import fsum, sqrt
from statistics import fmean, stdev

from experiments.results import Row, short_reason
from scaffolds.words import one_line

AXES = ("scaffold", "model", "hardware", "time_limit", "variant")
"""What an arm is named by."""
RATES = (
    "made_submission", "valid_submission", "above_median", "bronze", "silver", "gold", "any_medal",
)  # fmt: skip
"""The columns of the paper's main table: fields of a row, shares of a line."""

_COMPLEXITIES = ("practice", "dev", "low", "medium", "high")
_ALWAYS_NAMED = ("scaffold", "model")
_REASON_CHARS = 160


class By(StrEnum):
    """What the cells are sorted by: a property of the competition for each arm, or one axis over all arms."""

    COMPLEXITY = "complexity"
    CATEGORY = "category"
    COMPETITION = "competition"
    SCAFFOLD = "scaffold"
    MODEL = "model"
    HARDWARE = "hardware"
    TIME_LIMIT = "time_limit"
    VARIANT = "variant"

    @property
    def pools(self) -> bool:
        """Whether a line holds several arms."""
        return self.value in AXES


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over independent values and its standard error."""

    mean: float | None
    """None when there is no value."""
    se: float | None
    """Sample standard deviation over the square root of `n`; None for fewer than two values."""
    n: int
    """How many values there are."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What some cells have used."""

    cells: int
    tokens: int
    """Input and output."""
    usd: float | None
    """Dollars; None when those of any cell are unknown."""
    usd_unknown: int
    """Cells whose dollars are unknown."""
    known_usd: float
    """Dollars of those calls that have a price."""
    seconds: float
    """Working time."""
    waited_s: float
    """Time spent waiting for providers."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under what the cells of a line ran."""

    added: int
    """Cells planned after the sweep had begun, excluded ones among them."""
    codes: tuple[str, ...]
    """Digests of the code under which the counted cells ran."""
    changed_code: int
    """Counted cells of which each ran under more than one of these."""
    backends: tuple[str, ...]
    """Isolation in use."""
    cards: tuple[str, ...]
    """Kinds of graphics cards in use."""
    on_other_cards: int
    """Counted cells that ran on cards of another kind than their hardware profile names."""
    final: tuple[str, ...]
    """Rules by which the graded submission was chosen."""
    from_snapshot: int
    """Counted cells graded by a snapshot, not by the file at the path."""
    unranked: int
    """Counted cells whose data version has another metric than the leaderboard: they can win nothing."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the main table: some cells, and what they earned."""

    arms: tuple[str, ...]
    """Digests of its arms: one, unless it is pooled over an axis."""
    labels: Mapping[str, str]
    """Its name: label by axis, all axes of an arm or the one that it is pooled by."""
    data_version: int
    group: str
    """The complexity, category or competition; empty where lines are not sorted by one."""
    rates: Mapping[str, Estimate]
    """Percentages, by the names in `RATES`."""
    any_medal_all: Estimate
    """Percentage with a medal of all cells: excluded ones count as none."""
    seeds: tuple[int, ...]
    """Seeds with a counted cell."""
    partial: int
    """Of the values behind the means, those that lack competitions which their arm has."""
    competitions: tuple[str, ...]
    """Competitions with a counted cell."""
    cells: int
    """Counted cells."""
    excluded: Mapping[str, int]
    """Cells that are not counted, by reason."""
    conditions: Conditions
    costs: Costs
    """What the counted cells have used."""


@dataclass(frozen=True, slots=True)
class Score:
    """Raw scores of one arm on one competition; never aggregated further."""

    competition: str
    complexity: str
    category: str
    data_version: int
    arm: str
    labels: Mapping[str, str]
    score: Estimate
    """Over seeds, valid submissions alone."""
    valid: int
    """Valid submissions."""
    cells: int
    """Counted cells."""
    best: float | None
    median: float | None
    """The leaderboard's median."""
    maximize: bool
    medals: int
    """Cells with any medal."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that tables are made of."""

    by: By | None
    lines: tuple[Line, ...]
    scores: tuple[Score, ...]
    excluded: tuple[Row, ...]
    """Cells that are not counted."""
    excluded_costs: Costs
    """What these have used."""
    cells: int
    """Counted cells."""
    medals: int
    """Counted cells with any medal."""
    repeats: int
    """Counted cells beyond the first of the same arm, data, competition and seed."""
    axes: tuple[str, ...]
    """Axes that arms are named by: scaffold, model, and those in which they differ."""
    ambiguous: frozenset[str]
    """Digests of arms which another arm equals in every label."""

    @property
    def pools(self) -> bool:
        """Whether a line may hold several arms."""
        return self.by is not None and self.by.pools


def aggregate(rows: Iterable[Row], by: By | None = None) -> Report:
    """Sort cells into lines and say what each earned; the order of the rows changes nothing.

    Args:
        rows: cells of any number of sweeps.
        by: None for a line per arm. Data versions are never pooled: each is a line of its own.
    """
    once = set(rows)  # rows equal in everything are one run, read from a copy or through two paths
    rows = sorted(_with_one_name_per_arm(once), key=_order)
    counted = [row for row in rows if _is_counted(row)]
    excluded = tuple(row for row in rows if not _is_counted(row))
    names = {row.arm: _labels(row) for row in rows}
    twins = Counter(tuple(labels.values()) for labels in names.values())
    return Report(
        by=by,
        lines=tuple(_line(part, by) for part in _parts(_by_line(rows, by), lambda row: _line_key(row, by))),
        scores=tuple(_score(part) for part in _parts(sorted(counted, key=_competition), _score_key)),
        excluded=excluded,
        excluded_costs=_costs(excluded),
        cells=len(counted),
        medals=sum(row.any_medal for row in counted),
        repeats=len(counted) - len({(*_score_key(row), row.seed) for row in counted}),
        axes=tuple(
            axis
            for axis in AXES
            if axis in _ALWAYS_NAMED or len({labels[axis] for labels in names.values()}) > 1
        ),
        ambiguous=frozenset(arm for arm, labels in names.items() if twins[tuple(labels.values())] > 1),
    )


def estimate(values: Iterable[float]) -> Estimate:
    """The mean of values and its standard error (`ddof=1`)."""
    found = list(values)
    n = len(found)
    return Estimate(fmean(found) if n else None, stdev(found) / sqrt(n) if n > 1 else None, n)


def mean_of(total: float | None, costs: Costs) -> float | None:
    """What a total is per cell; None where it is unknown or there is no cell."""
    return None if total is None or not costs.cells else total / costs.cells


def reason(row: Row) -> str:
    """Why a cell is not counted, on one line."""
    why = one_line(short_reason(row.reason), _REASON_CHARS)
    return f"{row.state}: {why}" if why else row.state


def _is_counted(row: Row) -> bool:
    return row.state == "done"


def _labels(row: Row) -> dict[str, str]:
    return {axis: getattr(row, axis) for axis in AXES}


def _with_one_name_per_arm(rows: Collection[Row]) -> list[Row]:
    """Sweeps may call an arm differently, each label being as short as its sweep allows: the longest wins."""
    names: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        for axis, label in _labels(row).items():
            names[row.arm, axis].add(label)
    longest = {key: max(labels, key=lambda label: (len(label), label)) for key, labels in names.items()}
    return [row.model_copy(update={axis: longest[row.arm, axis] for axis in AXES}) for row in rows]


@cache
def _natural(text: str) -> tuple[tuple[int, str], ...]:
    """A key by which `24h` comes before `100h`."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in re.findall(r"\d+|\D+", text))


def _order(row: Row) -> tuple[object, ...]:
    rank = _COMPLEXITIES.index(row.complexity) if row.complexity in _COMPLEXITIES else len(_COMPLEXITIES)
    place = (rank, row.complexity, row.category, row.competition)
    return (*_who(row), *place, row.seed, row.cell, row.model_dump_json())


def _who(row: Row) -> tuple[object, ...]:
    """Where an arm stands, and in it a data version."""
    return (*map(_natural, _labels(row).values()), row.arm, row.data_version)


def _parts(rows: Iterable[Row], key: Callable[[Row], tuple[object, ...]]) -> Iterable[list[Row]]:
    """The rows of equal key, in the order in which keys first appear."""
    parts: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        parts[key(row)].append(row)
    return parts.values()


def _group(row: Row, by: By | None) -> str:
    return "" if by is None or by.pools else getattr(row, by.value)


def _line_key(row: Row, by: By | None) -> tuple[object, ...]:
    who = getattr(row, by.value) if by is not None and by.pools else row.arm
    return who, row.data_version, _group(row, by)


def _by_line(rows: Sequence[Row], by: By | None) -> Sequence[Row]:
    """Sorted rows in the order of their lines, so that a line's place depends on no single cell."""
    if by is By.CATEGORY:
        return sorted(rows, key=lambda row: (*_who(row), row.category))
    if by is not None and by.pools:
        return sorted(rows, key=lambda row: (_natural(getattr(row, by.value)), row.data_version))
    return rows


def _competition(row: Row) -> str:
    return row.competition


def _score_key(row: Row) -> tuple[object, ...]:
    return row.competition, row.data_version, row.arm


def _line(rows: Sequence[Row], by: By | None) -> Line:
    counted = [row for row in rows if _is_counted(row)]
    labels = _labels(rows[0])
    return Line(
        arms=tuple(dict.fromkeys(row.arm for row in rows)),
        labels={by.value: labels[by.value]} if by is not None and by.pools else labels,
        data_version=rows[0].data_version,
        group=_group(rows[0], by),
        rates={rate: _percentage(counted, rate) for rate in RATES},
        any_medal_all=_percentage(rows, "any_medal"),
        seeds=tuple(sorted({row.seed for row in counted})),
        partial=_partial(rows),
        competitions=tuple(sorted({row.competition for row in counted})),
        cells=len(counted),
        excluded=Counter(reason(row) for row in rows if not _is_counted(row)),
        conditions=_conditions(rows, counted),
        costs=_costs(counted),
    )


def _percentage(rows: Iterable[Row], rate: str) -> Estimate:
    """One value per arm and seed: its share of competitions, each of which weighs the same."""
    values = _values(rows, lambda row: _is_counted(row) and bool(getattr(row, rate)))
    return estimate(100 * fmean(map(fmean, shares.values())) for shares in values.values())


def _values(
    rows: Iterable[Row], value: Callable[[Row], float]
) -> dict[tuple[str, int], dict[str, list[float]]]:
    """Values by arm and seed, then by competition: a list, for a cell may have run in several folders."""
    values: dict[tuple[str, int], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        values[row.arm, row.seed][row.competition].append(value(row))
    return values


def _partial(rows: Iterable[Row]) -> int:
    planned: dict[str, set[str]] = defaultdict(set)
    present: dict[tuple[str, int], set[str]] = defaultdict(set)
    for row in rows:
        planned[row.arm].add(row.competition)
        if _is_counted(row):
            present[row.arm, row.seed].add(row.competition)
    return sum(found != planned[arm] for (arm, _), found in present.items())


def _conditions(rows: Iterable[Row], counted: Sequence[Row]) -> Conditions:
    return Conditions(
        added=sum(row.added for row in rows),
        codes=tuple(sorted({code for row in counted for code in row.codes})),
        changed_code=sum(len(set(row.codes)) > 1 for row in counted),
        backends=tuple(sorted({name for row in counted for name in row.backends})),
        cards=tuple(sorted({name for row in counted for name in row.cards})),
        on_other_cards=sum(bool(row.other_cards) for row in counted),
        final=tuple(sorted({row.final for row in counted})),
        from_snapshot=sum(row.final_from == "snapshot" for row in counted),
        unranked=sum(row.median is None for row in counted),
    )


def _costs(rows: Sequence[Row]) -> Costs:
    known = [row.usd for row in rows if row.usd is not None]
    return Costs(
        cells=len(rows),
        tokens=sum(row.tokens for row in rows),
        usd=fsum(known) if len(known) == len(rows) else None,
        usd_unknown=len(rows) - len(known),
        known_usd=fsum(row.known_usd for row in rows),
        seconds=fsum(row.seconds for row in rows),
        waited_s=fsum(row.waited_s for row in rows),
    )


def _score(rows: Sequence[Row]) -> Score:
    first = rows[0]
    scores: dict[int, list[float]] = defaultdict(list)
    for row in rows:
        if row.valid_submission and row.score is not None:
            scores[row.seed].append(row.score)
    every = [score for found in scores.values() for score in found]
    medians = {row.median for row in rows}
    return Score(
        competition=first.competition,
        complexity=first.complexity,
        category=first.category,
        data_version=first.data_version,
        arm=first.arm,
        labels=_labels(first),
        score=estimate(map(fmean, scores.values())),
        valid=len(every),
        cells=len(rows),
        best=(max if first.maximize else min)(every, default=None),
        median=medians.pop() if len(medians) == 1 else None,
        maximize=first.maximize,
        medals=sum(row.any_medal for row in rows),
    )

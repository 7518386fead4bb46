"""A report for other programs: JSON, and the main table as CSV.

Keys are the columns' names in snake case, percentages lie between 0 and 100, and what is unknown is null.
"""

import csv
import io
from typing import Any

import orjson

from experiments.aggregate import AXES, RATES, Conditions, Costs, Estimate, Line, Report, Score, mean_of
from experiments.report_view import HOUR, name, notes
from experiments.results import Row
from sandbox.text import printable


def as_json(report: Report) -> str:
    """The whole report as one JSON object."""
    record = {
        "unit": "percent",
        "by": report.by.value if report.by else None,
        "lines": line_records(report),
        "competitions": [_score(score, report) for score in report.scores],
        "excluded": [_excluded(row) for row in report.excluded],
        "excluded_costs": _costs(report.excluded_costs),
        "cells": report.cells,
        "medals": report.medals,
        "repeats": report.repeats,
        "notes": notes(report),
    }
    return orjson.dumps(_clean(record), option=orjson.OPT_INDENT_2).decode()


def as_csv(report: Report) -> str:
    """The main table: the keys of a JSON line are the header; what is unknown is empty."""
    records = line_records(report)
    out = io.StringIO()
    if records:
        writer = csv.DictWriter(out, list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _field(value) for key, value in record.items()} for record in records)
    return out.getvalue()


def line_records(report: Report) -> list[dict[str, Any]]:
    """The lines as flat keys; an axis over which a line is pooled is None."""
    return [_line(line, report) for line in report.lines]


def _line(line: Line, report: Report) -> dict[str, Any]:
    by = report.by
    pooled = by is not None and report.pools
    return {
        "name": line.labels[by.value]
        if by is not None and pooled
        else name(line.labels, line.arms[0], report),
        "arm": None if pooled else line.arms[0],
        "arms": len(line.arms),
        **{axis: line.labels.get(axis) for axis in AXES},
        "data_version": line.data_version,
        **({by.value: line.group} if by is not None and not pooled else {}),
        "seeds": len(line.seeds),
        "replicates": line.rates["any_medal"].n,
        "partial_replicates": line.partial,
        "competitions": len(line.competitions),
        "cells": line.cells,
        "excluded": sum(line.excluded.values()),
        "excluded_reasons": dict(line.excluded),
        **{key: value for rate in RATES for key, value in _estimate(rate, line.rates[rate]).items()},
        **_estimate("any_medal_all", line.any_medal_all),
        **_conditions(line.conditions),
        **_costs(line.costs),
    }


def _score(score: Score, report: Report) -> dict[str, Any]:
    return {
        "competition": score.competition,
        "complexity": score.complexity,
        "category": score.category,
        "data_version": score.data_version,
        "name": name(score.labels, score.arm, report),
        "arm": score.arm,
        **score.labels,
        **_estimate("score", score.score),
        "valid": score.valid,
        "cells": score.cells,
        "best": score.best,
        "median": score.median,
        "maximize": score.maximize,
        "medals": score.medals,
    }


def _estimate(rate: str, estimate: Estimate) -> dict[str, float | None]:
    return {f"{rate}_mean": estimate.mean, f"{rate}_se": estimate.se}


def _conditions(conditions: Conditions) -> dict[str, Any]:
    return {
        "added": conditions.added,
        "codes": list(conditions.codes),
        "changed_code": conditions.changed_code,
        "backends": list(conditions.backends),
        "cards": list(conditions.cards),
        "on_other_cards": conditions.on_other_cards,
        "final": list(conditions.final),
        "from_snapshot": conditions.from_snapshot,
        "unranked": conditions.unranked,
    }


def _costs(costs: Costs) -> dict[str, float | None]:
    totals = {
        "tokens": costs.tokens,
        "usd": costs.usd,
        "hours": costs.seconds / HOUR,
        "waited_hours": costs.waited_s / HOUR,
    }
    means = {f"{what}_mean": mean_of(total, costs) for what, total in totals.items()}
    return {
        **means,
        **{f"{what}_total": total for what, total in totals.items()},
        "usd_unknown": costs.usd_unknown,
        "usd_known_total": costs.known_usd,
    }


def _excluded(row: Row) -> dict[str, Any]:
    fields = ("cell", "arm", *AXES, "competition", "data_version", "seed", "state", "reason")
    return {field: getattr(row, field) for field in fields}


def _clean(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The same with every text made printable."""
    match value:
        case str():
            return printable(value)
        case dict():
            return {_clean(key): _clean(part) for key, part in value.items()}  # pyright: ignore[reportUnknownVariableType] - JSON
        case list():
            return [_clean(part) for part in value]  # pyright: ignore[reportUnknownVariableType] - JSON
        case _:
            return value


def _field(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A value in one field of CSV."""
    match value:
        case dict():
            return printable("; ".join(f"{count} {why}" for why, count in value.items()))  # pyright: ignore[reportUnknownVariableType] - JSON
        case list():
            return printable("; ".join(map(str, value)))  # pyright: ignore[reportUnknownArgumentType] - JSON
        case _:
            return _clean(value)

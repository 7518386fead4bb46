"""Cells that hold a span of tokens `start:end`, `YES`, `NO`, or nothing."""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import pandas as pd

from benchmark.cells.common import examples, without_missing
from benchmark.submission_schema import Column
from benchmark.text import plain
from benchmark.verdict import Code, Rejected

SPAN = r"([+-]?)0*([0-9]{1,18})\s*:\s*([+-]?)0*([0-9]{1,18})"
"""Two numbers of at most 18 digits, which is more than any text has tokens."""


def parse_spans(cells: pd.Series, name: str, rule: Column) -> pd.Series:
    """The spans, each in one spelling; an empty text for a blank.

    Raises:
        Rejected: A cell is something else, or blank where the rule forbids that.
    """
    stripped = without_missing(cells, name, rule).str.strip()
    parts = stripped.str.extract(f"^{SPAN}$")
    minus = parts[[0, 2]] == "-"
    spans = (
        parts[0].where(minus[0], "").fillna("")
        + parts[1]
        + ":"
        + parts[2].where(minus[2], "").fillna("")
        + parts[3]
    )
    known = stripped.isin(["YES", "NO"] + ([""] if rule.blank == "allowed" else []))
    wrong = cells[~known & spans.isna()]
    if len(wrong):
        raise Rejected(
            Code.BAD_FORMAT,
            f"Column '{plain(name)}' has {len(wrong)} values that are no answer: {examples(wrong)}; "
            "expected 'start:end', YES, NO or nothing.",
        )
    return spans.where(spans.notna(), stripped)

"""Reads the private answers of a competition."""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from pathlib import Path
from typing import NamedTuple

import orjson
import pandas as pd
import pyarrow as pa

from benchmark.cells import KINDS
from benchmark.competition import Competition
from benchmark.contract import SubmissionContract, header_of, make_form
from benchmark.errors import BadData
from benchmark.exact import EXACT
from benchmark.metrics import METRICS
from benchmark.sheets import own_sheet
from benchmark.submission import Expected, as_table, looked_at, make_expected, parse
from benchmark.submission_schema import Column


class Answers(NamedTuple):
    """What a grader knows."""

    form: SubmissionContract
    """The form of submissions."""
    expected: Expected
    """The rows that are asked for."""
    table: pd.DataFrame
    """The true values: the columns that the metric looks at, one row for each expected one, or repeated."""


def read_answers(competition: Competition, private: Path) -> Answers:
    """The answers of a competition.

    Raises:
        BadData: They are missing or not what the facts say.
    """
    path = private / competition.answers.file
    if not path.is_file():
        raise BadData(path, "the answers are missing")
    if METRICS[competition.metric.name].shape == "table":
        return _table(competition, path)
    return _columns(competition, path)


def _columns(competition: Competition, path: Path) -> Answers:
    """The true values of the predicted columns, as their kinds read them."""
    header = header_of(path)
    form = _form(competition, header, path)
    sources = {name: rule.answer or name for name, rule in form.columns.items()}
    types = {sources[name]: KINDS[rule.kind].typed for name, rule in form.columns.items()}
    sheet = own_sheet(path.read_bytes(), header, form.id_columns, types)
    expected = make_expected(sheet, form)
    truth = {
        name: parse(sheet[sources[name]], name, rule.kind, _without_limits(rule))
        for name, rule in form.columns.items()
        if rule.scored
    }
    return Answers(_sized(form, expected, path), expected, as_table(truth))


def _table(competition: Competition, path: Path) -> Answers:
    """The columns that the facts list, as they are."""
    facts, ids = competition.answers, competition.submission.ids
    if path.suffix == ".jsonl":
        table = _from_json_lines(path, (*ids, *facts.columns))
        form = make_form(competition, [*ids, *competition.submission.listed])
    else:
        header = header_of(path)
        form = _form(competition, header, path)
        table = _from_csv(path, form, facts.columns)
    table = _repeated(table, ids[0], facts.suffixes)
    rows = table.drop_duplicates(list(ids)) if facts.repeated else table
    texts = rows.rename(columns={rule.answer: name for name, rule in form.columns.items() if rule.answer})
    expected = make_expected({name: texts[name] for name in texts.columns}, form)
    return Answers(_sized(form, expected, path), expected, table)


def _form(competition: Competition, header: list[str], path: Path) -> SubmissionContract:
    """The form of submissions, where the answers have this header."""
    rest = [name for name in header if name not in competition.answers.columns]
    form = make_form(competition, rest)
    truth = () if METRICS[competition.metric.name].shape == "table" else form.columns.items()
    wanted = {*form.id_columns, *competition.answers.columns, *(rule.answer or name for name, rule in truth)}
    if not wanted <= set(header):
        lacking = ", ".join(sorted(wanted - set(header)))
        raise BadData(path, f"the columns are {header[:20]!r}, without {lacking}")
    return form


def _sized(form: SubmissionContract, expected: Expected, path: Path) -> SubmissionContract:
    if not len(expected.ids):
        raise BadData(path, "it has 0 ids")
    return form.model_copy(update={"row_count": len(expected.ids)})


def _without_limits(rule: Column) -> Column:
    """The rule for true values: they are what they are."""
    kind = "number" if rule.kind == "probability" else rule.kind
    blank = "rejected" if KINDS[kind].typed else "allowed"
    free = {"kind": kind, "minimum": None, "maximum": None, "blank": blank, "numbers": "allowed"}
    return rule.model_copy(update=free)


def _from_csv(path: Path, form: SubmissionContract, columns: tuple[str, ...]) -> pd.DataFrame:
    texts = [*form.id_columns, *(name for name in form.columns if looked_at(form))]
    table = pd.read_csv(
        path,
        usecols=lambda name: name in {*texts, *columns},
        # A reader that is asked for `str` makes a Python string for every cell on the way.
        dtype=dict.fromkeys(texts, pd.ArrowDtype(pa.large_string())),
        keep_default_na=False,
        na_values=[""],
        **EXACT,
        low_memory=False,
    )
    return table.astype(dict.fromkeys(texts, "str"))


def _from_json_lines(path: Path, fields: tuple[str, ...]) -> pd.DataFrame:
    with path.open("rb") as lines:
        kept = [{name: record[name] for name in fields} for record in map(orjson.loads, lines)]
    return pd.DataFrame(kept, columns=list(fields))


def _repeated(table: pd.DataFrame, id_column: str, suffixes: tuple[str, ...]) -> pd.DataFrame:
    """The table with each row once for each suffix, which its id ends with."""
    if not suffixes:
        return table
    longer = table.loc[table.index.repeat(len(suffixes))].reset_index(drop=True)
    ends = pd.Series(list(suffixes) * len(table), dtype="str")
    return longer.assign(**{id_column: longer[id_column].astype("str") + ends})

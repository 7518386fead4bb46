"""What a submission must look like, compiled from public files only, and the check against it.

The check never sees an answer: its verdicts are the same whatever the answers are. The grader reads a
submission by the same rules, with the ids of the answers in place of the sample's.
"""

import zipfile
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from benchmark.competition import Check, Column, Competition, Facts
from benchmark.errors import BadData, NotPrepared
from benchmark.submission_schema import ALL_OTHERS, SHORT
from benchmark.verdict import Code, Rejected, Verdict

if TYPE_CHECKING:
    from benchmark.submission import Expected

SPARE_BYTES = 16 * 1024 * 1024
"""Room beside three times the sample and the numbers: blanks never reach it, a flood of bytes does."""
NUMBER_BYTES = 26
"""Room for each number, of which a sample often has one digit: the longest text of a float has 24 characters,
as `-2.2250738585072014e-308`, and a separator and a carriage return stand beside it."""
ROW_BYTES = 16 * 1024
"""Room for each row of texts, boxes or masks, of which a sample is often empty."""
MAX_BYTES = 1024**3
"""The largest submission that is read at all."""


class SubmissionContract(Facts):
    """The form of a valid submission to one competition; plain data, ready for JSON."""

    competition: str
    """The competition's id."""
    id_columns: tuple[str, ...]
    """The columns that name the rows."""
    columns: Mapping[str, Column]
    """What the predicted columns hold, by name, in the order of the sample."""
    extra_columns: Literal["rejected", "ignored"]
    """What becomes of a file with more columns."""
    column_order: Literal["any", "id_first", "fixed"]
    """Which order the columns may have."""
    rows: Literal["exact", "more"]
    """Whether a file may have rows that are not asked for."""
    checks: tuple[Check, ...]
    """Rules on several cells at once."""
    row_count: int
    """How many rows are asked for."""
    max_bytes: int
    """The largest file that is looked at."""
    sample: Path | None = None
    """The public sample submission, which holds the ids that are asked for."""

    @property
    def header(self) -> tuple[str, ...]:
        """The columns of a submission: the id columns, then the predicted ones."""
        return (*self.id_columns, *self.columns)


def compile_contract(competition: Competition, public: Path) -> SubmissionContract:
    """The contract of a competition, read from its facts and its public sample submission.

    Raises:
        NotPrepared: There is no sample submission in `public`.
        BadData: The sample submission is not what the facts say.
    """
    sample = public / competition.files["sample_submission"]
    if not sample.is_file():
        home = public.parent.parent  # beside others of its version: in `<data>`, or in `<data>/v2`
        raise NotPrepared(competition, home.parent if competition.data_version == 1 else home.parent.parent)
    from benchmark.submission import read_expected  # pandas is needed here and not before

    names = header_of(sample)
    lacking = [name for name in competition.submission_columns if name not in names]
    if lacking:
        raise BadData(sample, f"the columns are {names[:20]!r}, without {', '.join(lacking)}")
    form = make_form(competition, names, sample=sample.resolve())
    rows = len(read_expected(form).ids)
    if not rows:
        raise BadData(sample, "it has 0 ids")
    most = most_bytes(form, rows, _size(sample))
    return form.model_copy(update={"row_count": rows, "max_bytes": most})


def most_bytes(form: SubmissionContract, rows: int, sample_bytes: int) -> int:
    """The size rule: the largest file that the contract looks at.

    Three times the sample, `SPARE_BYTES`, `NUMBER_BYTES` for each single number or label, and `ROW_BYTES` for
    each row where a column holds longer things; never more than `MAX_BYTES`, up to which the grader reads.
    """
    short = sum(rule.kind in SHORT for rule in form.columns.values())
    longer = 0 if short == len(form.columns) else ROW_BYTES
    most = 3 * sample_bytes + SPARE_BYTES + rows * (NUMBER_BYTES * short + longer)
    return min(most, MAX_BYTES)


def make_form(
    competition: Competition, names: Sequence[str], *, rows: int = 0, sample: Path | None = None
) -> SubmissionContract:
    """The form of submissions where the sample or the answers have columns with these names."""
    schema = competition.submission
    rest = [name for name in names if name not in (*schema.ids, *schema.listed)]
    columns: dict[str, Column] = {}
    for name, rule in schema.columns.items():
        columns |= dict.fromkeys(rest, rule) if name == ALL_OTHERS else {name: rule}
    return SubmissionContract(
        competition=competition.id,
        id_columns=schema.ids,
        columns=columns,
        extra_columns=schema.extra_columns,
        column_order=schema.column_order,
        rows=schema.rows,
        checks=schema.checks,
        row_count=rows,
        max_bytes=MAX_BYTES,
        sample=sample,
    )


def too_big(data: bytes, contract: SubmissionContract) -> Verdict:
    """The verdict on more bytes than the contract allows."""
    return beyond(data, contract.max_bytes)


def beyond(data: bytes, most: int) -> Verdict:
    """The verdict on more bytes than are read."""
    message = f"The file has {len(data)} bytes; at most {most} are read."
    return Verdict(valid=False, code=Code.TOO_BIG, message=message)


def expected_rows(contract: SubmissionContract) -> "Expected":
    """The rows that a contract asks for; read from the sample once."""
    assert contract.sample is not None
    state = contract.sample.stat()
    return _expected_rows(contract.model_dump_json(), state.st_mtime_ns, state.st_size)


def check(data: bytes, contract: SubmissionContract) -> Verdict:
    """Whether the grader would score these bytes, and if not, why not. A pure function of public files.

    Hostile bytes belong into `benchmark.guard.Guard.check`, which calls this in a child process.
    """
    if len(data) > contract.max_bytes:
        return too_big(data, contract)
    from benchmark.submission import read_submission

    try:
        read_submission(data, contract, expected_rows(contract))
    except Rejected as rejected:
        return rejected.verdict
    columns = ", ".join(contract.header[:20]) + (", ..." if len(contract.header) > 20 else "")
    return Verdict(
        valid=True,
        code=Code.OK,
        message=f"The submission is valid: {contract.row_count} rows with {columns}.",
    )


def header_of(table: Path) -> list[str]:
    """The names of the columns of a table of ours: CSV, or an archive that holds one such file."""
    import pandas as pd

    from benchmark.submission import open_table

    with open_table(table) as lines:
        return [str(name) for name in pd.read_csv(lines, nrows=0).columns]


@lru_cache(maxsize=1)
def _expected_rows(contract: str, time: int, size: int) -> "Expected":
    from benchmark.submission import read_expected

    return read_expected(SubmissionContract.model_validate_json(contract))


def _size(sample: Path) -> int:
    """Bytes of a sample submission, unpacked."""
    if sample.suffix != ".zip":
        return sample.stat().st_size
    with zipfile.ZipFile(sample) as archive:
        return sum(member.file_size for member in archive.infolist())

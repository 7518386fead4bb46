"""What a submission must look like, compiled from public files only, and the check against it.

The check never sees an answer: its verdicts are the same whatever the answers are. The grader reads a
submission by the same rules, with the ids of the answers in place of the sample's.
"""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from benchmark.competition import Column, Competition, Facts
from benchmark.errors import BadData, NotPrepared
from benchmark.verdict import Code, Rejected, Verdict

SPARE_BYTES = 16 * 1024 * 1024
"""Room beside three times the sample: long float texts and blanks never reach it, a flood of bytes does."""


class SubmissionContract(Facts):
    """The form of a valid submission to one competition; plain data, ready for JSON."""

    competition: str
    """The competition's id."""
    id_column: str
    """The column that names the rows."""
    columns: Mapping[str, Column]
    """What the predicted columns hold, by name."""
    extra_columns: Literal["rejected", "ignored"]
    """What becomes of a file with more columns."""
    ids: tuple[str, ...]
    """The ids that are to be predicted, each once, in the order of the sample."""
    max_bytes: int
    """The largest file that is looked at."""

    @property
    def header(self) -> tuple[str, ...]:
        """The columns of a submission: the id column, then the predicted ones."""
        return (self.id_column, *self.columns)


def compile_contract(competition: Competition, public: Path) -> SubmissionContract:
    """The contract of a competition, read from its facts and its public sample submission.

    Raises:
        NotPrepared: There is no sample submission in `public`.
        BadData: The sample submission is not what the facts say.
    """
    sample = public / competition.files["sample_submission"]
    if not sample.is_file():
        raise NotPrepared(competition.id, public.parent.parent.parent)
    with sample.open(encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines)
        header = tuple(next(rows, ()))
        if header != competition.submission_columns:
            raise BadData(sample, f"the columns are {header!r}, not {competition.submission_columns!r}")
        ids = tuple(row[0] for row in rows)
    return with_ids(competition, ids, max_bytes=3 * sample.stat().st_size + SPARE_BYTES, source=sample)


def with_ids(
    competition: Competition, ids: tuple[str, ...], *, max_bytes: int, source: Path
) -> SubmissionContract:
    """The contract of a competition for the rows with these ids, which were read from `source`."""
    if not ids or len(set(ids)) != len(ids):
        raise BadData(source, f"{len(ids)} ids, {len(set(ids))} of them different")
    return SubmissionContract(
        competition=competition.id,
        id_column=competition.submission.id,
        columns=competition.submission.columns,
        extra_columns=competition.submission.extra_columns,
        ids=ids,
        max_bytes=max_bytes,
    )


def too_big(data: bytes, contract: SubmissionContract) -> Verdict:
    """The verdict on more bytes than the contract allows."""
    message = f"The file has {len(data)} bytes; at most {contract.max_bytes} are read."
    return Verdict(valid=False, code=Code.TOO_BIG, message=message)


def check(data: bytes, contract: SubmissionContract) -> Verdict:
    """Whether the grader would score these bytes, and if not, why not. A pure function.

    Hostile bytes belong into `benchmark.guard.Guard.check`, which calls this in a child process.
    """
    if len(data) > contract.max_bytes:
        return too_big(data, contract)
    from benchmark.submission import read_submission  # pandas is needed here and not before

    try:
        read_submission(data, contract)
    except Rejected as rejected:
        return rejected.verdict
    columns = ", ".join(contract.header)
    return Verdict(
        valid=True, code=Code.OK, message=f"The submission is valid: {len(contract.ids)} rows with {columns}."
    )

"""The answer to "would this file be accepted?": a code, and a message that is safe to show an agent."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Code(StrEnum):
    """Why a submission is accepted or not; `RATE` and `BAD_FORMAT` belong to callers and richer columns.

    `FAILED` stands in a report for a grade that could not be made for a reason that is not the submission's.
    """

    OK = "OK"
    TOO_BIG = "TOO_BIG"
    NOT_CSV = "NOT_CSV"
    ENCODING = "ENCODING"
    COLUMNS = "COLUMNS"
    ROW_COUNT = "ROW_COUNT"
    DUP_ID = "DUP_ID"
    MISSING_ID = "MISSING_ID"
    UNKNOWN_ID = "UNKNOWN_ID"
    BAD_TYPE = "BAD_TYPE"
    NAN = "NAN"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    BAD_FORMAT = "BAD_FORMAT"
    INTERNAL = "INTERNAL"
    FAILED = "FAILED"


class Verdict(BaseModel):
    """One verdict on one file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    valid: bool
    """Whether the grader would score the file."""
    code: Code
    """The reason in one word."""
    message: str
    """The reason in words: public expectations, counts, and up to three values of the file itself."""


class Rejected(Exception):
    """Raised where a file is found wanting; `check` turns it into a verdict."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def verdict(self) -> Verdict:
        """The same as a value."""
        return Verdict(valid=False, code=self.code, message=self.message)

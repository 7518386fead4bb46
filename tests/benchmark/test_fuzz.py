"""Files that are no submissions: always a typed verdict, in bounded memory and time, at the largest allowed
size."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.contract import MAX_BYTES, SubmissionContract
from benchmark.guard import Guard
from benchmark.verdict import Code
from tests.benchmark.golden import Golden, contract_of, golden

GIGABYTE = 1024**3
LENGTH = 64 * 1024**2
NUMBERS, TEXTS = "spaceship-titanic", "tgs-salt-identification-challenge"


def header(case: Golden) -> bytes:
    return case.perfect.splitlines()[0] + b"\n"


LONG: dict[str, Callable[[Golden], bytes]] = {
    "one line after the header": lambda case: header(case) + b"1" * LENGTH,
    "one cell of many numbers": lambda case: header(case) + b"x," + b"1 " * (LENGTH // 2),
}


def judged(data: bytes, case: Golden, contract: SubmissionContract, guard: Guard) -> Code:
    """The code of a file that is no submission, after a look that contract and grader agree."""
    verdict = guard.check(data, contract)
    report = guard.grade(data, case.competition.id, case.answers)
    assert not verdict.valid
    assert (report.valid_submission, report.score) == (False, None)
    assert verdict.message.isprintable()
    assert len(verdict.message) < 600
    assert verdict.code == report.verdict.code
    return verdict.code


def test_a_gigabyte_of_one_line(guard: Guard, tmp_path: Path) -> None:
    case = golden(TEXTS)
    contract = contract_of(case, tmp_path)
    data = b"1" * GIGABYTE
    assert guard.check(data, contract).code is Code.TOO_BIG
    assert guard.grade(data, case.competition.id, case.answers).verdict.code is Code.NOT_CSV
    over = guard.grade(data + b"1", case.competition.id, case.answers)
    assert (over.valid_submission, over.verdict.code) == (False, Code.TOO_BIG)


@pytest.mark.parametrize("name", LONG)
def test_long_lines(guard: Guard, tmp_path: Path, name: str) -> None:
    case = golden(TEXTS)
    # No contract of a small sample allows as much, and the grader does.
    contract = contract_of(case, tmp_path).model_copy(update={"max_bytes": MAX_BYTES})
    assert judged(LONG[name](case), case, contract, guard) in (Code.NOT_CSV, Code.UNKNOWN_ID, Code.MISSING_ID)


SMALL: dict[str, tuple[Callable[[Golden], bytes], set[Code]]] = {
    "binary": (lambda _: os.urandom(4 * 1024 * 1024), {Code.ENCODING, Code.NOT_CSV}),
    "a million columns": (lambda _: b",".join(b"c%d" % n for n in range(10**6)) + b"\n1\n", {Code.COLUMNS}),
    "a million cells in a row": (lambda case: header(case) + b"1," * 10**6, {Code.NOT_CSV}),
    "UTF-16": (lambda case: case.perfect.decode().encode("utf-16"), {Code.ENCODING}),
    "Latin-1": (lambda case: header(case) + "ü,1\n".encode("latin-1"), {Code.ENCODING}),
    "a BOM alone": (lambda _: b"\xef\xbb\xbf", {Code.NOT_CSV}),
    "NUL bytes": (lambda case: case.perfect + b"\0", {Code.NOT_CSV}),
    "duplicate headers": (
        lambda case: b"\n".join(line + b"," + line.split(b",")[1] for line in case.perfect.splitlines()),
        {Code.COLUMNS},
    ),
    "an open quote": (lambda case: header(case) + b'"' + case.perfect, {Code.NOT_CSV}),
    "not a number": (lambda case: _last(case, b"nan"), {Code.NAN, Code.OK}),
    "infinity": (lambda case: _last(case, b"inf"), {Code.OUT_OF_RANGE, Code.BAD_FORMAT, Code.BAD_TYPE}),
    "a huge number": (
        lambda case: _last(case, b"9" * 10**6),
        {Code.OUT_OF_RANGE, Code.BAD_FORMAT, Code.BAD_TYPE},
    ),
    "a long cell": (lambda case: _last(case, b"x" * 10**7), {Code.BAD_FORMAT, Code.BAD_TYPE}),
    "only newlines": (lambda case: header(case) + b"\r\n\n\r" * 10**6, {Code.ROW_COUNT}),
    "the same row again and again": (
        lambda case: header(case) + case.perfect.splitlines(keepends=True)[1] * 10**5,
        {Code.ROW_COUNT},
    ),
}


def _last(case: Golden, value: bytes) -> bytes:
    """The perfect submission with another value in its last row."""
    *rows, last = case.perfect.splitlines()
    return b"\n".join([*rows, last.split(b",")[0] + b"," + value, b""])


@pytest.mark.parametrize("competition", [NUMBERS, TEXTS])
@pytest.mark.parametrize("name", SMALL)
def test_no_submissions(guard: Guard, tmp_path: Path, competition: str, name: str) -> None:
    case = golden(competition)
    make, codes = SMALL[name]
    data = make(case)
    contract = contract_of(case, tmp_path)
    if name == "not a number" and competition == TEXTS:
        assert guard.check(data, contract).valid  # a blank mask is an empty one
        return
    assert judged(data, case, contract, guard) in codes


@pytest.mark.parametrize("competition", [NUMBERS, TEXTS, "text-normalization-challenge-english-language"])
def test_forms_that_are_accepted(guard: Guard, tmp_path: Path, competition: str) -> None:
    case = golden(competition)
    contract = contract_of(case, tmp_path)
    best = guard.grade(case.perfect, case.competition.id, case.answers).score
    for data in (
        b"\xef\xbb\xbf" + case.perfect,
        case.perfect.replace(b"\n", b"\r\n"),
        case.perfect.replace(b"\n", b"\n\n", 5),
        case.perfect.rstrip(),
    ):
        assert guard.check(data, contract).valid
        assert guard.grade(data, case.competition.id, case.answers).score == best

"""The contract: from public files alone, a code for each mistake, and the twin of the grader in form."""

import csv
import io
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmark.contract import (
    MAX_BYTES,
    NUMBER_BYTES,
    SPARE_BYTES,
    SubmissionContract,
    check,
    compile_contract,
    make_form,
    most_bytes,
)
from benchmark.errors import BadData, NotPrepared
from benchmark.grade import grade
from benchmark.registry import find
from benchmark.text import plain, quoted
from benchmark.verdict import Code, Verdict
from tests.benchmark.conftest import Practice

Rows = list[list[str]]
relaxed = settings(max_examples=60, deadline=None)


def table(data: bytes) -> Rows:
    return list(csv.reader(io.StringIO(data.decode())))


def text(rows: Rows) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def agree(data: bytes, case: Practice) -> Verdict:
    """The contract's verdict, after a look that the grader has the same and scores what it accepts."""
    verdict = check(data, case.contract)
    report = grade(data, case.competition, case.folders.private)
    assert report.valid_submission == verdict.valid
    assert (report.score is not None) == verdict.valid
    if verdict.code is not Code.TOO_BIG:
        assert report.verdict.code == verdict.code
    return verdict


def test_it_needs_no_answers(practice: Practice, tmp_path: Path) -> None:
    alone = tmp_path / "public"
    shutil.copytree(practice.folders.public, alone)
    contract = compile_contract(practice.competition, alone)
    assert contract == practice.contract.model_copy(update={"sample": contract.sample})
    assert check(practice.sample, contract).valid
    numbers = NUMBER_BYTES * contract.row_count * len(contract.columns)
    assert contract.max_bytes == 3 * len(practice.sample) + SPARE_BYTES + numbers


def test_every_number_may_have_its_longest_text() -> None:
    """Of the real sizes: 13,195,393 rows of `id,1,1`, for which floats take more than thrice the sample."""
    competition = find("icecube-neutrinos-in-deep-ice")
    form = make_form(competition, competition.submission_columns)
    rows, longest, an_id = 13_195_393, "-2.2250738585072014e-308", "2131233790"
    sample = rows * len(f"{an_id},1,1\n")
    assert most_bytes(form, rows, sample) >= min(MAX_BYTES, rows * len(f"{an_id},{longest},{longest}\r\n"))
    assert most_bytes(form, rows, sample) >= rows * len(f"{an_id},0.12345678901234567,0.12345678901234567\n")
    assert float(longest) == np.finfo(float).tiny * -1


def test_it_survives_json(practice: Practice) -> None:
    again = SubmissionContract.model_validate(json.loads(practice.contract.model_dump_json()))
    assert again == practice.contract


def test_missing_or_foreign_samples(practice: Practice, tmp_path: Path) -> None:
    with pytest.raises(NotPrepared):
        compile_contract(practice.competition, tmp_path)
    (tmp_path / "sample_submission.csv").write_text("id,other\n1,2\n")
    with pytest.raises(BadData, match="other"):
        compile_contract(practice.competition, tmp_path)
    (tmp_path / "sample_submission.csv").write_text(",".join(practice.competition.submission_columns) + "\n")
    with pytest.raises(BadData, match="0 ids"):
        compile_contract(practice.competition, tmp_path)


def test_sample_and_answers_pass(practice: Practice) -> None:
    assert agree(practice.sample, practice).valid
    assert agree(practice.perfect, practice).valid


Change = Callable[[Rows], Rows]
FORM: dict[str, tuple[Change, Code]] = {
    "other name": (lambda rows: [["id", "guess"], *rows[1:]], Code.COLUMNS),
    "no header": (lambda rows: rows[1:], Code.COLUMNS),
    "only ids": (lambda rows: [row[:1] for row in rows], Code.COLUMNS),
    "an index": (
        lambda rows: [["", *rows[0]], *([str(n), *row] for n, row in enumerate(rows[1:]))],
        Code.COLUMNS,
    ),
    "a header twice": (lambda rows: [[*row, row[1]] for row in rows], Code.COLUMNS),
    "an id twice": (lambda rows: [*rows[:-1], rows[1]], Code.DUP_ID),
    "a row too many": (lambda rows: [*rows, rows[1]], Code.ROW_COUNT),
    "many rows too many": (lambda rows: [*rows, *rows[1:], *rows[1:]], Code.ROW_COUNT),
    "no rows": (lambda rows: rows[:1], Code.ROW_COUNT),
    "a row too few": (lambda rows: rows[:-1], Code.MISSING_ID),
    "a foreign id": (lambda rows: [*rows[:-1], ["999999", rows[1][1]]], Code.UNKNOWN_ID),
    "a nameless id": (lambda rows: [*rows[:-1], ["", rows[1][1]]], Code.UNKNOWN_ID),
    "an empty value": (lambda rows: [*rows[:-1], [rows[-1][0], ""]], Code.NAN),
    "a short row": (lambda rows: [*rows[:-1], [rows[-1][0]]], Code.NAN),
    "nan": (lambda rows: [*rows[:-1], [rows[-1][0], "NaN"]], Code.NAN),
    "a word": (lambda rows: [*rows[:-1], [rows[-1][0], "seven"]], Code.BAD_TYPE),
    "an underscore": (lambda rows: [*rows[:-1], [rows[-1][0], "1_0"]], Code.BAD_TYPE),
    "foreign digits": (lambda rows: [*rows[:-1], [rows[-1][0], "١"]], Code.BAD_TYPE),
    "infinity": (lambda rows: [*rows[:-1], [rows[-1][0], "-inf"]], Code.OUT_OF_RANGE),
    "beyond floats": (lambda rows: [*rows[:-1], [rows[-1][0], "1e999"]], Code.OUT_OF_RANGE),
    "a long row": (lambda rows: [*rows[:-1], [*rows[-1], "1"]], Code.NOT_CSV),
}


@pytest.mark.parametrize("name", FORM)
def test_each_mistake_has_its_code(practice: Practice, name: str) -> None:
    change, code = FORM[name]
    assert agree(text(change(table(practice.sample))), practice).code is code


def test_ranges(cancer: Practice, digits: Practice) -> None:
    rows = table(cancer.sample)
    for value, code in {
        "0": Code.OK,
        "1.0": Code.OK,
        "1.0001": Code.OUT_OF_RANGE,
        "-1e-9": Code.OUT_OF_RANGE,
    }.items():
        assert agree(text([*rows[:-1], [rows[-1][0], value]]), cancer).code is code
    rows = table(digits.sample)
    for value, code in {
        "9": Code.OK,
        "9.0": Code.OK,
        "10": Code.OUT_OF_RANGE,
        "0.5": Code.OUT_OF_RANGE,
    }.items():
        assert agree(text([*rows[:-1], [rows[-1][0], value]]), digits).code is code


def test_forms_that_are_accepted(digits: Practice) -> None:
    rows = table(digits.perfect)
    body = rows[1:]
    forms = [
        text([["label", "id"], *([label, name] for name, label in body)]),
        text([["id", "label"], *([f"{name}.0", f" {label}.0 "] for name, label in body)]),
        b"\xef\xbb\xbf" + digits.perfect,
        digits.perfect.replace(b"\n", b"\r\n"),
        digits.perfect.replace(b"\n", b"\r"),
        digits.perfect.replace(b"\n", b"\n\n", 5),
        digits.perfect.rstrip(),
        "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows).encode(),
    ]
    for form in forms:
        assert agree(form, digits).code is Code.OK
        assert grade(form, digits.competition, digits.folders.private).score == 1.0


def test_extra_columns_where_they_are_ignored(diabetes: Practice) -> None:
    schema = diabetes.competition.submission.model_copy(update={"extra_columns": "ignored"})
    competition = diabetes.competition.model_copy(update={"submission": schema})
    case = diabetes._replace(
        competition=competition, contract=compile_contract(competition, diabetes.folders.public)
    )
    assert agree(text([[*row, "note"] for row in table(diabetes.sample)]), case).valid


def test_messages_are_safe(digits: Practice) -> None:
    nasty = "\x1b[31m\u202e" + "x" * 500
    rows = table(digits.sample)
    for data in (
        text([["id", nasty], *rows[1:]]),
        text([*rows[:-1], [nasty, "1"]]),
        text([*rows[:-1], [rows[-1][0], nasty]]),
    ):
        message = check(data, digits.contract).message
        assert message.isprintable()
        assert len(message) < 300


def test_ids_of_answers_are_never_named(digits: Practice) -> None:
    rows = table(digits.perfect)
    data = text(rows[:-1])
    report = grade(data, digits.competition, digits.folders.private)
    assert report.verdict.message == f"1 of {len(rows) - 1} ids have no row."
    assert f"'{rows[-1][0]}'" in check(data, digits.contract).message


def test_text_is_made_plain() -> None:
    assert plain("fine") == "fine"
    assert plain("a\nb\x1b\u202e") == "a\\nb\\x1b\\u202e"
    assert len(plain("\x00" * 1000)) <= 41
    assert quoted(["a", "b", "c", "d"]) == "'a', 'b', 'c' and 1 more"
    assert quoted(["a"], total=1) == "'a'"


@settings(relaxed, max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_row_order_is_free(diabetes: Practice, seed: int) -> None:
    header, *rows = table(diabetes.perfect)
    random.Random(seed).shuffle(rows)
    data = text([header, *rows])
    assert agree(data, diabetes).valid
    assert grade(data, diabetes.competition, diabetes.folders.private).score == 0.0


cells = st.one_of(
    st.floats().map(repr),
    st.integers(-5, 15).map(str),
    st.floats(0, 1).map(repr),
    st.sampled_from(
        ["", " ", "nan", "NA", "None", "inf", "1e5", "-0", "+1", "0x1", "1,5", '"', "'", "True", "٣", "1e400"]
    ),
    st.text(max_size=5),
)


@relaxed
@given(
    changes=st.lists(st.tuples(st.integers(0, 700), st.integers(0, 1), cells), max_size=4),
    kind=st.integers(0, 2),
)
@example(changes=[(5, 1, "\r")], kind=0)
@example(changes=[(5, 1, "\x00")], kind=0)
def test_contract_and_grader_agree_on_changed_cells(
    digits: Practice, cancer: Practice, diabetes: Practice, changes: list[tuple[int, int, str]], kind: int
) -> None:
    case = (digits, cancer, diabetes)[kind]
    rows = table(case.sample)
    for place, column, value in changes:
        rows[place % len(rows)][column] = value
    agree(text(rows), case)


@relaxed
@given(
    cuts=st.lists(
        st.tuples(st.integers(0, 3000), st.integers(0, 40), st.binary(max_size=20)), min_size=1, max_size=3
    ),
    kind=st.integers(0, 2),
)
def test_contract_and_grader_agree_on_changed_bytes(
    digits: Practice, cancer: Practice, diabetes: Practice, cuts: list[tuple[int, int, bytes]], kind: int
) -> None:
    case = (digits, cancer, diabetes)[kind]
    data = case.sample
    for start, length, put in cuts:
        place = start % len(data)
        data = data[:place] + put + data[place + length :]
    agree(data, case)


@relaxed
@given(st.binary(max_size=2000))
@example(b"\x1c")
@example(b"\xef\xbb\xbf")
@example("\u00a0\u2003\n".encode())
def test_random_bytes_get_a_verdict(digits: Practice, data: bytes) -> None:
    assert not agree(data, digits).valid

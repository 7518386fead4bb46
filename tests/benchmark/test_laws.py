"""Laws that hold for every competition: on changed cells, bytes and row orders of its golden submissions."""

import csv
import io
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from benchmark.contract import SubmissionContract, check, compile_contract
from benchmark.grade import grade
from benchmark.submission import looked_at
from benchmark.verdict import Code, Verdict
from benchmark.verify import gold_of
from tests.benchmark.golden import IDS, Golden, contract_of, golden
from tests.benchmark.packing import pack

few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
REPEATED_IDS = {"hms-harmful-brain-activity-classification", "iwildcam-2020-fgvc7"}
"""Rows of one id are matched in their order, so that another order may score otherwise."""

COMPARED = {"AI4Code"}
"""A check compares its submissions with the sample."""
CUSTOMERS = (Code.MISSING_ID, Code.DUP_ID)
"""What the contract alone refuses, in the one competition with `grader_alone`: customers who bought nothing
lack, or come twice."""

contracts: dict[str, SubmissionContract] = {}


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("public")


def case_of(name: str, public: Path) -> tuple[Golden, SubmissionContract]:
    case = golden(name)
    if name not in contracts:
        contracts[name] = contract_of(case, public / name)
    return case, contracts[name]


def agree(data: bytes, case: Golden, contract: SubmissionContract) -> Verdict:
    """The contract's verdict, after a look that the grader has the same and scores what it accepts."""
    verdict, report = check(data, contract), grade(data, case.competition, case.answers)
    if report.valid_submission and case.competition.grader_alone and verdict.code in CUSTOMERS:
        return verdict  # the facts say what the contract refuses beyond the grader
    assert report.valid_submission == verdict.valid, (verdict.message, report.verdict.message)
    assert (report.score is not None) == verdict.valid
    assert report.verdict.code == verdict.code
    assert verdict.message.isprintable()
    return verdict


def rows_of(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def text(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


NASTY = [
    "", " ", "nan", "NA", "None", "inf", "-inf", "1e5", "1e400", "-0", "+1", "0x1", "1,5", '"', "'", "True",
    "٣", "1 2", "1 0", "0 1", "-1 2", "1 1 1 1", "5 -", "a 1 1 1 1 1", "1 1 0 0 1 1", "NO", "3:1", "9" * 30,
    "1e-320", "-1.5", "1:2:3", "0", "1", "1.7e308", "-1.7e308", "\x00", "\ud7ff",
]  # fmt: skip
cells = st.one_of(
    st.sampled_from(NASTY),
    st.floats().map(repr),
    st.integers(-5, 15).map(str),
    st.floats(0, 1).map(repr),
    st.text(max_size=8),
)


@few
@given(
    name=st.sampled_from(IDS),
    changes=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200), cells), max_size=4),
)
@example(name="champs-scalar-coupling", changes=[(3, 1, "1.7e308"), (4, 1, "-1.7e308")])
@example(name="nomad2018-predict-transparent-conductors", changes=[(3, 1, "1.7e308")])
@example(name="icecube-neutrinos-in-deep-ice", changes=[(3, 1, "1.7e308")])
@example(name="smartphone-decimeter-2022", changes=[(3, 2, "1.7e308")])
@example(name="us-patent-phrase-to-phrase-matching", changes=[(3, 1, "1.7e308"), (4, 1, "-1.7e308")])
@example(name="3d-object-detection-for-autonomous-vehicles", changes=[(1, 1, "1.0 1 1 1 1e300 1 1 1 car")])
def test_contract_and_grader_agree_on_changed_cells(
    public: Path, name: str, changes: list[tuple[int, int, str]]
) -> None:
    case, contract = case_of(name, public)
    rows = rows_of(case.perfect)
    for place, column, value in changes:
        row = rows[place % len(rows)]
        row[column % len(row)] = value.encode("utf-8", "ignore").decode()
    agree(text(rows), case, contract)


def test_the_grader_alone_takes_what_the_facts_list(public: Path) -> None:
    """Customers who bought nothing lack, or come twice: the grader does not know them."""
    case, contract = case_of("h-and-m-personalized-fashion-recommendations", public)
    header, *rows = rows_of(case.perfect)
    scored = (case.answers / case.competition.answers.file).read_text()
    other = next(row for row in rows if row[0] not in scored)
    known = next(row for row in rows if row[0] in scored)
    for changed, code in (
        ([row for row in rows if row is not other], Code.MISSING_ID),
        ([*rows, other], Code.DUP_ID),
    ):
        data = text([header, *changed])
        assert agree(data, case, contract).code is code
        assert grade(data, case.competition, case.answers).valid_submission
    assert not grade(text([header, *rows, known]), case.competition, case.answers).valid_submission


@pytest.mark.parametrize("name", IDS)
def test_every_competition_judges_nasty_cells(public: Path, name: str) -> None:
    case, contract = case_of(name, public)
    rows = rows_of(case.perfect)
    chosen = random.Random(name)
    for value in chosen.sample(NASTY, 8):
        changed = [list(row) for row in rows]
        changed[chosen.randrange(1, len(rows))][chosen.randrange(min(len(rows[0]), 4))] = value
        agree(text(changed), case, contract)


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("values", [("1e308",), ("1.7e308", "-1.7e308")], ids=["large", "both ends"])
def test_columns_full_of_huge_numbers_have_a_score_or_a_reason(
    public: Path, name: str, values: tuple[str, ...]
) -> None:
    case, contract = case_of(name, public)
    header, *rows = rows_of(case.perfect)
    ids = {header.index(one) for one in contract.id_columns}
    for number, row in enumerate(rows):
        for place in set(range(len(row))) - ids:
            row[place] = values[number % len(values)]
    agree(text([header, *rows]), case, contract)


@few
@given(
    name=st.sampled_from(IDS),
    cuts=st.lists(
        st.tuples(st.integers(0, 5000), st.integers(0, 40), st.binary(max_size=20)), min_size=1, max_size=3
    ),
)
def test_contract_and_grader_agree_on_changed_bytes(
    public: Path, name: str, cuts: list[tuple[int, int, bytes]]
) -> None:
    case, contract = case_of(name, public)
    data = case.perfect
    for start, length, put in cuts:
        place = start % len(data)
        data = data[:place] + put + data[place + length :]
    agree(data, case, contract)


@pytest.mark.parametrize("name", [name for name in IDS if name not in REPEATED_IDS])
def test_row_order_does_not_matter(public: Path, name: str) -> None:
    case, contract = case_of(name, public)
    valid = next(one for one in reversed(case.cases) if one.valid and not one.doubtful)
    header, *rows = rows_of(case.data(valid))
    random.Random(1).shuffle(rows)
    first, second = (
        grade(data, case.competition, case.answers).score
        for data in (case.data(valid), text([header, *rows]))
    )
    assert first == second
    assert first is not None
    agree(text([header, *rows]), case, contract)


@pytest.mark.parametrize("name", IDS)
def test_nothing_scores_better_than_the_perfect_submission(name: str) -> None:
    """The perfect one is the answers themselves, where they have the form of a submission."""
    case = golden(name)
    sign = 1 if case.competition.maximize else -1
    data = {one.note: case.data(one) for one in case.cases}
    itself = gold_of(case.competition, case.answers)
    if itself is not None:
        data["truth itself"] = itself
    scores = {
        note: report.score
        for note, file in data.items()
        if (report := grade(file, case.competition, case.answers)).score is not None
    }
    perfect = [note for note in scores if note.startswith(("perfect", "gold", "truth", "answers first"))]
    assert perfect, scores
    best = max(sign * scores[note] for note in perfect)
    assert all(sign * score <= best for score in scores.values()), scores


@pytest.mark.parametrize("name", [name for name in IDS if name not in COMPARED])
def test_what_a_sample_predicts_does_not_matter(name: str, public: Path, tmp_path: Path) -> None:
    """Samples hold zeros, one class or nothing, as MLE-bench's do, where those here hold good predictions."""
    case, contract = case_of(name, public)
    assert not looked_at(contract)
    header, *rows = rows_of(case.perfect)
    ids = {header.index(one) for one in contract.id_columns}
    for number, value in enumerate(("0", "")):
        plain = [[cell if place in ids else value for place, cell in enumerate(row)] for row in rows]
        sample = tmp_path / str(number) / case.competition.files["sample_submission"]
        pack(sample, text([header, *plain]))
        other = compile_contract(case.competition, sample.parent)
        own = {"sample": contract.sample, "max_bytes": contract.max_bytes}
        assert other.model_copy(update=own) == contract
        assert check(case.perfect, other).valid
        assert other.max_bytes >= len(case.perfect)


def test_the_contract_needs_no_answers(tmp_path: Path) -> None:
    """Public files alone, in a folder with nothing beside it."""
    for name in IDS:
        case = golden(name)
        contract = contract_of(case, tmp_path / name)
        assert check(case.perfect, contract).valid
        assert contract.sample is not None
        assert tmp_path in contract.sample.parents

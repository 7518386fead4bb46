"""One cell's result as a flat row: what it was, what it did, what it earned. Every table is made of these."""

from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from benchmark.versions import find_version
from experiments.cell import CELL_FILE, Cell, load_cell
from experiments.files import read_json
from experiments.state import RunState, read_state
from sandbox.machine import is_kind
from scaffolds.errors import UserError

GRADE_FILE = "grade.json"
"""The grade, in a run folder: a run is complete when it is there."""


class Row(BaseModel):
    """One planned cell. Fields about the grade are false or None until it has one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cell: str
    """The cell's id, and the name of its run folder."""
    arm: str
    """Digest that cells share which differ only in competition and seed."""
    scaffold: str
    model: str
    competition: str
    complexity: str
    category: str
    data_version: int
    hardware: str
    time_limit: str
    variant: str
    seed: int

    state: Literal["done", "failed", "unfinished"]
    """Only cells that are done are counted; `failed` are those that the world failed."""
    reason: str = ""
    """Why it is not counted."""
    added: bool = False
    """Planned after the sweep had begun."""
    codes: tuple[str, ...] = ()
    """Digests of the code that it ran under: more than one where it went on under changed code."""
    backends: tuple[str, ...] = ()
    """Isolation in use."""
    cards: tuple[str, ...] = ()
    """Kinds of graphics cards that it ran on."""
    other_cards: tuple[str, ...] = ()
    """Those of them that are not of the kind that its hardware profile names."""
    final: str = "path"
    """The rule by which the graded submission was chosen."""
    final_from: Literal["", "path", "snapshot"] = ""
    """Where it came from; empty when there was none."""
    outcome: str = ""
    """`done`, `limit` or `agent`."""
    code: str = ""
    """How exactly it ended, e.g. `limit.time`."""

    graded_ns: int = 0
    """Time stamp of the grade's file: another grade is another result."""
    score: float | None = None
    """The grader's score on the test set."""
    median: float | None = None
    """The leaderboard's median; None where the data version has another metric than the leaderboard."""
    maximize: bool = True
    made_submission: bool = False
    valid_submission: bool = False
    above_median: bool = False
    bronze: bool = False
    silver: bool = False
    gold: bool = False
    any_medal: bool = False

    validation: float | None = None
    """The agent's own score of what it submitted."""
    nodes: int = 0
    """Scripts tried."""
    good: int = 0
    """Scripts that worked."""
    steps: int = 0
    model_calls: int = 0
    tokens: int = 0
    """Input and output tokens."""
    usd: float | None = None
    """Dollars; None when a price is unknown."""
    known_usd: float = 0.0
    """Dollars of those calls that have a price."""
    seconds: float = 0.0
    """Working time."""
    waited_s: float = 0.0
    """Time spent waiting for providers that is not working time."""


class _Grade(BaseModel):
    """What readers need of a grade; later versions may say more."""

    competition_id: str
    score: float | None
    median_threshold: float
    verdict: dict[str, Any]
    submission_exists: bool
    valid_submission: bool
    above_median: bool
    bronze_medal: bool
    silver_medal: bool
    gold_medal: bool
    any_medal: bool


def short_reason(reason: str) -> str:
    """A reason without the traceback before it."""
    return reason.rpartition("\n\n")[2] if '\n  File "' in reason else reason


def graded_ns(run: Path) -> int:
    """Time stamp of a run's grade; 0 while it has none."""
    try:
        return (run / GRADE_FILE).stat().st_mtime_ns
    except (FileNotFoundError, NotADirectoryError):
        return 0


def read_grade(run: Path) -> dict[str, Any] | None:
    """A run's grade; None while it has none.

    Raises:
        UserError: the file is damaged.
    """
    record = read_json(run / GRADE_FILE)
    if record is None:
        return None
    try:
        _Grade.model_validate(record)
    except ValidationError as error:
        raise UserError(
            f"{str(run / GRADE_FILE)!r} is no grade. Remove it, and this grades the run again: "
            f"python -m experiments.run {quote(str(run / CELL_FILE))}"
        ) from error
    return record


def score_words(grade: Mapping[str, Any]) -> str:
    """A grade's score, or why there is none; may hold what the agent wrote."""
    if grade["score"] is None:
        return f"no score: {grade['verdict'].get('message', '')}"
    return f"score {grade['score']}"


def make_row(cell: Cell, state: RunState, run: Path, *, reason: str = "") -> Row:
    """The row of a cell from its log's fold and its grade; without a grade it is failed, or unfinished."""
    stamp, grade = graded_ns(run), read_grade(run)
    competition = find_version(cell.competition, cell.data_version)
    median = competition.medals.median if grade is None else grade["median_threshold"]
    outcome = "done" if grade is not None else "failed" if reason else "unfinished"
    return Row(
        cell=cell.id,
        arm=cell.arm,
        scaffold=cell.labels.scaffold,
        model=cell.labels.model,
        competition=cell.competition,
        complexity=competition.complexity,
        category=competition.category,
        data_version=cell.data_version,
        hardware=cell.hardware.name,
        time_limit=cell.labels.time_limit,
        variant=cell.labels.variant,
        seed=cell.seed,
        state=outcome,
        reason="" if outcome == "done" else reason,
        graded_ns=stamp,
        codes=state.codes,
        backends=state.backends,
        cards=state.cards,
        other_cards=tuple(card for card in state.cards if not is_kind(card, cell.hardware.gpu)),
        final=cell.final,
        final_from=state.final_from,
        outcome=state.outcome,
        code=state.code,
        median=median if competition.comparable else None,
        maximize=competition.maximize,
        validation=state.best,
        nodes=state.nodes,
        good=state.good,
        steps=state.step,
        model_calls=state.model_calls,
        tokens=state.spent.tokens,
        usd=None if state.unpriced else state.spent.usd,
        known_usd=state.spent.usd,
        seconds=state.spent.seconds,
        waited_s=state.spent.waited,
        **_earned(grade),
    )


def row_of(run: Path, *, reason: str = "") -> Row:
    """The row of a run folder, whatever state it is in.

    Raises:
        UserError: it is no run folder.
    """
    return make_row(load_cell(run), read_state(run), run, reason=reason)


def _earned(grade: Mapping[str, Any] | None) -> dict[str, Any]:
    if grade is None:
        return {}
    return {
        "score": grade["score"],
        "made_submission": grade["submission_exists"],
        "valid_submission": grade["valid_submission"],
        "above_median": grade["above_median"],
        "bronze": grade["bronze_medal"],
        "silver": grade["silver_medal"],
        "gold": grade["gold_medal"],
        "any_medal": grade["any_medal"],
    }

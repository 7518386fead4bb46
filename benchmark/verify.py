"""Checks a prepared competition against itself: what its own sample and its own answers score.

The sample submission is accepted by the contract and scored; the gold submission, made of the answers, is
accepted as well, scores at least as well as the sample and wins gold, where the metric is the leaderboard's.
Where data versions 1 and 2 are both prepared, each is looked at, and under the same metric the sample of the
one scores like that of the other. MLE-bench compared its splits with Kaggle's in this way; that comparison
itself is not made here.
"""

# pandas' stubs leave many types open; what leaves this module is typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from benchmark.cells import KINDS
from benchmark.competition import Competition
from benchmark.contract import check, compile_contract
from benchmark.errors import NotPrepared
from benchmark.grade import Report, grade, private_folder
from benchmark.prepare import home

GOLD_FILE = "gold_submission.csv"
"""The file in the private folder that holds a perfect submission, where the answers are none themselves."""
ALIKE = 0.1
"""How far two samples may be apart, as a share of the way from the median to gold, or of the score."""


class Finding(BaseModel):
    """One thing that was looked at."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: str
    """The thing in words."""
    holds: bool
    """Whether it is as it should be."""
    detail: str
    """Scores and reasons."""


def verify(competition: Competition, data_dir: Path, other: Competition | None = None) -> list[Finding]:
    """What the sample and the gold submission of a prepared competition show.

    Args:
        competition: The competition, in one data version.
        data_dir: The folder of prepared competitions.
        other: The same in another data version, where that is prepared too.

    Raises:
        NotPrepared: Its data are not there.
    """
    first, findings = _verified(competition, data_dir)
    if other is None:
        return findings
    second, more = _verified(other, data_dir)
    findings += more
    if competition.comparable and other.comparable:
        findings.append(_alike(competition, first, second))
    return findings


def _verified(competition: Competition, data_dir: Path) -> tuple[Report, list[Finding]]:
    """What the sample of one data version scores, and what was found in it."""
    private = private_folder(competition, data_dir)
    sample, gold = _sample(competition, data_dir), gold_of(competition, private)
    of = "" if competition.data_version == 1 else f" of data version {competition.data_version}"
    first = grade(sample, competition, private)
    findings = [
        _accepted(competition, data_dir, sample, f"the sample submission{of}"),
        _scored(first, f"the sample submission{of} is scored"),
    ]
    if gold is not None:
        if not competition.grader_alone:
            findings.append(_accepted(competition, data_dir, gold, f"the gold submission{of}"))
        best = f"the gold submission{of} scores best"
        findings.append(_best(competition, best, first, grade(gold, competition, private)))
    return first, findings


def _sample(competition: Competition, data_dir: Path) -> bytes:
    from benchmark.submission import open_table

    public = home(competition, data_dir) / "prepared" / "public"
    path = public / competition.files["sample_submission"]
    if not path.is_file():
        raise NotPrepared(competition, data_dir)
    with open_table(path) as lines:
        return _own_columns(competition, lines.read(), {})


def gold_of(competition: Competition, private: Path) -> bytes | None:
    """The true values as a submission; none where they have another form and no file of their own."""
    path = private / GOLD_FILE
    if path.is_file():
        return _own_columns(competition, path.read_bytes(), {})
    if competition.answers.repeated or competition.answers.suffixes:
        return None
    sources = {rule.answer: name for name, rule in competition.submission.columns.items() if rule.answer}
    return _own_columns(competition, (private / competition.answers.file).read_bytes(), sources)


def _own_columns(competition: Competition, data: bytes, renamed: dict[str, str]) -> bytes:
    """The columns that a submission has, of a table that may have more."""
    import io

    import pandas as pd

    form = competition.submission
    table = pd.read_csv(io.BytesIO(data), dtype=str, na_filter=False)
    table = table.rename(columns={old: new for old, new in renamed.items() if new not in table})
    for name, rule in form.columns.items():
        # A number that nobody measured is not scored, and must be there all the same.
        if name in table and KINDS[rule.kind].typed:
            table[name] = table[name].mask(table[name] == "", "0")
    if set(form.listed) == set(form.columns):
        table = table[[*form.ids, *form.listed]]
    else:
        table = table[[name for name in table.columns if not name.startswith("Unnamed: ")]]
    return table.to_csv(index=False, lineterminator="\n").encode()


def _accepted(competition: Competition, data_dir: Path, data: bytes, what: str) -> Finding:
    contract = compile_contract(competition, home(competition, data_dir) / "prepared" / "public")
    verdict = check(data, contract)
    return Finding(what=f"the contract accepts {what}", holds=verdict.valid, detail=verdict.message)


def _scored(report: Report, what: str) -> Finding:
    detail = f"score {report.score}" if report.valid_submission else report.verdict.message
    return Finding(what=what, holds=report.valid_submission, detail=detail)


def _best(competition: Competition, what: str, sample: Report, gold: Report) -> Finding:
    sign = 1 if competition.maximize else -1
    holds = (
        gold.score is not None
        and (gold.gold_medal or not competition.comparable)
        and (sample.score is None or sign * gold.score >= sign * sample.score)
    )
    detail = gold.verdict.message if gold.score is None else f"score {gold.score}, sample {sample.score}"
    return Finding(what=what, holds=holds, detail=detail)


def _alike(competition: Competition, old: Report, new: Report) -> Finding:
    what = "the sample submissions of data versions 1 and 2 score alike"
    if new.score is None or old.score is None:
        return Finding(what=what, holds=False, detail=f"scores {old.score} and {new.score}")
    limits = competition.medals
    room = ALIKE * max(abs(limits.gold - limits.median), abs(old.score))
    return Finding(
        what=what, holds=abs(new.score - old.score) <= room, detail=f"scores {old.score} and {new.score}"
    )

"""Time, money and tokens: what is tried on a sample, what is not run, and what a limit leaves standing."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from scaffolds.aide.assembly import chosen_selector, reserve_s
from scaffolds.aide.scaffold import Aide, AideConfig
from scaffolds.errors import ContextOverflow, LimitReached
from scaffolds.messages import Completion, Usage
from scaffolds.models.protocol import ModelRequest
from scaffolds.runtime.durable import DurableRun
from scaffolds.runtime.ledger import Limits
from scaffolds.runtime.log import LogReader
from scaffolds.runtime.session import Session, World
from tests.scaffolds.aide.support import Scripted, good, nodes_of, run_aide, submission
from tests.scaffolds.runtime.clockwork import FakeClock
from tests.scaffolds.runtime.worlds import Counter, world

_COUNTS = """
import csv, pathlib
with open("input/train.csv", newline="") as file:
    rows = list(csv.reader(file))
print("rows:", len(rows), "others:", sorted(p.name for p in pathlib.Path("input").iterdir()))
"""
# Cells that hold line breaks.
_TABLE = "id,y\n" + "".join(f'{n},"a\nb, {n}"\n' for n in range(50))


def printed(log: LogReader) -> list[str]:
    calls = {e.n: e for e in log.of_type("tool.call") if e.data.get("tool") == "run_script"}
    texts = [str(log.value(e, "text")) for e in log.of_type("tool.result") if e.n in calls]
    return [line for text in texts for line in text.splitlines() if line.startswith("rows:")]


def test_a_repair_is_tried_on_a_sample_first(tmp_path: Path) -> None:
    """One that fails there is never run on all rows; a draft is."""
    scripts = [
        _COUNTS + "raise ValueError('first')",
        _COUNTS + "raise ValueError('second')",
        _COUNTS + good(3),
    ]
    model = Scripted(scripts)
    base = replace(world(tmp_path, Counter(), Limits(time_s=600, steps=3)), models={"main": model})
    (tmp_path / "data" / "other.csv").write_text("x\n")
    (tmp_path / "data" / "train.csv").write_text(_TABLE)
    log = LogReader(played(tmp_path / "run", base, num_drafts=1, debug_sample_rows=10))
    nodes = nodes_of(log)
    assert printed(log) == [
        "rows: 51 others: ['other.csv', 'train.csv']",
        "rows: 11 others: ['other.csv', 'train.csv']",
        "rows: 11 others: ['other.csv', 'train.csv']",
        "rows: 51 others: ['other.csv', 'train.csv']",
    ]
    assert [node["status"] for node in nodes] == ["failed", "failed", "ok"]
    assert "a trial on 10 of the training rows" in model.prompts[2]
    assert submission(log) == b"id,y\n1,3\n"


def test_what_cannot_be_sampled_runs_whole(tmp_path: Path) -> None:
    """A table with no more rows than asked for."""
    _, nodes, log = run_aide(
        tmp_path, Scripted(["raise ValueError('x')", _COUNTS + good(3)]), steps=2, debug_sample_rows=10
    )
    assert printed(log) == ["rows: 2 others: ['train.csv']"]
    assert [node["status"] for node in nodes] == ["failed", "ok"]


class Slow(Scripted):
    """Each answer takes a minute."""

    def __init__(self, replies: Sequence[str], clock: FakeClock) -> None:
        super().__init__(replies)
        self._clock = clock

    def complete(self, request: ModelRequest) -> Completion:
        self._clock.sleep(60)
        return super().complete(request)


def test_a_script_that_no_time_is_left_for_is_not_run(tmp_path: Path) -> None:
    clock = FakeClock()
    base = world(tmp_path, Counter(), Limits(time_s=200, steps=9))
    base = replace(base, models={"main": Slow([good(2), good(1)], clock)}, clock=clock)
    log = LogReader(played(tmp_path / "run", base, reserve=0.25))
    assert [(node["status"], node["score"]) for node in nodes_of(log)] == [("ok", 2), ("unrun", None)]
    assert len(list(log.of_type("exec.start"))) == 1
    assert submission(log) == b"id,y\n1,2\n"


def test_the_end_of_the_reserve_is_for_the_submission(tmp_path: Path) -> None:
    """Four seconds are left when the script has run: it counts, and no review is waited for."""
    late = tmp_path / "late"
    model = Scripted([f"import pathlib\npathlib.Path({str(late)!r}).touch()\n" + good(1)])
    base = world(tmp_path, Counter(), Limits(time_s=600, steps=9))
    base = replace(base, models={"main": model}, clock=lambda: 596.0 if late.exists() else 0.0)
    log = LogReader(played(tmp_path / "run", base))
    assert [node["status"] for node in nodes_of(log)] == ["ok"]
    assert [event.data["role"] for event in log.of_type("model.request")] == ["main"]
    assert submission(log) == b"id,y\n1,1\n"


@pytest.mark.parametrize(
    ("selector", "reserve", "total_s", "reserved_s"),
    [
        ("best_val", None, 60, 6),
        ("best_val", None, 600, 60),
        ("best_val", None, 3_600, 60),
        ("best_val", None, 86_400, 864),
        ("reseed_top_k", None, 600, 60),
        ("reseed_top_k", None, 86_400, 8_640),
        ("top_k_vote", None, 86_400, 1_728),
        ("best_val", 0.0, 600, 0),
        ("best_val", 0.25, 600, 150),
    ],
)
def test_what_is_reserved(selector: str, reserve: float | None, total_s: float, reserved_s: float) -> None:
    config = AideConfig.model_validate({"selector": selector, "reserve": reserve})
    assert reserve_s(config, chosen_selector(config), total_s) == pytest.approx(reserved_s)


def played(folder: Path, base: World, **settings: object) -> Path:
    config = AideConfig.model_validate({"num_drafts": 9, "data_preview": False} | settings)
    session = Session(folder, base, {})
    try:
        Aide(config).run(DurableRun(session))
    finally:
        session.close_sandboxes()
        session.log.close()
    return folder


class Forgetful(Scripted):
    """Refuses a prompt that remembers more than so many scripts, as a provider does with long ones."""

    most = 0

    def complete(self, request: ModelRequest) -> Completion:
        if not request.tools and request.messages[1].content.count("Result:") > self.most:
            raise ContextOverflow("too long")
        return super().complete(request)


def test_a_prompt_that_is_too_long_goes_without_memory(tmp_path: Path) -> None:
    model = Forgetful([good(9 - n) for n in range(4)])
    model.most = 1
    _, nodes, log = run_aide(tmp_path / "some", model, steps=4, num_drafts=4)
    assert [node["status"] for node in nodes] == ["ok"] * 4
    assert ["Result:" in prompt for prompt in model.prompts] == [False, True, False, False]
    assert len(list(log.of_type("aide.overflow"))) == 2
    model.most = -1
    _, nodes, _ = run_aide(tmp_path / "none", model, steps=2)
    assert [node["status"] for node in nodes] == ["unreadable"] * 2
    assert "too long" in nodes[0]["plan"]


class ShortSighted(Scripted):
    """Cannot read any review's prompt."""

    def complete(self, request: ModelRequest) -> Completion:
        if request.tools:
            raise ContextOverflow("too long")
        return super().complete(request)


def test_what_cannot_be_reviewed_counts_by_what_it_measured(tmp_path: Path) -> None:
    _, nodes, log = run_aide(tmp_path, ShortSighted([good(2), "raise ValueError('no')"]), steps=2)
    assert [node["status"] for node in nodes] == ["ok", "failed"]
    assert submission(log) == b"id,y\n1,2\n"


class Priced(Scripted):
    """Every answer costs a dollar, which is known before, and ten tokens."""

    def complete(self, request: ModelRequest) -> Completion:
        return replace(super().complete(request), usd=1.0, usage=Usage(8, 0, 2, 0))

    def ceiling(self, tokens: int, settings: object) -> float:
        del tokens, settings
        return 1.0


@pytest.mark.parametrize("answers", [1, 2, 3, 4])
@pytest.mark.parametrize(("limit", "price"), [("usd", 1.0), ("tokens", 10)])
def test_a_budget_that_ends_anywhere_leaves_the_best_standing(
    tmp_path: Path, limit: str, price: float, answers: int
) -> None:
    """A script that has run counts, though nothing is left for its review, not even a cent."""
    limits = Limits.model_validate({"time_s": 600, "steps": 9, limit: price * answers})
    base = world(tmp_path, Counter(), limits)
    model = Priced([good(5), good(4), good(3), good(2)])
    with pytest.raises(LimitReached, match=r"(spending|token) limit"):
        played(tmp_path / "run", replace(base, models={"main": model}))
    log = LogReader(tmp_path / "run")
    scores = [node["score"] for node in nodes_of(log)]
    assert scores == [5, 4][: (answers + 1) // 2]
    assert submission(log) == f"id,y\n1,{min(scores):g}\n".encode()


_LEAVES = """
import os, pathlib
for folder in (pathlib.Path("../.."), pathlib.Path(os.environ["TMPDIR"])):
    (folder / "left").mkdir()
    (folder / "left" / "file.txt").write_text("x")
    (folder / "left").chmod(0o555)
"""
_LOOKS = """
import os, pathlib
found = [*pathlib.Path("../..").rglob("left*"), *pathlib.Path(os.environ["TMPDIR"]).rglob("left*")]
assert not found, found
"""


def test_files_beside_a_scripts_own_do_not_last(tmp_path: Path) -> None:
    _, nodes, _ = run_aide(tmp_path, Scripted([_LEAVES + good(2), _LOOKS + good(1)]), steps=2)
    assert [node["status"] for node in nodes] == ["ok", "ok"]


def test_what_a_trial_leaves_does_not_last(tmp_path: Path) -> None:
    """The trial's own folder lies in that of the whole run."""
    counts = "import pathlib\nassert not pathlib.Path('sample').exists()\n"
    scripts = ["raise ValueError('no')", _LOOKS.replace("../..", "../../..") + _LEAVES + counts + good(1)]
    base = replace(
        world(tmp_path, Counter(), Limits(time_s=600, steps=2)), models={"main": Scripted(scripts)}
    )
    (tmp_path / "data" / "train.csv").write_text(_TABLE)
    log = LogReader(played(tmp_path / "run", base, num_drafts=1, debug_sample_rows=10))
    assert [node["status"] for node in nodes_of(log)] == ["failed", "ok"]

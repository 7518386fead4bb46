"""The submission stands, whatever scripts leave at its path: they run in the same sandbox."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from sandbox.errors import PathRefused
from sandbox.portion import Part
from sandbox.protocols import Sandbox, Validator
from scaffolds.aide.scaffold import Aide, AideConfig
from scaffolds.aide.standing import Standing
from scaffolds.aide.tree import Node, Status
from scaffolds.errors import LimitReached
from scaffolds.messages import Completion
from scaffolds.models.protocol import ModelRequest
from scaffolds.run import Outcome, Run
from scaffolds.runtime.durable import DurableRun
from scaffolds.runtime.ledger import Limits
from scaffolds.runtime.log import LogReader
from scaffolds.runtime.session import Session
from scaffolds.task import SUBMISSION_PATH
from tests.scaffolds.aide.support import Scripted, good, run_aide, submission
from tests.scaffolds.aide.test_selectors import ran_again
from tests.scaffolds.runtime.worlds import Counter, play, world

_AT = "import os, pathlib\np = pathlib.Path('../../../submission/submission.csv')\n"
_GONE = _AT + "p.unlink()\n"
WRITES = _AT + "p.write_text('nonsense')\n"
_HARM = (
    WRITES,
    _GONE,
    _GONE + "os.mkfifo(p)\n",
    _GONE + "p.symlink_to('/dev/zero')\n",
    _AT + "os.truncate(p, 1 << 40)\n",
    _GONE + "p.mkdir()\n(p / 'x').touch()\np.chmod(0o555)\n",
    _AT + "p.chmod(0)\n",
    _GONE + "p.parent.rmdir()\n",
    _GONE + "p.parent.chmod(0o555)\n",
    _GONE + "p.parent.rmdir()\nos.mkdir('else')\np.parent.symlink_to(pathlib.Path('else').resolve())\n",
)


class Watching(Scripted):
    """Looks at the submission whenever it is asked for a review."""

    def __init__(self, replies: Sequence[str], folder: Path) -> None:
        super().__init__(replies)
        self._folder = folder
        self.seen: list[bytes] = []

    def complete(self, request: ModelRequest) -> Completion:
        if request.tools:
            self.seen += [path.read_bytes() for path in self._folder.rglob("submission/submission.csv")]
        return super().complete(request)


def test_whatever_a_script_leaves_there_gives_way_before_its_review(tmp_path: Path) -> None:
    """Good scripts and failures in turn; none is better than the first."""
    worse = [harm + (good(9) if n % 2 else "raise ValueError('no')") for n, harm in enumerate(_HARM)]
    model = Watching([good(2), *worse], tmp_path / "sandbox")
    steps = len(worse) + 1
    outcome, nodes, log = run_aide(tmp_path, model, steps=steps, num_drafts=steps)
    assert [node["status"] for node in nodes] == ["ok", *["failed", "ok"] * (len(worse) // 2)]
    assert model.seen == [b"id,y\n1,2\n"] * len(worse)  # before the first review nothing lies there
    assert submission(log) == b"id,y\n1,2\n"
    assert outcome is not None
    assert outcome.summary.endswith("submitted script 1")
    assert [event.data["node"] for event in log.of_type("aide.pick")] == [1]


@pytest.mark.parametrize("time_ends", [False, True])
def test_what_scripts_write_when_they_run_again_gives_way(tmp_path: Path, time_ends: bool) -> None:
    """Time may be up when the second script runs again."""
    late = tmp_path / "late"
    again = WRITES.replace("p.write", "os.environ['SEED'] == '0' or p.write")
    ends = f"import os, pathlib\nif os.environ['SEED'] != '0':\n    pathlib.Path({str(late)!r}).touch()\n"
    scripts = [again + good(1), (ends if time_ends else again) + good(2)]
    base = replace(
        world(tmp_path, Counter(), Limits(time_s=600, steps=2)),
        models={"main": Scripted(scripts)},
        clock=lambda: 1e6 if late.exists() else 0.0,
    )
    settings = {"num_drafts": 2, "data_preview": False, "selector": "reseed_top_k"}
    session = Session(tmp_path / "run", base, {})
    try:
        Aide(AideConfig.model_validate(settings)).run(DurableRun(session))
    except LimitReached:
        assert time_ends
    finally:
        session.close_sandboxes()
        session.log.close()
    log = LogReader(tmp_path / "run")
    assert ran_again(log) == (2 if time_ends else 4)
    assert submission(log) == b"id,y\n1,1\n"


def test_what_cannot_be_put_in_its_place_is_said(tmp_path: Path) -> None:
    """A file that was never kept stands for a place that cannot be written."""
    told: list[bool] = []
    node = Node(1, "draft", None, "", "", "", "", Status.OK, 1.0)

    def scaffold(run: Run) -> None:
        run.call("write_file", path=SUBMISSION_PATH, content="id,y\n1,2\n")
        standing = Standing(run, exposed=True)
        told.append(standing.restore())
        kept = run.call("keep_file", path=SUBMISSION_PATH).data["kept"]
        told.append(standing.place(node, str(kept), 1.0))
        told.append(standing.place(node, "0" * 64, 1.0))

    play(tmp_path, scaffold, Counter())
    assert told == [True, True, False]
    assert len(list(LogReader(tmp_path / "run").of_type("aide.unplaced"))) == 1


class Stuck:
    """A sandbox whose submission cannot be written, whatever is tried."""

    def __init__(self, inner: Sandbox) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def put_file(self, path: str, data: bytes) -> None:
        raise PathRefused(f"{path}: {len(data)} bytes do not fit")


def test_what_does_not_stand_is_not_submitted(tmp_path: Path) -> None:
    base = world(tmp_path, Counter(), Limits(time_s=600, steps=1))

    def open_stuck(lane: str, served: Validator | None, part: Part) -> Sandbox:
        return cast("Sandbox", Stuck(base.open_sandbox(lane, served, part)))

    changed = replace(base, models={"main": Scripted([good(2)])}, open_sandbox=open_stuck)
    session = Session(tmp_path / "run", changed, {})
    try:
        outcome = Aide(AideConfig.model_validate({"steps": 1, "data_preview": False})).run(
            DurableRun(session)
        )
    finally:
        session.close_sandboxes()
        session.log.close()
    words = "1 scripts, 1 good; the submission of script 1 could not be put in its place"
    assert outcome == Outcome(words)
    assert submission(LogReader(tmp_path / "run")) is None

"""One cell in one process: run the scaffold, freeze the submission, close the sandboxes, grade.

`python -m experiments.run CELL.json` does this in the folder of the file. Called again after any crash,
it goes on where the log ends; called on a finished run, it does nothing twice.
"""

import traceback
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from filelock import FileLock, Timeout

from benchmark.guard import Guard
from experiments.build import (
    build_scaffold,
    build_world,
    private_folder,
    sandbox_folder,
    start_facts,
)
from experiments.cell import CELL_FILE, Cell, load_cell
from experiments.console import OUT, command
from experiments.files import write_bytes, write_json
from experiments.final import final_submission
from experiments.means import Means, means_alone
from experiments.model_access import redacted
from experiments.outcome import classify
from experiments.process import own_process
from experiments.results import GRADE_FILE, read_grade, score_words
from experiments.state import finite
from sandbox.salvage import salvage
from sandbox.text import printable
from sandbox.workspace import Workspace
from scaffolds.errors import AgentError, UserError
from scaffolds.run import Outcome, Scaffold
from scaffolds.runtime import events as ev
from scaffolds.runtime.durable import DurableRun
from scaffolds.runtime.log import read_log
from scaffolds.runtime.session import MAIN_LANE, Session

SUBMISSION_FILE = "submission.csv"
LOCK_WAIT_S = 15.0


@dataclass(frozen=True, slots=True)
class Ending:
    """How a scaffold's run ended: `done`, `limit` or `agent`."""

    outcome: str
    code: str
    summary: str
    score: float | None = None
    """What the scaffold says that its submission scores, by its own measurement."""


def run_cell(
    folder: Path, *, finalize: bool = False, guard: Path | None = None, means: Means | None = None
) -> dict[str, Any]:
    """Bring the cell in `folder` to its grade, whatever state it is in; returns the grade.

    Args:
        folder: its run folder.
        finalize: end the run now, with what it has: for a run that overstayed its time limit.
        guard: the socket of a guard server that checks and grades; a guard of its own when left out.
        means: its part of the machine; all that it needs when left out.

    Raises:
        RunError: the user must mend something, or the world failed; the log keeps all that was done.
    """
    cell = load_cell(folder)
    with _locked(folder):
        if (grade := read_grade(folder)) is not None:
            return grade
        return _run_and_grade(cell, folder, finalize, guard, means or means_alone(cell))


@contextmanager
def _locked(folder: Path) -> Generator[None]:
    """Alone in a run folder; waits a little for a process that is just being ended."""
    try:
        with FileLock(folder / ".lock").acquire(timeout=LOCK_WAIT_S):
            yield
    except Timeout as error:
        raise UserError(f"another process is at work in {str(folder)!r}; wait for it to end") from error


def replay_cell(folder: Path) -> int:
    """Run the scaffold of a finished run again over its log; returns the number of events.

    Nothing happens outside: no model is asked and no sandbox is opened.

    Raises:
        UserError: the run is not finished, or the code asks for something else than it did then.
    """
    cell = load_cell(folder)
    scaffold = build_scaffold(cell)
    with _locked(folder), Guard() as guard:
        if not any(event.type == ev.RUN_END for event in read_log(folder)[0]):
            raise UserError(f"{str(folder)!r} is not finished: leave out --replay to go on with it")
        session = Session(folder, build_world(cell, folder, guard, Means()), start_facts(cell, Means()))
        try:
            _ending(scaffold, DurableRun(session))
            return session.log.size
        finally:
            session.close_sandboxes()
            session.log.close()


def _run_and_grade(
    cell: Cell, folder: Path, finalize: bool, server: Path | None, means: Means
) -> dict[str, Any]:
    scaffold = None if finalize else build_scaffold(cell)
    with Guard(server=server) as guard:
        session = Session(folder, build_world(cell, folder, guard, means), start_facts(cell, means))
        try:
            digest = _bring_to_end(session, cell, scaffold)
            submission = session.log.blobs.get(digest) if digest else None
        finally:
            session.close_sandboxes()
            session.log.close()
        _remove_sandboxes(sandbox_folder(cell, folder))
        if submission is not None:
            write_bytes(folder / SUBMISSION_FILE, submission)
        report = guard.grade(
            submission, cell.competition, private_folder(cell), data_version=cell.data_version
        )
    grade: dict[str, Any] = orjson.loads(report.model_dump_json())
    write_json(folder / GRADE_FILE, grade)
    return grade


def _remove_sandboxes(folder: Path) -> None:
    """What processes that were killed have left; a sandbox that closed has removed its own."""
    if folder.is_dir():
        for lane in folder.iterdir():
            Workspace(lane).remove()
        folder.rmdir()


def _bring_to_end(session: Session, cell: Cell, scaffold: Scaffold | None) -> str | None:
    """Bring the log to `run.end`, without a scaffold at once; returns the hash of the frozen submission."""
    if session.ending is not None:
        return session.ending.data["submission"]
    if scaffold is None:
        ending = Ending("limit", "limit.overstayed", "ended from outside, long after its time limit")
        left = sandbox_folder(cell, session.log.folder) / MAIN_LANE
        tree = salvage(left, session.log.blobs, session.journal.tree(MAIN_LANE))
    else:
        run = DurableRun(session)
        ending = _ending(scaffold, run)
        run.freeze()
        tree = run.tree
    session.close_sandboxes()
    return _freeze(session, cell, tree, ending)


def _freeze(session: Session, cell: Cell, tree: str | None, ending: Ending) -> str | None:
    """Choose what is graded and write the end of the log; returns the submission's hash."""
    log, spent = session.log, session.ledger.read()
    final = final_submission(log.folder, tree, cell.final, session.world.validator, log.blobs)
    digest = log.blobs.put(final.data) if final else None
    if final:
        saved = {"sha256": digest, "bytes": len(final.data), "from": final.source}
        log.append(ev.SUBMISSION_SAVED, saved, step=spent.steps)
    facts = asdict(ending)
    log.append(ev.RUN_END, {**facts, "submission": digest, "spent": spent.record()}, step=spent.steps)
    return digest


def _ending(scaffold: Scaffold, run: DurableRun) -> Ending:
    """Run the scaffold: the one place where an exception becomes the recorded outcome of a run."""
    try:
        outcome = _outcome(scaffold.run(run))
    except (Exception, SystemExit) as error:
        failure = classify(error)
        if failure.family not in ("limit", "agent"):
            raise
        trace = "".join(traceback.format_exception(error)) if failure.bug else ""
        return Ending(failure.family, failure.code, redacted(f"{failure.message}\n{trace}".strip()))
    return Ending("done", "", outcome.summary, finite(outcome.score))


def _outcome(returned: object) -> Outcome:
    if isinstance(returned, Outcome):
        return returned
    raise AgentError(f"a scaffold's `run` returns an Outcome, and this one's {returned!r}")


def main(
    cell: Annotated[Path, typer.Argument(help="The cell.json of a run folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the grade as JSON.")] = False,
    replay: Annotated[bool, typer.Option(help="Run a finished cell's scaffold again over its log.")] = False,
    finalize: Annotated[
        bool, typer.Option(help="End the run now and grade what it has: for one that overstayed its time.")
    ] = False,
) -> None:
    """Run one cell, or go on with it, and grade it."""
    own_process()
    folder = cell.parent if cell.name == CELL_FILE else cell
    if replay:
        OUT.print(f"replayed {replay_cell(folder)} events: every request is as it was", markup=False)
        return
    grade = run_cell(folder, finalize=finalize)
    if as_json:
        typer.echo(orjson.dumps(grade).decode())
    else:
        OUT.print(f"{grade['competition_id']}: {printable(score_words(grade))}", markup=False)


if __name__ == "__main__":
    command(main)()

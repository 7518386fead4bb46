"""The folder of one sweep: its plan, frozen at the start, its cells, and the check that it is theirs."""

import hashlib
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Any

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict

from benchmark.guard_server import clear_leftovers
from experiments.cell import CELL_FILE, Cell, load_cell, template_difference
from experiments.code import Code
from experiments.files import read_json, write_json
from experiments.plan import Plan
from scaffolds.errors import UserError

PLAN_FILE = "plan.lock"
CODE_FOLDER = "code"
_LOCK_FILE = ".lock"
_PLACES = ("backend", "image", "other_gpu", "grace_s", "data_dir", "home")
_LOCK_WAIT_S = 15.0


class Addition(BaseModel):
    """Cells that a sweep gained after it had begun."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    made: str
    """When, in UTC."""
    cells: tuple[str, ...]


class CodeTaken(BaseModel):
    """A state of the code that the sweep's cells run under from some time on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    made: str
    """When, in UTC."""
    digest: str
    """Names its copy in the folder `code`."""
    commit: str
    changed: bool


class PlanLock(BaseModel):
    """`plan.lock`: what was planned before the first result was known, and what came later."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    made: str
    """When, in UTC."""
    hash: str
    """SHA-256 over the ids of the cells: the plan as it was at first, for a publication to name."""
    cells: tuple[str, ...]
    """Ids, in the order of the config."""
    config: dict[str, Any]
    """The sweep, as it was at first."""
    added: tuple[Addition, ...] = ()
    code: tuple[CodeTaken, ...] = ()
    """The last one is in force."""

    @property
    def all_cells(self) -> tuple[str, ...]:
        """Those planned at first and those added."""
        return (*self.cells, *(cell for addition in self.added for cell in addition.cells))

    @property
    def added_cells(self) -> frozenset[str]:
        """Those added."""
        return frozenset(cell for addition in self.added for cell in addition.cells)


class SweepFolder:
    """`runs/<sweep>`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def lock(self) -> PlanLock | None:
        """The frozen plan; None before the sweep has begun."""
        try:
            record = read_json(self.path / PLAN_FILE)
            return None if record is None else PlanLock.model_validate(record)
        except ValueError as error:
            raise UserError(
                f"{str(self.path / PLAN_FILE)!r} is no plan of this version. Use another --runs-dir"
            ) from error

    @property
    def code(self) -> Path | None:
        """Where the sweep's code lies; None while none was taken."""
        lock = self.lock
        return self.path / CODE_FOLDER / lock.code[-1].digest if lock and lock.code else None

    @contextmanager
    def alone(self) -> Generator[None]:
        """Nobody else works on the sweep meanwhile; nor is anything left of the processes of a killed one.

        Raises:
            UserError: somebody does.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.path / _LOCK_FILE).acquire(timeout=_LOCK_WAIT_S):
                clear_leftovers(self.path)
                yield
        except Timeout as error:
            raise UserError(
                f"another process is at work on {str(self.path)!r}; see what it does with: "
                f"python -m experiments.sweep --status {quote(str(self.path))}"
            ) from error

    @property
    def at_work(self) -> bool:
        """Whether a sweep runs in it now."""
        if not (self.path / _LOCK_FILE).exists():
            return False
        try:
            with FileLock(self.path / _LOCK_FILE).acquire(timeout=0):
                return False
        except Timeout:
            return True

    def check(self, plan: Plan) -> list[str]:
        """The ids of a plan's cells, in order; the folder may hold all or some of them, and no others.

        Raises:
            UserError: it holds cells that the plan does not have, and the message says what differs.
        """
        ids = [cell.id for cell in plan.cells()]
        lock = self.lock
        planned = set(ids)
        strangers = [cell for cell in lock.all_cells if cell not in planned] if lock else []
        if strangers:
            raise UserError(self._stranger(strangers[0], plan.cells()))
        return ids

    def enter(self, plan: Plan, ids: Sequence[str], code: Code) -> PlanLock:
        """Make the folder hold these cells, to be run under `code` from now on."""
        for cell in plan.cells():
            _bring(self.path / cell.id / CELL_FILE, cell.model_dump(mode="json"))
        before = self.lock
        lock = _begun(plan, ids) if before is None else _extended(before, ids)
        if not lock.code or lock.code[-1].digest != code.digest:
            taken = CodeTaken(made=_now(), digest=code.digest, commit=code.commit, changed=code.changed)
            lock = lock.model_copy(update={"code": (*lock.code, taken)})
        if lock != before:
            write_json(self.path / PLAN_FILE, lock.model_dump(mode="json"))
        return lock

    def _stranger(self, stranger: str, cells: Iterable[Cell]) -> str:
        head = f"{str(self.path)!r} holds runs of another config, such as {stranger}"
        tail = "Use another --runs-dir, or restore the old config to go on with it"
        if not (self.path / stranger / CELL_FILE).exists():
            return f"{head}. {tail}"
        old = load_cell(self.path / stranger)
        nearest = min(cells, key=lambda cell: len(old.differences(cell)))
        names = [name for name in old.differences(nearest) if not name.startswith("templates.")]
        shown = "\n".join(
            f"  {name}: recorded {_at(old, name)!r}, now {_at(nearest, name)!r}" for name in names
        )
        templates = template_difference(old.templates, nearest.templates)
        return "\n".join(part for part in (f"{head}. It differs in:", shown, templates, tail) if part)


def _bring(path: Path, record: dict[str, Any]) -> None:
    """Write a cell's file; one that is there keeps all but the places, which may have moved meanwhile."""
    known = read_json(path)
    if known is None:
        write_json(path, record)
    elif (moved := known | {name: record[name] for name in _PLACES}) != known:
        write_json(path, moved)


def _begun(plan: Plan, ids: Sequence[str]) -> PlanLock:
    digest = hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()
    config = plan.sweep.model_dump(mode="json")
    return PlanLock(made=_now(), hash=digest, cells=tuple(ids), config=config)


def _extended(lock: PlanLock, ids: Sequence[str]) -> PlanLock:
    known = set(lock.all_cells)
    new = tuple(cell for cell in ids if cell not in known)
    addition = Addition(made=_now(), cells=new)
    return lock.model_copy(update={"added": (*lock.added, addition)}) if new else lock


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _at(cell: Cell, name: str) -> object:
    value: object = cell.identity()
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - JSON
    return value  # pyright: ignore[reportUnknownVariableType] - JSON

"""From a cell to the world its run lives in: task, models, sandboxes, validator, grader."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.competition import Competition
from benchmark.contract import SubmissionContract, compile_contract
from benchmark.guard import Guard
from benchmark.prepare import Prepared, prepared
from benchmark.verdict import Verdict
from benchmark.versions import find_version
from experiments.cell import Cell, template_difference
from experiments.code import foreign_modules, running_code
from experiments.isolation import isolation
from experiments.means import Means
from experiments.model_access import model_access
from experiments.neutral import shown_data, shown_digest
from experiments.spending import CellPurse
from sandbox.open import open_sandbox
from sandbox.portion import Part
from sandbox.protocols import Sandbox, Validator
from sandbox.spec import SandboxSpec
from scaffolds.errors import UserError
from scaffolds.models.registry import connect
from scaffolds.registry import build, find_resolved
from scaffolds.run import Scaffold
from scaffolds.runtime.session import World
from scaffolds.task import Metric, Task, TaskCard


@dataclass(frozen=True, slots=True)
class ContractCheck:
    """The validator of one competition: its contract, in a guarded child."""

    contract: SubmissionContract
    guard: Guard

    @property
    def max_bytes(self) -> int:
        """Submissions above this are refused unread."""
        return self.contract.max_bytes

    def check(self, data: bytes) -> Verdict:
        """Judge the form of a submission."""
        return self.guard.check(data, self.contract)


def sandbox_folder(cell: Cell, run: Path) -> Path:
    """Where the sandboxes of a run lie; under a name without the competition where that is hidden."""
    if cell.description == "original":
        return run / "sandbox"
    return run.parent / ".sandboxes" / cell.id.rpartition("_")[2]


def build_task(cell: Cell, competition: Competition, contract: SubmissionContract) -> Task:
    """The task as the agent is told it."""
    id_column, *columns = contract.header
    card = TaskCard(
        id_column=id_column,
        target=competition.target or next(iter(contract.columns)),
        submission_columns=tuple(columns),
        prediction=competition.prediction,
        metric=Metric(competition.metric.name, competition.maximize),
        files=competition.files,
        merge=competition.merge or "",
    )
    obfuscated = cell.description == "obfuscated"
    description = competition.description(obfuscated)
    return Task(competition.id, description, card, cell.machine, obfuscated, cell.network == "open")


def build_world(cell: Cell, folder: Path, guard: Guard, means: Means) -> World:
    """What the run of `cell` in `folder` needs from outside, with its part of the machine."""
    competition, data = _data(cell)
    access = model_access(Path(cell.home))
    backend = isolation(
        cell.backend, [model.name for model in cell.models.values()], cell.image, cell.network
    )
    contract = compile_contract(competition, data.public)

    shown = shown_data(competition, data, cell.description, Path(cell.data_dir))

    def open_lane(lane: str, served: Validator | None, part: Part) -> Sandbox:
        root, mine = sandbox_folder(cell, folder) / lane, means.part(part)
        spec = SandboxSpec(
            backend=backend,
            image=cell.image,
            root=root,
            data=shown,
            network=cell.network,
            cores=mine.cores,
            memory_gb=mine.memory_gb,
            gpus=mine.gpus,
            owner=str(folder),
        )
        return open_sandbox(spec, served)

    return World(
        task=build_task(cell, competition, contract),
        models={role: connect(model.name, access) for role, model in cell.models.items()},
        settings={role: model.settings for role, model in cell.models.items()},
        open_sandbox=open_lane,
        validator=ContractCheck(contract, guard),
        limits=cell.limits,
        seed=cell.seed,
        hidden_tools=frozenset(cell.hidden_tools),
        purse=CellPurse(folder),
        hardware_of=cell.machine_of,
    )


def build_scaffold(cell: Cell) -> Scaffold:
    """The agent of a cell.

    Raises:
        UserError: its version or prompts are not those that the cell was planned with, or it cannot be made.
    """
    kind = find_resolved(cell.scaffold)
    if kind.version != cell.scaffold_version:
        raise UserError(
            f"scaffold {cell.scaffold!r} has version {kind.version!r}, this run began with "
            f"{cell.scaffold_version!r}. Restore that to go on, or start a new run in another --runs-dir"
        )
    if changed := template_difference(cell.templates, kind.templates()):
        raise UserError(
            f"the prompt templates of scaffold {cell.scaffold!r} changed since this run was planned:\n"
            f"{changed}\nRestore them to go on, or start a new run in another --runs-dir"
        )
    return build(kind, cell.scaffold_config)


def start_facts(cell: Cell, means: Means) -> Mapping[str, Any]:
    """What `run.start` says about the cell and the cards that it runs on."""
    facts = cell.model_dump(mode="json", exclude={"templates", "limits", "seed", "data_dir", "home"})
    maximize = competition_of(cell).maximize
    return {
        **facts,
        "cell": cell.id,
        "maximize": maximize,
        "cards": list(means.cards),
        "prices": model_access(Path(cell.home)).prices.facts(),
        "code": running_code(foreign_modules([cell.scaffold])).digest,
    }


def competition_of(cell: Cell) -> Competition:
    """The competition of a cell, as the cell's data version has it."""
    return find_version(cell.competition, cell.data_version)


def private_folder(cell: Cell) -> Path:
    """Where the answers are; read only by the grader, after the sandboxes are gone."""
    return prepared(competition_of(cell), Path(cell.data_dir)).private


def _data(cell: Cell) -> tuple[Competition, Prepared]:
    competition = competition_of(cell)
    data = prepared(competition, Path(cell.data_dir))
    if shown_digest(competition, data, cell.description) != cell.data_digest:
        raise UserError(
            f"the public files of {cell.competition!r} in {cell.data_dir!r} changed since this run was "
            "planned: their digest differs. Prepare the data again as they were"
        )
    return competition, data

"""The folder of one sweep: its cells on disk, and the check that it belongs to the config."""

from collections.abc import Sequence
from pathlib import Path

from experiments.cell import CELL_FILE, Cell, template_difference
from experiments.files import read_json, write_json
from scaffolds.errors import UserError

PLAN_FILE = "plan.json"


def enter(folder: Path, cells: Sequence[Cell]) -> list[Path]:
    """Make the folder of a sweep hold these cells; returns their folders, in order.

    A folder may be entered again with the same cells or with more of them.

    Raises:
        UserError: it holds cells that this config does not have; the message says what differs.
    """
    planned = {cell.id: cell for cell in cells}
    record = read_json(folder / PLAN_FILE)
    recorded: list[str] = record["cells"] if record else []
    strangers = [cell_id for cell_id in recorded if cell_id not in planned]
    if strangers:
        raise UserError(_stranger(folder, strangers, cells))
    for cell_id, cell in planned.items():
        path = folder / cell_id / CELL_FILE
        if not path.exists():
            write_json(path, cell.model_dump(mode="json"))
    if len(planned) > len(recorded):
        added = [cell_id for cell_id in planned if cell_id not in set(recorded)]
        write_json(folder / PLAN_FILE, {"cells": recorded + added})
    return [folder / cell_id for cell_id in planned]


def _stranger(folder: Path, strangers: Sequence[str], cells: Sequence[Cell]) -> str:
    record = read_json(folder / strangers[0] / CELL_FILE)
    head = f"{str(folder)!r} holds runs of another config, such as {strangers[0]}"
    tail = "Use another --runs-dir, or restore the old config to go on with it"
    if record is None:
        return f"{head}. {tail}"
    old = Cell.model_validate(record)
    nearest = min(cells, key=lambda cell: len(old.differences(cell)))
    names = [name for name in old.differences(nearest) if not name.startswith("templates.")]
    shown = "\n".join(f"  {name}: recorded {_at(old, name)!r}, now {_at(nearest, name)!r}" for name in names)
    templates = template_difference(old.templates, nearest.templates)
    return "\n".join(part for part in (f"{head}. It differs in:", shown, templates, tail) if part)


def _at(cell: Cell, name: str) -> object:
    value: object = cell.identity()
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - JSON
    return value  # pyright: ignore[reportUnknownVariableType] - JSON

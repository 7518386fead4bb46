"""What a sweep needs and this machine lacks: found before anything is spent, each with what mends it."""

import math
import os
import shutil
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from benchmark.registry import find, members
from experiments.competition_problems import competition_ids, find_competition_problems, is_prepared
from experiments.config import Options, Sweep
from experiments.faults import explain
from experiments.hardware import names, needed, profile
from experiments.isolation import isolation
from experiments.model_problems import find_model_problems, models_of
from experiments.problem import Problem
from sandbox.errors import SandboxUnavailable
from sandbox.gpu import LOAD, device_names
from sandbox.hardware import any_card
from sandbox.machine import Machine
from scaffolds.errors import UserError
from scaffolds.registry import ScaffoldType, build, configured
from scaffolds.registry import find as find_scaffold
from scaffolds.tools import SANDBOX_TOOLS
from scaffolds.words import count

DISK_PER_CELL = 2 * 2**30
"""Bytes that a cell at work may need beside its results: a workspace and its copy, a GiB each."""
_ANY_HARDWARE = "--set 'hardware=[host]'"
_OTHER_GPU = "--allow-other-gpu"


def find_problems(
    sweep: Sweep, data_dir: Path, runs_dir: Path, machine: Machine, *, other_gpu: bool = False
) -> tuple[Problem, ...]:
    """All that is missing, each thing once; with `other_gpu`, cards of another kind are none of it."""
    found = [
        *_scaffolds(sweep),
        *_roles(sweep),
        *find_model_problems(sweep, Path()),
        *_isolation(sweep, models_of(sweep), machine),
        *find_competition_problems(sweep, data_dir),
        *_hardware(sweep, machine, other_gpu=other_gpu),
        *_places(sweep, data_dir, runs_dir),
        *_disk(sweep, runs_dir),
    ]
    return tuple(dict.fromkeys(found))


def agent_config(kind: ScaffoldType, options: Options) -> dict[str, Any]:
    """A scaffold's whole config under these options.

    Raises:
        UserError: a setting is wrong.
    """
    try:
        return configured(kind, options.scaffold).model_dump(mode="json")
    except ValidationError as error:
        raise UserError(f"scaffold {kind.name!r}:\n{explain(error, kind.config)}") from error


def _scaffolds(sweep: Sweep) -> Iterator[Problem]:
    for choice, variant in product(sweep.scaffolds, sweep.variants):
        try:
            kind = find_scaffold(choice.name)
        except UserError as error:
            yield Problem("scaffold", str(error), "" if ":" in choice.name else "--set 'scaffolds=[aide]'")
            continue
        try:
            options = sweep.options(choice, sweep.models[0], sweep.time_limits[0], variant)
            build(kind, agent_config(kind, options))
        except UserError as error:
            words = str(error)
            said = f"variant {variant!r} of " if sweep.variants[variant] and "variant" not in words else ""
            yield Problem("setting", f"{said}{words}")
            continue
        if unknown := [name for name in options.tools if name not in SANDBOX_TOOLS]:
            said = "" if unknown[0] in sweep.tools else f"variant {variant!r}: "
            yield Problem("setting", f"{said}no tool {unknown[0]!r}; there are: {', '.join(SANDBOX_TOOLS)}")


def _roles(sweep: Sweep) -> Iterator[Problem]:
    """Roles that nobody asks in, where all scaffolds say theirs: `main` would play the right one unseen."""
    try:
        asked = [find_scaffold(choice.name).roles for choice in sweep.scaffolds]
        named = [
            {*sweep.options(sweep.scaffolds[0], models, sweep.time_limits[0], variant).models}
            for models, variant in product(sweep.models, sweep.variants)
        ]
    except UserError:  # is told elsewhere
        return
    if None in asked:
        return
    roles = tuple(dict.fromkeys(role for one in asked for role in one or ()))
    for role in sorted({role for one in named for role in one} - {*roles}):
        yield Problem(
            "setting", f"no scaffold of this sweep asks in the role {role!r}; roles are: {', '.join(roles)}"
        )


def _isolation(sweep: Sweep, models: Iterable[str], machine: Machine) -> Iterator[Problem]:
    try:
        chosen = isolation(sweep.backend, models, sweep.image, sweep.network)
    except UserError as error:
        yield Problem("sandbox", str(error))
        return
    if chosen == "bwrap" and shutil.which("bwrap") is None:
        yield Problem("sandbox", "bubblewrap is not installed", "apt-get install bubblewrap")
    if chosen == "bwrap":
        yield from _devices(sweep, machine)
    if chosen == "docker":
        from sandbox.backends.docker import cards_fault, why_not  # its package takes long to import

        if reason := why_not(sweep.image) or (cards_fault() if _gives_cards(sweep, machine) else None):
            yield Problem("sandbox", reason)


def _gives_cards(sweep: Sweep, machine: Machine) -> bool:
    known = [profile(name) for name in sweep.hardware if name in names()]
    return bool(machine.gpus) and any(hardware.gpus for hardware in known)


def _devices(sweep: Sweep, machine: Machine) -> Iterator[Problem]:
    """Cards that there are, and that bubblewrap has nothing to pass on of."""
    if _gives_cards(sweep, machine):
        try:
            device_names([gpu.uuid for gpu in machine.gpus])
        except SandboxUnavailable as error:
            yield Problem("sandbox", str(error), LOAD)


def _hardware(sweep: Sweep, machine: Machine, *, other_gpu: bool) -> Iterator[Problem]:
    for name in sweep.hardware:
        try:
            hardware = needed(profile(name), machine, other_gpu=other_gpu)
        except UserError as error:
            yield Problem("hardware", str(error), _ANY_HARDWARE)
            continue
        if lacks := machine.lacks(hardware):
            wants = "\n".join(f"  {lack}" for lack in lacks)
            what = f"{name} is more than this machine has:\n{wants}"
            enough = not machine.lacks(any_card(hardware))
            yield Problem("hardware", what, _OTHER_GPU if enough else _ANY_HARDWARE)


def _places(sweep: Sweep, data_dir: Path, runs_dir: Path) -> Iterator[Problem]:
    """Folders that a sweep writes into and cannot: practice data are made where they are not there yet."""
    practice = {*competition_ids(sweep)} & {*members("practice")}
    makes_data = not all(is_prepared(find(name), data_dir) for name in practice)
    wanted = [("--runs-dir", runs_dir), *([("--data-dir", data_dir)] if makes_data else [])]
    for option, folder in wanted:
        there = _there(folder)
        if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
            why = "is no folder that you may write into" if there.is_dir() else "is no folder"
            yield Problem("disk", f"{str(there)!r} {why}; choose another", f"{option} FOLDER")


def _there(path: Path) -> Path:
    """The path, or the nearest above it that exists."""
    return next(place for place in (path.absolute(), *path.absolute().parents) if os.path.lexists(place))


def _disk(sweep: Sweep, runs_dir: Path) -> Iterator[Problem]:
    place = next(path for path in (runs_dir.absolute(), *runs_dir.absolute().parents) if path.is_dir())
    lists = (sweep.scaffolds, sweep.models, competition_ids(sweep), sweep.hardware, sweep.time_limits)
    cells = math.prod(map(len, (*lists, sweep.variants, sweep.seeds)))
    at_once = min(sweep.parallel, cells)
    free, needed = shutil.disk_usage(place).free, at_once * DISK_PER_CELL
    if free < needed:
        yield Problem(
            "disk",
            f"{str(place)!r} has {free / 2**30:.1f} GiB free; {count(at_once, 'cell')} at once may need "
            f"{needed / 2**30:.0f} GiB. Make room, choose another --runs-dir, or lower `parallel`",
        )

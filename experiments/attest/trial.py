"""One run of the red team: a cell like any other, in a process like any other, among planted secrets."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from experiments.attest.stage import COMPETITION, MEMORY_GB, Stage
from experiments.cell import CELL_FILE
from experiments.config import Sweep
from experiments.files import write_json
from experiments.plan import plan
from sandbox.hardware import Hardware
from sandbox.spec import IMAGE, Isolation
from scaffolds.errors import InfraError

_TIME_S = 900


@dataclass(frozen=True, slots=True)
class Setting:
    """What is attacked. The defaults are what a run has; the rest is for proving that a breach is seen."""

    backend: Isolation
    image: str = IMAGE
    network: Literal["none", "open"] = "none"
    environment: Mapping[str, str] | None = None
    """Further variables of the harness."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A run that has ended."""

    folder: Path
    attacks: tuple[str, ...]
    status: int
    """Exit status of its process."""
    output: bytes
    """What its process printed."""
    shown: Mapping[str, bytes]
    """What the commands that read runs print of it, by name."""


def run_trial(stage: Stage, setting: Setting, attacks: tuple[str, ...], *, scrambled: bool = False) -> Trial:
    """Let the red team try `attacks`, in this order, in a run of their own.

    Raises:
        InfraError: the run could not be brought to its end.
    """
    folder = _write_cell(stage, setting, attacks, scrambled)
    variables = {**os.environ, **stage.environment, **(setting.environment or {})}
    python = [sys.executable, "-X", f"attest={stage.secrets.token('a word of the harness command line')}"]
    done = subprocess.run(
        [*python, "-m", "experiments.run", str(folder)],
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        raise InfraError(
            f"the attacked run ended with status {done.returncode}: {done.stdout[-2000:].decode()}"
        )
    readers = () if scrambled else ("inspect", "report")
    shown = {name: _shown(name, folder) for name in readers}
    return Trial(folder, attacks, done.returncode, done.stdout, shown)


def survivors(folder: Path) -> tuple[str, ...]:
    """Processes of this machine that still have to do with anything below `folder`.

    What a process has mounted, where it stands and what it was told cannot be disowned by it all at once:
    every sandbox mounts its own folder.
    """
    mark, found = str(folder).encode(), list[str]()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        if any(mark in _told(entry, name) for name in ("mountinfo", "environ", "cmdline")):
            found.append(f"{entry.name} ({_told(entry, 'comm').decode(errors='replace').strip()})")
    return tuple(sorted(found))


def _told(entry: Path, name: str) -> bytes:
    try:
        return (entry / name).read_bytes()
    except OSError:
        return b""


def _write_cell(stage: Stage, setting: Setting, attacks: tuple[str, ...], scrambled: bool) -> Path:
    """The run folder of a cell that a sweep would make as well, with a little memory."""
    sweep = Sweep.model_validate(
        {
            "scaffolds": [
                {
                    "name": "adversary",
                    "attacks": list(attacks),
                    "hints": stage.hints(),
                    "unisolated": setting.backend == "none",
                }
            ],
            "models": ["offline/tabular"],
            "competitions": [COMPETITION],
            "hardware": ["host"],
            "time_limits": [_TIME_S],
            "variants": {"base": {"task.description": "obfuscated", "network": setting.network}},
            "backend": setting.backend,
            "image": setting.image,
        }
    )
    data = stage.scrambled if scrambled else stage.data
    (cell,) = plan(sweep, data, stage.sweep).cells()
    cell = cell.model_copy(
        update={"hardware": Hardware(name="attest", memory_gb=MEMORY_GB), "seed": int(scrambled)}
    )
    folder = stage.sweep / cell.id
    write_json(folder / CELL_FILE, cell.model_dump(mode="json"))
    return folder


def _shown(name: str, folder: Path) -> bytes:
    """What a reader of the run would see on a terminal; nothing that it prints is trusted."""
    words = [sys.executable, "-m", f"experiments.{name}", str(folder)]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.stdout


def keep_log(trial: Trial, place: Path) -> None:
    """Keep the run's folder, for people who want to read what was tried."""
    shutil.copytree(trial.folder, place / trial.folder.name, symlinks=True, dirs_exist_ok=True)

"""What a sweep costs per cell beyond the agent's own work: `python -m experiments.bench --cells N`.

The agent does next to nothing: it copies the sample submission. All else is real: one process per cell,
the sandbox, the log with its fsyncs, the snapshot, the contract check and the grade.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from pydantic import BaseModel, ConfigDict

from scaffolds.errors import InfraError
from scaffolds.run import Outcome, Run
from scaffolds.yaml_text import yaml_text

_COMPETITION = "practice-diabetes"
_MARKS = (100, 1000)
"""Numbers of finished cells at which the memory of the sweep's process is read."""


class CopySampleConfig(BaseModel):
    """It has no settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CopySample:
    """Submits the sample submission."""

    name = "copy-sample"
    version = "1"
    Config = CopySampleConfig

    def __init__(self, config: CopySampleConfig) -> None:
        del config

    def run(self, run: Run) -> Outcome:
        """See `Scaffold.run`."""
        run.budget.take_step()
        run.call("shell", command="cp ~/data/sample_submission.csv ~/submission/submission.csv")
        return Outcome("copied the sample submission")


def measure_cells(cells: int) -> dict[str, float]:
    """All figures for a sweep of so many cells."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        _prepare(folder)
        command = _command(folder, cells)
        began, before = time.perf_counter(), _children_cpu_s()
        memory = _run(command)
        wall_s, cpu_s = time.perf_counter() - began, _children_cpu_s() - before
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        again_s = time.perf_counter() - began
    finally:
        shutil.rmtree(folder)
    return {
        "cells": cells,
        "cpu_s_per_cell": round(cpu_s / cells, 3),
        "wall_s": round(wall_s, 1),
        **{f"driver_mb_at_{mark}": megabytes for mark, megabytes in memory.items()},
        "again_s": round(again_s, 2),
    }


def _prepare(folder: Path) -> None:
    """Make the data beforehand: what that takes is no sweep's cost, nor its memory."""
    words = ["benchmark", "prepare", _COMPETITION, "--data-dir", str(folder / "data")]
    subprocess.run([sys.executable, "-m", *words], check=True, stdout=subprocess.DEVNULL)


def _command(folder: Path, cells: int) -> list[str]:
    config = {
        "scaffolds": ["experiments.bench_cells:CopySample"],
        "models": ["offline/tabular"],
        "competitions": [_COMPETITION],
        "time_limits": ["10m"],
        "seeds": list(range(cells)),
        "parallel": len(os.sched_getaffinity(0)),
    }
    text = yaml_text(config)
    (folder / "cells.yaml").write_text(text)
    places = {"runs": "--runs-dir", "data": "--data-dir", "leases": "--leases"}
    words = [word for name, option in places.items() for word in (option, str(folder / name))]
    return [sys.executable, "-m", "experiments.sweep", str(folder / "cells.yaml"), "--json", *words]


def _run(command: list[str]) -> dict[int, float]:
    """Run the sweep; returns the driver's memory in MB at each mark of finished cells, and at the end."""
    memory: dict[int, float] = {}
    done = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE) as driver:
        assert driver.stdout is not None
        process = psutil.Process(driver.pid)
        for line in driver.stdout:
            record: dict[str, Any] = json.loads(line)
            if record["event"] == "sweep":
                done = record["done"]
                memory |= {
                    mark: _megabytes(process) for mark in _MARKS if mark <= done and mark not in memory
                }
    if driver.returncode:
        raise InfraError(f"the sweep ended with status {driver.returncode} after {done} cells")
    return memory


def _megabytes(process: psutil.Process) -> float:
    return round(process.memory_info().rss / 2**20, 1)


def _children_cpu_s() -> float:
    """Processor time of all processes that were started from here and have ended, and of theirs."""
    times = os.times()
    return times.children_user + times.children_system

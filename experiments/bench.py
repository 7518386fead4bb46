"""`python -m experiments.bench --steps N`: what the framework itself costs per step of AIDE.

`--cells N` measures a sweep instead: see `experiments.bench_cells`; `--model-overhead` a model call: see
`experiments.bench_models`.

Model and script are instant, so nothing but the project's own work is measured: prompts, policy, log,
blobs, fsync, snapshots' bookkeeping. Every node improves on the one before: one ever-deeper chain, with
memory on. The resume is a process of its own that replays the whole log.
"""

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from benchmark.verdict import Code, Verdict
from experiments.bench_cells import measure_cells
from experiments.console import OUT, command
from experiments.process import own_process
from sandbox.edits import Edit
from sandbox.errors import PathRefused
from sandbox.portion import Part
from sandbox.protocols import BlobStore, Sandbox, Validator
from sandbox.results import ROOM, Captured, Edited, Entry, Execution, FileText, Job, Snapshot
from sandbox.spec import Layout
from scaffolds.aide.scaffold import Aide, AideConfig
from scaffolds.errors import LimitReached
from scaffolds.messages import Completion, ToolCall, Usage
from scaffolds.models.protocol import Model, ModelRequest
from scaffolds.runtime.durable import DurableRun
from scaffolds.runtime.ledger import Limits
from scaffolds.runtime.log import BLOBS_FOLDER, EVENTS_FILE
from scaffolds.runtime.session import Session, World
from scaffolds.task import Metric, Task, TaskCard

_CODE = """import json
import os

SEED = int(os.environ.get("SEED", "0"))
MODEL = "ridge"
PARAMS = {{"alpha": {alpha}}}
print("validation rmse:", {alpha})
with open("metrics.json", "w") as file:
    json.dump({{"score": {alpha}, "folds": [], "n": 100}}, file)
"""


_LAYOUT = Layout("/home", "/home/data", "/home/submission", "/home/code", "/home/logs", "/tmp")


@dataclass(slots=True)
class InstantModel:
    """Answers at once: a new script each time, and a review that finds nothing wrong."""

    name: str = "bench/instant"

    def complete(self, request: ModelRequest) -> Completion:
        """See `Model.complete`."""
        usage = Usage(input=1000, output=100)
        if request.tools:
            review = {"is_bug": False, "summary": "It ran.", "metric": 1.0, "has_submission": True}
            call = ToolCall("1", "submit_review", json.dumps(review))
            return Completion("", (call,), "tool_calls", usage, 0.0)
        plan = f"Ridge regression with another penalty, number {request.seed}."
        return Completion(
            f"{plan}\n\n```python\n{_CODE.format(alpha=request.seed)}```\n", usage=usage, usd=0.0
        )


@dataclass(slots=True)
class InstantSandbox:
    """Runs nothing: every script succeeds at once, each with a better score than the one before."""

    layout: Layout = _LAYOUT
    backend: str = "bench"
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
    _scripts: int = field(default=0)

    def shell(self, command: str, *, timeout: float) -> Execution:
        """See `Sandbox.shell`."""
        return Execution("exit", 0, Captured(), Captured(), 0.0)

    def start_job(self, command: str) -> Job:
        """See the method of `Sandbox` of that name."""
        raise PathRefused("nothing runs here")

    def poll_job(self, job: int, *, wait: float = 0.0, kill: bool = False) -> Job:
        """See the method of `Sandbox` of that name."""
        raise PathRefused("nothing runs here")

    def python(self, code: str, *, timeout: float) -> Execution:
        """See the method of `Sandbox` of that name."""
        raise PathRefused("nothing runs here")

    def edit_file(self, path: str, edit: Edit) -> Edited:
        """See the method of `Sandbox` of that name."""
        raise PathRefused("nothing runs here")

    def run_script(
        self,
        source: str | None = None,
        *,
        path: str | None = None,
        directory: str | None = None,
        env: Mapping[str, str],
        timeout: float,
    ) -> Execution:
        """See `Sandbox.run_script`."""
        self._scripts += 1
        output = b"validation rmse: 1.0\n"
        return Execution("exit", 0, Captured(output, total=len(output)), Captured(), 0.0)

    def read_file(self, path: str, *, offset: int = 0, limit: int = 65536) -> FileText:
        """See `Sandbox.read_file`."""
        text = json.dumps({"score": 1e6 - self._scripts, "folds": [1.0, 2.0], "n": 100})
        return FileText(text, len(text), False)

    def write_file(self, path: str, content: str) -> int:
        """See `Sandbox.write_file`."""
        return len(content)

    def put_file(self, path: str, data: bytes) -> None:
        """See `Sandbox.put_file`."""

    def list_files(self, path: str = ".", *, limit: int = 200) -> tuple[Entry, ...]:
        """See `Sandbox.list_files`."""
        return ()

    def fetch(self, path: str, *, max_bytes: int) -> bytes:
        """See `Sandbox.fetch`."""
        return b"id,y\n1,2\n"

    def snapshot(self, store: BlobStore, room: int = ROOM, *, last: bool = False) -> Snapshot:
        """See `Sandbox.snapshot`."""
        return Snapshot(store.put(b"{}"), 0, 0)

    def restore(self, tree: str, store: BlobStore) -> None:
        """See `Sandbox.restore`."""

    def busy(self) -> bool:
        """See `Sandbox.busy`."""
        return False

    def close(self) -> None:
        """See `Sandbox.close`."""


@dataclass(frozen=True, slots=True)
class AnyForm:
    """Finds every submission well-formed."""

    max_bytes: int = 1000

    def check(self, data: bytes) -> Verdict:
        """See `Validator.check`."""
        return Verdict(valid=True, code=Code.OK, message="ok")


def _world(steps: int, model: Model | None = None) -> World:
    card = TaskCard("id", "y", ("y",), "number", Metric("rmse", False), {"train": "input/train.csv"})
    task = Task("bench", "Predict y from x.\n" * 60, card, "2 CPU cores")

    def open_sandbox(lane: str, served: Validator | None, part: Part) -> Sandbox:
        return InstantSandbox()

    limits = Limits(time_s=86_400, steps=steps)
    return World(task, {"main": model or InstantModel()}, open_sandbox, AnyForm(), limits, 0)


def run_steps(folder: Path, steps: int) -> None:
    """Run, or replay, `steps` steps of AIDE in `folder`."""
    session = Session(folder, _world(steps), {})
    try:
        Aide(AideConfig.model_validate({"num_drafts": 1, "steps": steps})).run(DurableRun(session))
    except LimitReached:
        pass
    finally:
        session.close_sandboxes()
        session.log.close()


def _step_times(folder: Path) -> list[float]:
    """Seconds per step, from the monotonic times that the log keeps."""
    starts: list[float] = []
    last = 0.0
    with (folder / EVENTS_FILE).open("rb") as lines:
        for line in lines:
            event = json.loads(line)
            last = event["mono"]
            if event["type"] == "step.start":
                starts.append(last)
    return [b - a for a, b in zip(starts, [*starts[1:], last], strict=True)]


def measure(steps: int) -> dict[str, float]:
    """All figures for one chain of `steps` nodes."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        run_steps(folder, steps)
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        times = _step_times(folder)
        tenth = max(1, steps // 10)
        size = (folder / EVENTS_FILE).stat().st_size + (folder / BLOBS_FOLDER / "pack").stat().st_size
        began = time.perf_counter()
        again = [sys.executable, "-m", "experiments.bench", "--resume", str(folder), "--steps", str(steps)]
        subprocess.run(again, check=True)
        resume_s = time.perf_counter() - began
    finally:
        shutil.rmtree(folder)
    return {
        "steps": steps,
        "first_tenth_ms_per_step": round(1000 * sum(times[:tenth]) / tenth, 3),
        "last_tenth_ms_per_step": round(1000 * sum(times[-tenth:]) / tenth, 3),
        "log_bytes_per_step": round(size / steps),
        "peak_mb": round(peak_mb, 1),
        "resume_s": round(resume_s, 3),
    }


def main(
    steps: Annotated[int, typer.Option(min=1, help="Measure one run of so many steps.")] = 1000,
    cells: Annotated[
        int | None, typer.Option(min=1, help="Measure a sweep of so many cells instead.")
    ] = None,
    model_overhead: Annotated[
        bool, typer.Option("--model-overhead", help="Measure model calls against the bare packages.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    resume: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Measure what the framework costs per step, cell or model call; timings vary with the machine."""
    own_process()
    if resume is not None:
        run_steps(resume, steps)
        return
    figures: Mapping[str, object]
    if model_overhead:
        from experiments.bench_models import measure_models  # the packages take long to import

        figures = measure_models(lambda model: _world(steps, model))
    else:
        figures = measure(steps) if cells is None else measure_cells(cells)
    if as_json:
        typer.echo(json.dumps(figures))
        return
    for name, value in figures.items():
        OUT.print(f"{name:26} {value}", markup=False)


if __name__ == "__main__":
    command(main)()

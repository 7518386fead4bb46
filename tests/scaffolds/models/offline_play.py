"""Tables to play on, and fresh processes to run the produced scripts in."""

import io
import json
import multiprocessing
import os
import runpy
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from scaffolds.markdown import blocks, fenced
from scaffolds.messages import Message
from scaffolds.models.offline.tabular import OfflineTabular
from scaffolds.models.protocol import ModelRequest
from scaffolds.task import Metric, TaskCard

LIMIT_S = 120


@dataclass(frozen=True)
class Table:
    """A competition on disk, and its card."""

    card: TaskCard
    folder: Path

    @property
    def sample(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / "sample_submission.csv", dtype=str)


@dataclass(frozen=True)
class Ran:
    """What one script did."""

    output: str
    exit_code: int | None
    folder: Path

    @property
    def submission(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / "submission.csv", dtype=str, keep_default_na=False)

    @property
    def metrics(self) -> dict[str, object]:
        return json.loads((self.folder / "metrics.json").read_text())

    @property
    def score(self) -> float:
        score = self.metrics["score"]
        assert isinstance(score, float)
        return score


class Runner:
    """Runs scripts, each in a process and a folder of its own.

    The processes are forked from a server that has imported scikit-learn, which takes two seconds, once. One
    test runs a script as a program of its own.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._count = 0
        self._context = multiprocessing.get_context("forkserver")
        # A script asks for one thread before it imports anything; a fork of the server is too late for that.
        for library in ("OMP", "OPENBLAS", "MKL"):
            os.environ[f"{library}_NUM_THREADS"] = "1"
        self._context.set_forkserver_preload(
            [
                "__main__",
                __name__,
                "sklearn.ensemble",
                "sklearn.model_selection",
                "sklearn.pipeline",
                "sklearn.svm",
            ]
        )

    def folder(self, table: Table) -> Path:
        """A new folder with the table linked as `input`."""
        self._count += 1
        folder = self._root / f"run{self._count}"
        folder.mkdir()
        (folder / "input").symlink_to(table.folder)
        return folder

    def run(self, table: Table, code: str, seed: int = 0) -> Ran:
        """Run `code` in a fork."""
        folder = self.folder(table)
        (folder / "script.py").write_text(code, encoding="utf-8")
        process = self._context.Process(target=_execute, args=(str(folder), str(seed)))
        process.start()
        process.join(LIMIT_S)
        if process.is_alive():
            process.kill()
            process.join()
        return Ran((folder / "output.txt").read_text(encoding="utf-8"), process.exitcode, folder)

    def run_program(self, table: Table, code: str) -> Ran:
        """Run `code` as any user would, without $SEED."""
        folder = self.folder(table)
        environment = {name: value for name, value in os.environ.items() if name != "SEED"}
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        return Ran(done.stdout + done.stderr, done.returncode, folder)


def _execute(folder: str, seed: str) -> None:
    os.chdir(folder)
    os.environ["SEED"] = seed
    said = io.StringIO()
    status = 0
    with redirect_stdout(said), redirect_stderr(said):
        try:
            runpy.run_path("script.py", run_name="__main__")
        except BaseException:  # noqa: BLE001 - whatever ends a script is shown as Python would show it
            traceback.print_exc()
            status = 1
    Path("output.txt").write_text(said.getvalue(), encoding="utf-8")
    sys.exit(status)


def conversation(table: Table, code: str | None = None, output: str | None = None) -> tuple[Message, ...]:
    """A prompt as scaffolds make them."""
    parts = [f"# Task\n\nPredict it.\n\n{fenced(table.card.render(), 'yaml')}"]
    if code is not None:
        parts.append(f"# Script\n\n{fenced(code, 'python')}")
    if output is not None:
        parts.append(f"It printed:\n\n{fenced(output, 'text')}")
    return Message("system", "You write scripts."), Message("user", "\n\n".join(parts))


def reply(
    model: OfflineTabular, table: Table, seed: int, code: str | None = None, output: str | None = None
) -> str:
    """The script of the model's reply."""
    text = model.complete(ModelRequest(conversation(table, code, output), seed=seed)).text
    found = blocks(text)
    assert [block.info for block in found] == ["python"]
    return found[0].body


def write_table(
    folder: Path,
    train: pd.DataFrame,
    test: pd.DataFrame,
    *,
    prediction: str = "class",
    metric: Metric | None = None,
    target: str = "target",
    columns: Sequence[str] = ("target",),
    more: Mapping[str, str] | None = None,
) -> Table:
    """Write a competition whose id column is the tables' first."""
    folder.mkdir(parents=True, exist_ok=True)
    train.to_csv(folder / "train.csv", index=False)
    test.to_csv(folder / "test.csv", index=False)
    name = str(test.columns[0])
    test[[name]].assign(**dict.fromkeys(columns, 0)).to_csv(folder / "sample_submission.csv", index=False)
    files = {"train": "train.csv", "test": "test.csv", "sample_submission": "sample_submission.csv"}
    card = TaskCard(
        name,
        target,
        tuple(columns),
        prediction,
        metric or Metric("accuracy", True),
        {**files, **(more or {})},
    )
    return Table(card, folder)


def mixed_columns(n: int, seed: int) -> pd.DataFrame:
    """Ids with leading zeros, and columns of every sort: numbers, levels, codes, text, holes, flags."""
    rng = np.random.default_rng(seed)
    words = np.array(["red", "old", "house", "river", "stone", "small", "bright"])
    number = rng.normal(size=n)
    return pd.DataFrame(
        {
            "row_id": [f"{k:05d}" for k in range(n)],
            "number": number,
            "with holes": np.where(rng.random(n) < 0.2, np.nan, number + rng.normal(size=n)),
            "whole": rng.integers(0, 1000, n),
            "level": rng.choice(["a", "b", "c,d", 'e"f'], n),
            "level with holes": rng.choice(np.array(["x", "y", None], dtype=object), n),
            "flag": rng.random(n) < 0.5,
            "flag with holes": rng.choice(np.array([True, False, None], dtype=object), n),
            "code": [
                f"{rng.choice(list('ABC'))}/{rng.integers(99)}/{rng.choice(list('PS'))}" for _ in range(n)
            ],
            "text": [" ".join(rng.choice(words, 5)) for _ in range(n)],
            "day": pd.date_range("2020-01-01", periods=n).strftime("%Y-%m-%d"),
            "constant": 1,
            "empty": np.nan,
            "infinite": np.where(rng.random(n) < 0.1, np.inf, 1.0),
        }
    )

"""The task as an agent is told it. Built in `experiments`; a scaffold knows a competition by nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from scaffolds.yaml_text import yaml_text

SUBMISSION_PATH = "../submission/submission.csv"
"""Where a submission counts, seen from the code folder, so that it is right wherever the home folder is."""


@dataclass(frozen=True, slots=True)
class Metric:
    """How solutions are compared. The direction is a fact of the task, never a model's opinion."""

    name: str
    maximize: bool

    def better(self, a: float, b: float) -> bool:
        """Whether score `a` is strictly better than `b`."""
        return a > b if self.maximize else a < b


@dataclass(frozen=True, slots=True)
class TaskCard:
    """The machine-readable part of a task prompt: one fenced YAML block.

    `files` maps `train`, `test` and `sample_submission` to names inside the folder `input` of the
    directory that a script runs in. `prediction` is `class`, `probability`, `number` or `text`.
    """

    id_column: str
    target: str
    """Column of the training table that is to be predicted."""
    submission_columns: tuple[str, ...]
    """Columns after the id, in order."""
    prediction: str
    metric: Metric
    files: Mapping[str, str]
    submission: str = "submission.csv"
    """Where a script leaves its predictions, relative to the directory it runs in."""
    merge: Literal["", "mean", "majority"] = ""
    """How predictions of several submissions become one, column by column; empty where they cannot. A fact
    of the task that its prompt does not hold."""

    def render(self) -> str:
        """The card as the body of a fenced YAML block."""
        card = {
            "files": dict(self.files),
            "id_column": self.id_column,
            "target": self.target,
            "submission": {
                "path": self.submission,
                "columns": [self.id_column, *self.submission_columns],
                "prediction": self.prediction,
            },
            "metric": {
                "name": self.metric.name,
                "direction": "maximize" if self.metric.maximize else "minimize",
            },
        }
        return yaml_text(card)


@dataclass(frozen=True, slots=True)
class Task:
    """One competition, as the agent sees it."""

    id: str
    description: str
    """Markdown: the problem, the files, how it is scored, how to submit."""
    card: TaskCard
    hardware: str
    """The machine in words, e.g. `2 CPU cores, 8 GB memory, no GPU`."""
    obfuscated: bool = False
    """Whether nothing may be said about where the task comes from."""
    internet: bool = False
    """Whether its machine reaches the internet."""

    @property
    def metric(self) -> Metric:
        """How solutions are compared."""
        return self.card.metric

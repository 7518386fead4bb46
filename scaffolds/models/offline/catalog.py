"""What the scripts are made of, read from the templates folder: families, scalings, features and metrics."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar

import yaml
from pydantic import TypeAdapter

from scaffolds.task import TaskCard

TEMPLATES = Path(__file__).parent / "templates"

Value = bool | int | float | str | list[int]
"""A parameter of a model. Values of other types in a script are somebody else's and are not tuned."""

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Variant:
    """One family for one kind of task."""

    words: str
    reason: str
    imports: str
    build: str
    """Expression that makes the model; it sees `params` and `rows`."""
    start: Mapping[str, Value]
    grid: Mapping[str, list[Value]]
    """Values that tuning steps along, in order."""


@dataclass(frozen=True, slots=True)
class Family:
    """One family of models."""

    tier: int
    """1: only for drafts; 2: only for improvements; 3: both."""
    rows: int
    """Rows that one fit may see."""
    scaling: str
    """The scaling it starts from; `plain` if the units of the columns do not matter to it."""
    classification: Variant
    regression: Variant

    @property
    def smooth(self) -> bool:
        """Whether it draws smooth borders, which depend on the columns' units, and not a tree's steps."""
        return self.scaling != "plain"

    def variant(self, classes: bool) -> Variant:
        """The form for class labels, or the one for numbers."""
        return self.classification if classes else self.regression


@dataclass(frozen=True, slots=True)
class Scaling:
    """One way to put columns into comparable units."""

    words: str
    build: str
    imports: str = ""


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that can be added to the table."""

    kind: Literal["columns", "pairs"]
    words: str
    imports: str = ""


@dataclass(frozen=True, slots=True)
class MetricCode:
    """How a script computes one metric."""

    kind: Literal["classes", "numbers"]
    maximize: bool
    body: str
    imports: str = ""


ALIASES: Mapping[str, str] = {
    "acc": "accuracy",
    "area_under_the_roc_curve": "roc_auc",
    "auc": "roc_auc",
    "auc_roc": "roc_auc",
    "auroc": "roc_auc",
    "average_precision_score": "average_precision",
    "brier_score": "brier",
    "categorization_accuracy": "accuracy",
    "classification_accuracy": "accuracy",
    "cross_entropy": "log_loss",
    "f1_score": "f1",
    "logloss": "log_loss",
    "macro_f1": "f1_macro",
    "macro_f1_score": "f1_macro",
    "matthews_corrcoef": "matthews",
    "mcc": "matthews",
    "mean_absolute_error": "mae",
    "mean_squared_error": "mse",
    "micro_f1": "f1_micro",
    "multi_class_log_loss": "log_loss",
    "multiclass_log_loss": "log_loss",
    "multiclass_logloss": "log_loss",
    "pearson_correlation": "pearson",
    "qwk": "quadratic_kappa",
    "quadratic_weighted_kappa": "quadratic_kappa",
    "r2_score": "r2",
    "roc_auc_score": "roc_auc",
    "root_mean_squared_error": "rmse",
    "root_mean_squared_log_error": "rmsle",
    "root_mean_squared_logarithmic_error": "rmsle",
    "spearman_correlation": "spearman",
}


@cache
def families() -> Mapping[str, Family]:
    """Every family by name."""
    return _table("models", TypeAdapter(dict[str, Family]))


@cache
def scalings() -> Mapping[str, Scaling]:
    """Every scaling by name."""
    return _table("scalings", TypeAdapter(dict[str, Scaling]))


@cache
def features() -> Mapping[str, Feature]:
    """Every feature by name."""
    return _table("features", TypeAdapter(dict[str, Feature]))


@cache
def metrics() -> Mapping[str, MetricCode]:
    """Every metric by name."""
    return _table("metrics", TypeAdapter(dict[str, MetricCode]))


def is_known(card: TaskCard) -> bool:
    """Whether scripts can compute the card's metric, for its kind of prediction and its direction."""
    entry = metrics().get(_plain_name(card))
    kind = "numbers" if card.prediction == "number" else "classes"
    return entry is not None and entry.kind == kind and entry.maximize == card.metric.maximize


def metric_of(card: TaskCard) -> str:
    """The metric a script scores itself by.

    It is the card's where the catalog has it for this kind of prediction, with this direction. Otherwise one
    with the card's direction, so that a search which compares scores by that direction still climbs.
    """
    if is_known(card):
        return _plain_name(card)
    up, down = {
        "class": ("accuracy", "error_rate"),
        "probability": ("roc_auc", "log_loss"),
        "number": ("r2", "rmse"),
    }[card.prediction]
    return up if card.metric.maximize else down


def _plain_name(card: TaskCard) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", card.metric.name.lower()).strip("_")
    return ALIASES.get(name, name)


def _table(name: str, rows: TypeAdapter[dict[str, Row]]) -> Mapping[str, Row]:
    text = (TEMPLATES / f"{name}.yaml").read_text(encoding="utf-8")
    return rows.validate_python(yaml.safe_load(text))

"""The facts about one competition, as its `competition.yaml` states them; nothing here is computed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from benchmark.medals import Thresholds

Complexity = Literal["practice", "dev", "low", "medium", "high"]
Kind = Literal["class", "probability", "number"]
Parameter = str | int | float | bool


class Facts(BaseModel):
    """A frozen record that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Metric(Facts):
    """How a submission is scored."""

    name: str
    """The standard name of the metric, as `benchmark.metrics` lists it."""
    params: Mapping[str, Parameter] = {}
    """Parameters of the metric."""


class Column(Facts):
    """What one predicted column of a submission may hold."""

    kind: Kind
    """A class label, the probability of the positive class, or a finite number."""
    classes: tuple[str, ...] = ()
    """The labels, for a class."""
    minimum: float | None = None
    """The least value allowed, for a number."""
    maximum: float | None = None
    """The greatest value allowed, for a number."""

    @field_validator("classes", mode="before")
    @classmethod
    def _labels_are_text(cls, labels: object) -> object:
        return tuple(str(label) for label in labels) if isinstance(labels, list | tuple) else labels  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if (self.kind == "class") != bool(self.classes):
            raise ValueError("`classes` belongs to kind `class`, and to no other")
        if self.kind != "number" and (self.minimum, self.maximum) != (None, None):
            raise ValueError("`minimum` and `maximum` belong to kind `number`")
        return self

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """The range of the values, ends included."""
        return (0.0, 1.0) if self.kind == "probability" else (self.minimum, self.maximum)


class SubmissionSchema(Facts):
    """The form of a submission."""

    id: str
    """The column that names the rows."""
    columns: Mapping[str, Column]
    """The predicted columns, in the order of the sample submission."""
    extra_columns: Literal["rejected", "ignored"] = "rejected"
    """What becomes of a file with more columns."""


class PublicFile(Facts):
    """A file that the agent sees."""

    file: str
    """Its name inside the public folder."""
    holds: str
    """What it is, in a few words."""


class Preparation(Facts):
    """How the prepared files are made."""

    function: str
    """The function that makes them, as `module:function`."""
    params: Mapping[str, Parameter] = {}
    """What the function is told about this competition."""


class Split(Facts):
    """How rows come to be train or test."""

    seed: int
    """The seed of the shuffle."""
    test_fraction: float = Field(gt=0, lt=1)
    """The share of rows that are test."""
    words: str
    """The split in words."""


class Medals(Thresholds):
    """The thresholds of the competition's leaderboard."""

    teams: int = Field(ge=1)
    """How many teams the leaderboard has."""
    source: str
    """Where the numbers come from."""


class Competition(Facts):
    """One competition."""

    id: str
    """The name it is called by everywhere, and its folder's name."""
    title: str
    """The name that people read."""
    slug: str | None = None
    """Its name on Kaggle, where it comes from there."""
    complexity: Complexity
    """How long an experienced engineer needs, or `practice`."""
    category: str
    """The kind of problem."""
    size: str
    """How much data there is."""
    data_version: int = Field(default=1, ge=1)
    """Which version of the split and metric this is; versions are never pooled."""
    metric: Metric
    """How a submission is scored."""
    maximize: bool
    """Whether a higher score is better: a fact of the competition, never inferred."""
    target: str
    """The column of the train file that is to be predicted."""
    submission: SubmissionSchema
    """The form of a submission."""
    answers: str
    """The file in the private folder that holds the true values."""
    public_files: Mapping[str, PublicFile]
    """What the agent gets: `train`, `test`, `sample_submission`, and others by name."""
    preparation: Preparation
    """How the prepared files are made."""
    split: Split
    """How rows come to be train or test."""
    medals: Medals
    """What wins a medal."""
    known_issues: tuple[str, ...] = ()
    """What a reader of results should know."""
    folder: Path = Field(exclude=True, repr=False)
    """Where the facts were read from; the loader sets it."""

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        limits = (self.medals.gold, self.medals.silver, self.medals.bronze, self.medals.median)
        if list(limits) != sorted(limits, reverse=self.maximize):
            raise ValueError(f"medal thresholds {limits} are not in the order that `maximize` says")
        missing = {"train", "test", "sample_submission"} - set(self.public_files)
        if missing:
            raise ValueError(f"public_files lacks {', '.join(sorted(missing))}")
        return self

    def description(self, obfuscated: bool = False) -> str:
        """The task as the agent reads it; obfuscated, it hides where the competition comes from."""
        name = "description_obfuscated.md" if obfuscated else "description.md"
        return (self.folder / name).read_text(encoding="utf-8")

    @property
    def id_column(self) -> str:
        """The column of the submission that names the rows."""
        return self.submission.id

    @property
    def submission_columns(self) -> tuple[str, ...]:
        """The header of a submission: the id column, then the predicted ones."""
        return (self.submission.id, *self.submission.columns)

    @property
    def prediction(self) -> Kind:
        """What is predicted: the kind of the first predicted column."""
        return next(iter(self.submission.columns.values())).kind

    @property
    def files(self) -> dict[str, str]:
        """The names of the public files by what they are: `train`, `test`, `sample_submission`."""
        return {role: public.file for role, public in self.public_files.items()}

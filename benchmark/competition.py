"""The facts about one competition, as its `competition.yaml` states them; nothing here is computed."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from benchmark.medals import Thresholds
from benchmark.metrics import METRICS
from benchmark.preparation.facts import Preparation, Split
from benchmark.submission_schema import (
    Answers,
    Check,
    Column,
    Facts,
    Parameter,
    SubmissionSchema,
    known,
)

__all__ = ["Answers", "Check", "Column", "Competition", "Facts", "Metric", "Parameter", "SubmissionSchema"]

Complexity = Literal["practice", "dev", "low", "medium", "high"]
CHANGED = "## What this version of the data changes"
"""The heading of the last section of a description of version 2."""
Prediction = Literal["class", "probability", "number", "text"]
_MERGED = {"mean": {"probability", "number"}, "majority": {"class", "integer", "boolean"}}
"""The kinds of columns that can be merged so."""


class Metric(Facts):
    """How a submission is scored."""

    name: str
    """The standard name of the metric, as `benchmark.metrics` lists it."""
    params: Mapping[str, Parameter] = {}
    """Parameters of the metric."""
    undefined: float | None = None
    """The score of a well-formed submission for which the metric has no value."""

    @field_validator("name")
    @classmethod
    def _is_known(cls, name: str) -> str:
        return known(name, METRICS, "metric")


class PublicFile(Facts):
    """A file that the agent sees."""

    file: str
    """Its name inside the public folder."""
    holds: str
    """What it is, in a few words."""


class Change(Facts):
    """Something that data version 2 does otherwise than version 1."""

    of: Literal["split", "files", "metric"]
    """What it changes; scores under another metric are compared with no leaderboard."""
    what: str
    """The change in words."""


class Rewording(Facts):
    """A piece of a description that is not true of a data version, and what stands there instead."""

    old: str = Field(alias="from", min_length=1)
    """The piece; any blanks and line ends in it stand for any others."""
    new: str = Field(alias="to")
    """The text in its place, line ends and all."""

    @property
    def pattern(self) -> re.Pattern[str]:
        """Finds the piece."""
        return re.compile(r"\s+".join(map(re.escape, self.old.split())))


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
    """The kind of problem; results are pooled by it, so it is one of few."""
    detail: str | None = None
    """What is particular about the problem within its category."""
    size: str
    """How much data there is: gigabytes where they are known, then rows or files."""
    data_version: int = Field(default=1, ge=1)
    """Which version of the split and metric this is; versions are never pooled."""
    metric: Metric
    """How a submission is scored."""
    maximize: bool
    """Whether a higher score is better: a fact of the competition, never inferred."""
    target: str | None = None
    """The column of the train table that is to be predicted, where there is such a table."""
    submission: SubmissionSchema
    """The form of a submission."""
    merge: Literal["mean", "majority"] | None = None
    """How the predictions of several submissions become one, cell by cell; none where they cannot.

    The rule: `majority`, the most frequent label, where all predicted columns are labels, whole numbers or
    booleans; `mean` where all are probabilities or numbers, but not where they are angles.
    """
    answers: Answers
    """The true values."""
    public_files: Mapping[str, PublicFile]
    """What the agent gets: `sample_submission`, mostly `train` and `test`, and others by name."""
    preparation: Preparation | None = None
    """How the prepared files are made; without it they can be graded, and come from elsewhere."""
    split: Split
    """How rows come to be train or test."""
    medals: Medals
    """What wins a medal."""
    grader_alone: tuple[str, ...] = ()
    """Submissions that the grader scores and the contract refuses, with the reason. The size is the general
    exception, in no competition's list: the contract knows the sample and refuses what
    `benchmark.contract.most_bytes` says, the grader does not and reads up to `MAX_BYTES`."""
    unlike_upstream: tuple[str, ...] = ()
    """Submissions that are judged otherwise than by MLE-bench, with the reason."""
    known_issues: tuple[str, ...] = ()
    """What a reader of results should know."""
    version_2: tuple[Change, ...] = ()
    """What data version 2 changes."""
    rewordings: tuple[Rewording, ...] = ()
    """What this data version says otherwise in both descriptions."""
    folder: Path = Field(exclude=True, repr=False)
    """Where the facts were read from; the loader sets it."""

    @field_validator("answers", mode="before")
    @classmethod
    def _a_file_is_enough(cls, answers: object) -> object:
        return {"file": answers} if isinstance(answers, str) else answers

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        limits = (self.medals.gold, self.medals.silver, self.medals.bronze, self.medals.median)
        if list(limits) != sorted(limits, reverse=self.maximize):
            raise ValueError(f"medal thresholds {limits} are not in the order that `maximize` says")
        if "sample_submission" not in self.public_files:
            raise ValueError("public_files lacks sample_submission")
        if self.merge is not None:
            kinds = {column.kind for column in self.submission.columns.values()}
            if not kinds <= _MERGED[self.merge]:
                raise ValueError(f"predictions of the kinds {sorted(kinds)} have no {self.merge}")
        return self

    def description(self, obfuscated: bool = False) -> str:
        """The task as the agent reads it; obfuscated, it hides where the competition comes from."""
        name = "description_obfuscated.md" if obfuscated else "description.md"
        text = (self.folder / name).read_text(encoding="utf-8")
        if self.data_version == 1 or not self.version_2:
            return text
        for change in self.rewordings:
            text = change.pattern.sub(lambda _, new=change.new: new, text)
        changes = "".join(f"- {change.what}\n" for change in self.version_2)
        return f"{text.rstrip()}\n\n{CHANGED}\n\n{changes}"

    @property
    def comparable(self) -> bool:
        """Whether scores can be held against the leaderboard: not where this version changes the metric."""
        return self.data_version == 1 or all(change.of != "metric" for change in self.version_2)

    @property
    def id_column(self) -> str:
        """The first column of the submission that names the rows."""
        return self.submission.ids[0]

    @property
    def submission_columns(self) -> tuple[str, ...]:
        """The header of a submission: the id columns, then the predicted ones that the facts list."""
        return (*self.submission.ids, *self.submission.listed)

    @property
    def prediction(self) -> Prediction:
        """What is predicted, after the first predicted column."""
        kind = next(iter(self.submission.columns.values())).kind
        if kind in ("class", "integer", "boolean"):
            return "class"
        if kind == "probability":
            return "probability"
        return "number" if kind == "number" else "text"

    @property
    def files(self) -> dict[str, str]:
        """The names of the public files by what they are: `train`, `test`, `sample_submission`."""
        return {role: public.file for role, public in self.public_files.items()}

"""What a competition's facts say about the form of a submission and of the answers beside it."""

from collections.abc import Iterable, Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from benchmark.cells import KINDS
from benchmark.checks import CHECKS

Parameter = str | int | float | bool | tuple[str, ...]
ALL_OTHERS = "*"
"""Stands in the columns for every further column of the sample submission, where they are many."""
SHORT = frozenset({"number", "probability", "integer", "boolean", "class"})
"""Kinds whose cells are single numbers or labels."""


class Facts(BaseModel):
    """A frozen record that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def known(name: str, names: Iterable[str], what: str) -> str:
    """The name, which has to be one of `names`; raises ValueError, which lists them."""
    there = sorted(names)
    if name not in there:
        raise ValueError(f"no {what} is called {name!r}; there are: {', '.join(there)}")
    return name


class Column(Facts):
    """What one predicted column of a submission may hold."""

    kind: str
    """How its cells are read: a name of `benchmark.cells.KINDS`."""
    answer: str | None = None
    """The column of the answers that holds the truth, where it has another name."""
    alias: str | None = None
    """A second name under which the column is accepted."""
    classes: tuple[str, ...] = ()
    """The labels that are allowed, for a class; none stands for any text."""
    minimum: float | None = None
    """The least value allowed, for a number."""
    maximum: float | None = None
    """The greatest value allowed, for a number."""
    blank: Literal["rejected", "allowed"] = "rejected"
    """Whether a cell may be empty, as is what pandas takes for no value (`NA`, `nan`); a number is 0 then."""
    numbers: Literal["allowed", "whole", "refused"] = "allowed"
    """What a column of text may be as a whole: nothing but numbers, nothing but whole ones, or neither."""
    scored: bool = True
    """Whether the values count; others are only required to be there."""
    params: Mapping[str, Parameter] = {}
    """What the kind wants to know beyond that."""

    @field_validator("kind")
    @classmethod
    def _is_known(cls, kind: str) -> str:
        return known(kind, KINDS, "kind of cells")

    @field_validator("classes", mode="before")
    @classmethod
    def _labels_are_text(cls, labels: object) -> object:
        return tuple(str(label) for label in labels) if isinstance(labels, list | tuple) else labels  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.classes and self.kind != "class":
            raise ValueError("`classes` belongs to kind `class`, and to no other")
        if self.kind not in ("number", "integer") and (self.minimum, self.maximum) != (None, None):
            raise ValueError("`minimum` and `maximum` belong to the kinds `number` and `integer`")
        return self

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """The range of the values, ends included."""
        return (0.0, 1.0) if self.kind in ("probability", "boolean") else (self.minimum, self.maximum)


class Check(Facts):
    """A rule that looks at several columns or rows at once."""

    name: str
    """A name of `benchmark.checks.CHECKS`."""
    params: Mapping[str, Parameter] = {}
    """What the check is told."""

    @field_validator("name")
    @classmethod
    def _is_known(cls, name: str) -> str:
        return known(name, CHECKS, "check")


class SubmissionSchema(Facts):
    """The form of a submission."""

    id: str | tuple[str, ...]
    """The column that names the rows, or the columns that do so together."""
    columns: Mapping[str, Column] = Field(min_length=1)
    """The predicted columns, in the order of the sample; `*` stands for all others of the sample."""
    extra_columns: Literal["rejected", "ignored"] = "rejected"
    """What becomes of a file with more columns."""
    column_order: Literal["any", "id_first", "fixed"] = "any"
    """Whether columns may stand in any order, in any after the id, or only in that of the sample."""
    rows: Literal["exact", "more"] = "exact"
    """Whether a file has exactly the rows that are asked for, or may have others, which are ignored."""
    checks: tuple[Check, ...] = ()
    """Rules beyond those of single cells."""

    @property
    def ids(self) -> tuple[str, ...]:
        """The columns that name the rows."""
        return (self.id,) if isinstance(self.id, str) else self.id

    @property
    def listed(self) -> tuple[str, ...]:
        """The predicted columns that the facts list by name."""
        return tuple(name for name in self.columns if name != ALL_OTHERS)


class Answers(Facts):
    """The true values."""

    file: str
    """The file in the private folder: CSV, or `.jsonl` with one object a line."""
    columns: tuple[str, ...] = ()
    """Further columns that the metric looks at."""
    repeated: bool = False
    """Whether several rows of answers belong to one row of a submission, all with its id."""
    suffixes: tuple[str, ...] = ()
    """Where one row of answers asks for several rows of a submission: what they append to its id."""

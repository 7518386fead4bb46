"""The facts that steer a preparation: how rows are split, and which files are made of them.

They are the sections `split` and `preparation` of a `competition.yaml`. Most competitions are these few
lines; one that is not names a function of its own, which uses the same steps.
"""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from benchmark.submission_schema import Facts

CLASSES = "classes.txt"
"""The file in a competition's folder that lists the classes, one a line, where they are too many for its
facts."""
Constant = str | int | float | bool | None
Rows = Literal["train", "test", "all"]
"""Which side of the split, or every row of the table."""


class Split(Facts):
    """How items come to be train or test."""

    words: str
    """The split in words: all of it, with the seed where no field gives it to a shuffle."""
    method: Literal["shuffle", "official", "own"] = "own"
    """A seeded shuffle of the items; or the test set of the competition itself, whose labels are public by
    now; or a rule of this competition alone, which the words state, with what the fields below can say of
    it. Where this version prepares the competition, a function carries such a rule out."""
    seed: int | None = None
    """The seed of the shuffle, where there is one."""
    test_fraction: float | None = Field(default=None, gt=0, lt=1)
    """Which share of the items is test, rounded up."""
    test_items: int | None = Field(default=None, ge=1)
    """Instead of a share: how many items are test."""
    train_fraction: float | None = Field(default=None, gt=0, lt=1)
    """Instead of both: which share of the items is train, rounded down; all others are test."""
    test_fraction_as: str | None = None
    """Instead of all three: the original test set among the raw files, as a pattern of files or as one file
    of rows; test is the share that it had of everything."""
    by: str | None = None
    """The column whose distinct values are the items, rather than rows."""
    by_pattern: str | None = None
    """The part of that column's values which counts, as a regular expression with one group."""
    items: Literal["first seen", "sorted"] = "first seen"
    """The order of the distinct values before the shuffle."""
    order: Literal["shuffled", "raw"] = "shuffled"
    """Whether rows come out as the shuffle has them or as the raw table has them."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        sizes = [self.test_fraction, self.test_items, self.train_fraction, self.test_fraction_as]
        if self.method == "shuffle" and (self.seed is None or sum(size is not None for size in sizes) != 1):
            raise ValueError("a shuffle has a `seed` and one of the four sizes of test")
        if self.by is not None and self.order != "raw":
            raise ValueError("a split of groups keeps the raw order: `order: raw`")
        return self


class Renumber(Facts):
    """New names for the rows, in the order of the split, so that the old ones tell nothing."""

    column: str
    """The column that gets the new names."""
    train: str = "{n}"
    """The name of a train row; `{n}` is its number."""
    test: str = "{n}"
    """The name of a test row."""
    start: int = 0
    """The first number."""
    continues: bool = False
    """Whether test goes on where train ends, or begins at the start again."""
    groups: bool = False
    """Whether rows of one old name share the new one, numbered by first appearance."""


class Reading(Facts):
    """How the raw table is read, where the usual way does not serve."""

    na: bool = True
    """Whether cells such as `NA`, `null` and `nan` count as missing; empty ones do in any case."""
    types: Mapping[str, str] = {}
    """Column types, where the usual guess does not serve."""
    rows_at_a_time: int | None = None
    """For a table too large for memory: how many rows to hold at once. All types must be given then."""


class Table(Facts):
    """One table to write."""

    rows: Rows
    """Which rows it has."""
    of: str | None = None
    """The raw table it is made of, if another than the one that is split."""
    match: str | None = None
    """The column by which rows of that other table follow the split; its raw order is kept."""
    one_hot: str | None = None
    """The column that becomes one 0/1 column per predicted column, named as those."""
    compose: Mapping[str, str] = {}
    """New columns as templates of others; `{a}_{b}` joins texts, `{a}` alone copies."""
    set: Mapping[str, Constant] = {}
    """Columns that hold one constant, `null` for blank."""
    fill: Constant = None
    """The constant of all predicted columns."""
    keep: tuple[str, ...] | Literal["submission"] | None = None
    """The columns in their order; `submission` are those of a submission."""
    drop: tuple[str, ...] | Literal["predicted"] = ()
    """Columns to leave out; `predicted` are those of a submission but the id."""
    quote: Literal["needed", "text"] = "needed"
    """Whether quotes are put where they are needed or around every text."""


class Media(Facts):
    """Files that belong to rows. Templates take the row's columns, those of `source` before renumbering."""

    source: str
    """Where a row's file is among the raw files; paths lead through archives, as in `a.zip/{id}.png`."""
    train: str | None = None
    """Where it goes in the public folder if the row is train; a path through an archive packs it there."""
    test: str | None = None
    """Where it goes if the row is test."""


class Preparation(Facts):
    """How the prepared files are made."""

    function: str | None = None
    """The function that makes them, as `module:function` or, in the competition's folder,
    `prepare.py:function`; without one the facts below say it all."""
    params: Mapping[str, Constant] = {}
    """What the function is told about this competition."""
    raw: tuple[str, ...] = ()
    """The raw files it needs."""
    table: str | None = None
    """The raw table whose rows are split."""
    listing: str | None = None
    """Instead of a table: a template that raw file names fit, as in `train/{species}/{file}`; its fields
    become columns, the names in sorted order become rows."""
    listing_suffix: str = ""
    """What the names of listed files end in; others are ignored."""
    read: Reading = Field(default_factory=Reading)
    """How the raw table is read."""
    renumber: Renumber | None = None
    """New names for the rows."""
    tables: Mapping[str, Table] = {}
    """The tables to write: `public/...` or `private/...`; `.csv`, `.tsv`, or a zip or 7z of one."""
    copies: Mapping[str, str] = {}
    """Files and folders taken over as they are: where they go, and what they are among the raw files."""
    media: tuple[Media, ...] = ()
    """Files that belong to rows."""
    folders: tuple[str, ...] = ()
    """Folders to make."""
    memory_gb: float | None = None
    """The memory that the real data need, in GB, where it is more than 2."""
    warning: str | None = None
    """What the user is told after preparing."""

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if self.table is not None and self.listing is not None:
            raise ValueError("rows come from `table` or from `listing`, not from both")
        if self.function is None and not (self.tables or self.copies):
            raise ValueError("neither a function nor tables nor copies: nothing would be made")
        return self

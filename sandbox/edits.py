"""The ways to change a part of a text file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Replace:
    """Put `new` in the place of `old`, which has to occur exactly once."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Insert:
    """Put `text` after a line, as lines of its own."""

    line: int
    """Counted from 1; 0 for the top of the file."""
    text: str


@dataclass(frozen=True, slots=True)
class Undo:
    """Take back the last edit of the file, or the last writing of it, that was not taken back yet."""


Edit = Replace | Insert | Undo

"""What can be read off the text that describes a competition."""

import csv
import re
from dataclasses import dataclass
from functools import cached_property

SECTIONS = ("## Files", "## Metric", "## Submission")
"""The headings that every description has, in this order."""
LEFT_OUT = "..."
"""Stands in the header of an example, and in its rows, for columns that are too many to show."""
_FENCED = re.compile(r"^```[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
_NAME = re.compile(r"`([^`]+)`")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True)
class DescriptionText:
    """One description of a competition."""

    file: str
    """The name of its file."""
    text: str
    """The whole of it, in Markdown."""

    @cached_property
    def running(self) -> str:
        """The text without fenced examples, with single blanks in place of line ends."""
        return " ".join(_FENCED.sub("", self.text).split())

    @cached_property
    def names(self) -> frozenset[str]:
        """What stands between backticks: files, columns, values, forms of ids."""
        return frozenset(_NAME.findall(self.running))

    @cached_property
    def numbers(self) -> frozenset[str]:
        """The numbers of the sections on files, metric and submission, in digits."""
        return frozenset(_NUMBER.findall(self.text.partition(SECTIONS[0])[2]))

    @cached_property
    def sections(self) -> tuple[str, ...]:
        """The headings of second level, in their order."""
        return tuple(line.strip() for line in self.text.splitlines() if line.startswith("## "))

    @cached_property
    def example(self) -> str:
        """The example of a submission: the last fenced block, empty where there is none."""
        blocks = _FENCED.findall(self.text)
        return blocks[-1] if blocks else ""

    @cached_property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        """The example as CSV, the header first."""
        return tuple(tuple(row) for row in csv.reader(self.example.splitlines()))

    @property
    def header(self) -> tuple[str, ...]:
        """The header of the example."""
        return self.rows[0] if self.rows else ()

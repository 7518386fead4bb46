"""Tables on a terminal: without borders, and whole however narrow it is.

What is shown may come from a config, an error message or an agent: it passes through `printable`, and no
part of it is read as markup.
"""

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sandbox.text import printable

T = TypeVar("T")
_HEAD_WIDTH = 9
_FOLDED_WIDTH = 12


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """A column of a table: its head, and how it shows an item."""

    head: str
    text: Callable[[T], str]
    right: bool = False
    """Aligned to the right, as numbers are."""
    folds: bool = False
    """Long texts go on below, as names may; numbers are never broken."""


def print_table(
    console: Console,
    columns: Iterable[Column[T]],
    items: Iterable[T],
    styles: Mapping[str, str] | None = None,
) -> None:
    """Print a table, or each item as a block where the console is too narrow for one.

    Before it comes to that, what all items have in common stands once above the table.

    Args:
        console: where to.
        columns: what it shows.
        items: one a line.
        styles: style by text, for cells that hold nothing else.
    """
    columns = list(columns)
    rows = [[_styled(printable(column.text(item)), styles or {}) for column in columns] for item in items]
    common = _in_common(columns, rows, console.width)
    if common is None:
        _print_blocks(console, columns, rows)
        return
    if common:
        said = ", ".join(f"{columns[n].head} {' '.join(rows[0][n].plain.split())}" for n in common)
        console.print(Text(f"Each line: {said}"))
    kept = [n for n in range(len(columns)) if n not in common]
    console.print(_table([columns[n] for n in kept], [[row[n] for n in kept] for row in rows]))


def _in_common(columns: Sequence[Column[T]], rows: Sequence[Sequence[Text]], width: int) -> list[int] | None:
    """Which columns have to leave a table, so that it is narrow enough; None if it cannot be.

    Columns that say the same in each of several lines leave from the left, and only until it fits.
    """
    kept, common = list(range(len(columns))), list[int]()
    alike = [n for n in kept if len(rows) > 1 and len({row[n].plain for row in rows}) == 1]
    while _width([columns[n] for n in kept], [[row[n] for n in kept] for row in rows]) > width:
        if not alike or len(kept) == 1:
            return None
        common.append(alike.pop(0))
        kept.remove(common[-1])
    return common


def _print_blocks(console: Console, columns: Sequence[Column[T]], rows: Iterable[Sequence[Text]]) -> None:
    for number, row in enumerate(rows):
        if number:
            console.print()
        block = Table.grid(padding=(0, 2))
        for column, text in zip(columns, row, strict=True):
            block.add_row(Text(column.head, overflow="fold"), text)
        console.print(block)


def _styled(text: str, styles: Mapping[str, str]) -> Text:
    return Text(text, style=styles.get(text, ""), overflow="fold")


def _head(column: Column[T]) -> str:
    return textwrap.fill(column.head, _HEAD_WIDTH, break_long_words=False)


def _table(columns: Sequence[Column[T]], rows: Iterable[Sequence[Text]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        justify = "right" if column.right else "left"
        table.add_column(_head(column), justify=justify, no_wrap=not column.folds)
    for row in rows:
        table.add_row(*row)
    return table


def _width(columns: Sequence[Column[T]], rows: Sequence[Sequence[Text]]) -> int:
    """The least width at which a table loses nothing and its names stay readable."""
    widths = [max(map(cell_len, _head(column).splitlines())) for column in columns]
    for row in rows:
        for index, text in enumerate(row):
            longest = max((cell_len(line) for line in text.plain.splitlines()), default=0)
            most = _FOLDED_WIDTH if columns[index].folds else longest
            widths[index] = max(widths[index], min(longest, most))
    return sum(widths) + 2 * (len(widths) - 1)

"""Pairs of true and predicted things that could match: those of one row and one label."""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmark.cells.groups import Groups

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

CHUNK = 2_000_000
"""Pairs that are looked at in one go: about 200 MB of boxes."""


class Things(NamedTuple):
    """The things of all rows, one after the other."""

    row: Integers
    """The row each is in."""
    label: Integers
    """The number of its label; -1 for a label that no true thing has."""
    values: Floats
    """Its numbers, of shape (things, numbers)."""

    def take(self, order: Integers) -> "Things":
        """These things, in this order."""
        return Things(self.row[order], self.label[order], self.values[order])


def flatten(cells: Sequence[Groups], classes: Sequence[str]) -> Things:
    """The things of all rows in one table; labels are numbered as in `classes`."""
    numbers = {label: number for number, label in enumerate(classes)}
    row = np.repeat(np.arange(len(cells)), [len(cell.labels) for cell in cells])
    labels = [numbers.get(label, -1) for cell in cells for label in cell.labels]
    width = cells[0].values.shape[1] if cells else 0
    values = np.concatenate([np.empty((0, width)), *(cell.values for cell in cells)])
    return Things(row, np.array(labels, dtype=np.int64), values)


def labels_of(cells: Sequence[Groups]) -> list[str]:
    """All labels, each once and sorted."""
    return sorted({str(label) for cell in cells for label in cell.labels})


def keys(things: Things, classes: int) -> Integers:
    """One number for each pair of row and label; below 0 for an unknown label, which never matches."""
    return np.where(things.label < 0, -1 - things.row, things.row * classes + things.label)


class Pairs(NamedTuple):
    """Pairs that were made, by the places of both sides."""

    left: Integers
    right: Integers


def take_best(
    left: Integers, right: Integers, worth: Floats, taken: NDArray[np.bool_], *, last: bool = False
) -> Pairs:
    """Lets each left thing in turn take the free right thing that is worth most; marks that as taken.

    `left`, sorted, and `right` are the pairs to choose from. Of equal ones the first is taken, or the `last`.
    """
    if not len(left):
        return Pairs(left, right)
    pairs: list[tuple[int, int]] = []
    edges = np.flatnonzero(np.diff(left, prepend=-1))
    for first, after in zip(edges.tolist(), [*edges[1:].tolist(), len(left)], strict=True):
        group = right[first:after]
        free = np.where(taken[group], -np.inf, worth[first:after])
        best = len(free) - 1 - int(np.argmax(free[::-1])) if last else int(np.argmax(free))
        if free[best] > -np.inf:
            taken[group[best]] = True
            pairs.append((int(left[first]), int(group[best])))
    return Pairs(*np.array(pairs, dtype=np.int64).reshape(-1, 2).T)


def candidates(left: Integers, right: Integers) -> Iterator[tuple[Integers, Integers]]:
    """All pairs (i, j) with `left[i] == right[j]`, by i and then j, in chunks that hold all pairs of an i.

    A chunk has about `CHUNK` pairs, more only where a single i has more.
    """
    order = np.argsort(right, kind="stable")
    ranked = right[order]
    first = np.searchsorted(ranked, left, side="left")
    counts = np.searchsorted(ranked, left, side="right") - first
    chunk = np.cumsum(counts) // CHUNK
    edges = [*np.flatnonzero(np.diff(chunk, prepend=-1)).tolist(), len(left)]
    for begin, end in itertools.pairwise(edges):
        some = counts[begin:end]
        within = np.arange(int(some.sum())) - np.repeat(np.cumsum(some) - some, some)
        yield np.repeat(np.arange(begin, end), some), order[np.repeat(first[begin:end], some) + within]

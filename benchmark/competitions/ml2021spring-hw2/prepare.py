"""Frames of speech are rows of an array; they are split at random, or by utterance in data version 2."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.preparation.errors import BadRaw
from benchmark.preparation.job import Job
from benchmark.preparation.recipe import facts_of
from benchmark.preparation.split import Halves, shuffled, split_positions
from benchmark.preparation.tables import write_table

FOLDER = "timit_11/timit_11"
LABEL_TYPE = "<U21"
"""The type of the prepared labels: digits as text, in the width that NumPy gives to any 64-bit number."""
FRAMES = 11
"""A row is a window of so many frames, the middle one being the row's own."""


def prepare(job: Job) -> None:
    """Writes the arrays, the answers and the sample submission.

    Its parameter `whole` set to `utterances` keeps overlapping windows on one side.

    Raises:
        BadRaw: An array is missing, or the two train arrays differ in length.
    """
    rows, labels = _array(job, "train_11"), _array(job, "train_label_11")
    if len(rows) != len(labels):
        raise BadRaw(job.raw.folder, f"{len(rows)} rows and {len(labels)} labels")
    held_out = len(_array(job, "test_11"))
    if facts_of(job.competition).params.get("whole") == "utterances":
        halves = _split_utterances(rows, held_out, job.competition.split.seed or 0)
    else:
        halves = split_positions(len(rows), job.competition.split, held_out)
    folder = job.public / FOLDER
    folder.mkdir(parents=True)
    _save(folder / "train_11.npy", rows, halves.train)
    _save(folder / "test_11.npy", rows, halves.test)
    np.save(folder / "train_label_11.npy", labels[halves.train].astype(LABEL_TYPE))
    answers = pd.DataFrame({"Id": range(len(halves.test)), "ClassId": labels[halves.test].astype(str)})
    write_table(answers, job.private / "answers.csv")
    write_table(answers.assign(ClassId=0), job.public / "sampleSubmission.csv")


def _array(job: Job, name: str) -> NDArray[np.generic]:
    """A raw array, left on disk until it is needed."""
    path = job.raw.path(f"{FOLDER}/{name}.npy")
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:  # the latter where it is empty
        raise BadRaw(path, f"not an array: {error}") from error


def _save(
    path: Path, rows: NDArray[np.generic], positions: NDArray[np.int64], at_once: int = 100_000
) -> None:
    """Writes rows in an order of their own, a piece at a time."""
    shape = (len(positions), *rows.shape[1:])
    out = np.lib.format.open_memmap(path, mode="w+", dtype=rows.dtype, shape=shape)
    for start in range(0, len(positions), at_once):
        out[start : start + at_once] = rows[positions[start : start + at_once]]
    out.flush()


def _split_utterances(rows: NDArray[np.generic], held_out: int, seed: int) -> Halves:
    """Whole utterances go to test until its share is reached; rows keep their order.

    Two rows belong to one utterance where the second window is the first one moved on by a frame.
    """
    width = rows.shape[1] // FRAMES
    if width * FRAMES != rows.shape[1]:
        raise BadRaw(FOLDER, f"rows of {rows.shape[1]} numbers are not {FRAMES} frames")
    begins = np.ones(len(rows), dtype=bool)
    for start in range(1, len(rows), 100_000):
        stop = min(start + 100_000, len(rows))
        before, after = rows[start - 1 : stop - 1, width:], rows[start:stop, :-width]
        begins[start:stop] = (before != after).any(axis=1)
    utterance = np.cumsum(begins) - 1
    sizes = np.bincount(utterance)
    order = np.concatenate([*shuffled(len(sizes), seed, test=1)][::-1])
    wanted = len(rows) * held_out / (held_out + len(rows))
    test = order[np.cumsum(sizes[order]) - sizes[order] < wanted]
    is_test = np.isin(utterance, test)
    return Halves(np.flatnonzero(~is_test), np.flatnonzero(is_test))

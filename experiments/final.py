"""Which bytes of a run are graded: the submission at its path, or the last one that was well-formed."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Literal

from sandbox.protocols import BlobStore, Validator
from sandbox.saved import read_entry, saved_entry, saved_file
from scaffolds.runtime.events import TOOL_RESULT
from scaffolds.runtime.log import read_log
from scaffolds.runtime.session import MAIN_LANE

SUBMISSION_PATH = "submission/submission.csv"
"""Where an agent leaves its submission, relative to its home folder."""
_LOOK_BACK_S = 600.0
"""For looking through former submissions: an agent can leave thousands that each take long to judge, and a
grading that hangs costs the run its grade."""


@dataclass(frozen=True, slots=True)
class Final:
    """A frozen submission."""

    data: bytes
    source: Literal["path", "snapshot"]
    """`snapshot`: the file at the path was missing or malformed, and an earlier copy is graded."""


def final_submission(
    run: Path,
    tree: str | None,
    rule: Literal["path", "last_valid"],
    validator: Validator,
    store: BlobStore,
    clock: Callable[[], float] = time.monotonic,
) -> Final | None:
    """What is graded of a run whose workspace ended as `tree`; None when there is no submission."""
    data = saved_file(tree, SUBMISSION_PATH, store) if tree else None
    if rule == "last_valid" and (data is None or not validator.check(data).valid):
        deadline = clock() + _LOOK_BACK_S
        for earlier in _earlier(run, validator.max_bytes, store, lambda: clock() < deadline):
            if validator.check(earlier).valid:
                return Final(earlier, "snapshot")
    return None if data is None else Final(data, "path")


def _earlier(run: Path, max_bytes: int, store: BlobStore, in_time: Callable[[], bool]) -> Iterator[bytes]:
    """The submissions that the run's snapshots hold, latest first, each once, none too big to read."""
    seen: set[tuple[str, ...]] = set()
    trees = [
        event.data["tree"]
        for event in read_log(run)[0]
        if event.type == TOOL_RESULT and event.lane == MAIN_LANE and event.data.get("tree")
    ]
    for tree in takewhile(lambda tree: in_time(), dict.fromkeys(reversed(trees))):
        entry = saved_entry(tree, SUBMISSION_PATH, store)
        if entry is not None and entry.size <= max_bytes and entry.chunks not in seen:
            seen.add(entry.chunks)
            yield read_entry(entry, store)

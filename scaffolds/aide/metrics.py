"""What a script says of itself in `metrics.json`. Scripts are hostile: only finite numbers come out of it."""

from dataclasses import dataclass
from typing import Any, cast

import orjson

from scaffolds.run import Run
from scaffolds.tools import ToolResult

_BYTES = 65_536
_FOLDS = 100
_MOST = 1e100
"""No measure is beyond this, and sums of squares up to it stay finite."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A score that a script measured; None where its file holds no finite number."""

    score: float | None = None
    folds: tuple[float, ...] = ()
    """Scores of the folds, as far as they are numbers."""
    rows: int | None = None
    """How many rows it was measured on."""


def measured(run: Run, directory: str) -> Measured:
    """What the script that ran in `directory` measured."""
    return read_metrics(run.call("read_file", path=f"{directory}/metrics.json", limit=_BYTES))


def read_metrics(result: ToolResult) -> Measured:
    """The same, from the answer to reading the file."""
    if not result.ok:
        return Measured()
    try:
        loaded: Any = orjson.loads(result.text)
    except orjson.JSONDecodeError:
        return Measured()
    if not isinstance(loaded, dict):
        return Measured()
    fields = cast("dict[str, Any]", loaded)
    folds, rows = fields.get("folds"), fields.get("n")
    values = [finite(v) for v in cast("list[Any]", folds)[:_FOLDS]] if isinstance(folds, list) else []
    return Measured(
        finite(fields.get("score")),
        tuple(value for value in values if value is not None),
        rows if isinstance(rows, int) and not isinstance(rows, bool) and 0 <= rows < 1 << 53 else None,
    )


def finite(value: object) -> float | None:
    """A JSON number as a float; integers count; booleans, NaN, infinities and what is near them do not."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if abs(number) <= _MOST else None

"""What a script says of itself in `metrics.json`. Scripts are hostile: only finite numbers come out of it."""

import math
from dataclasses import dataclass
from typing import Any, cast

import orjson

from scaffolds.run import Run
from scaffolds.tools import ToolResult

_BYTES = 65_536
_FOLDS = 100


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
    """A JSON number as a float; integers count, booleans, infinities and NaN do not."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None

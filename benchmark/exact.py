"""How pandas is told to read numbers exactly: it does so by itself from 3.1, and has to be told before."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

_PANDAS = tuple(int(part) for part in version("pandas").split(".")[:2])
EXACT: Mapping[str, Any] = {} if _PANDAS >= (3, 1) else {"float_precision": "round_trip"}
"""Options of `pandas.read_csv`."""

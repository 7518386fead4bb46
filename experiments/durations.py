"""Lengths of time as configs write them and tables show them."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def parse_duration(value: object) -> object:
    """`90s`, `30m`, `24h` or a number of seconds, in seconds."""
    if isinstance(value, str):
        match = _DURATION.fullmatch(value.strip())
        if match is None:
            raise ValueError(f"{value!r} is not a duration like 90s, 30m or 24h")
        return float(match[1]) * _SECONDS[match[2]]
    return value


def duration(seconds: float) -> str:
    """Seconds as a config writes them, in the largest unit that they fill evenly: `24h`, `90m`, `2.5s`."""
    unit = next((unit for unit in "hm" if seconds >= _SECONDS[unit] and seconds % _SECONDS[unit] == 0), "s")
    return f"{seconds / _SECONDS[unit]:.12g}{unit}"


Duration = Annotated[float, BeforeValidator(parse_duration), Field(gt=0, allow_inf_nan=False)]

"""litellm's price table, read without litellm: its file is found, and one entry of it parsed.

Importing the package takes seconds and parsing the whole file, of three megabytes, a tenth of one; a run
needs an entry or two.
"""

import json
import re
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from scaffolds.models.rates import MILLION, Price, Rates

_FILE = "model_prices_and_context_window_backup.json"
_FIELDS = {
    "input": "input_cost_per_token",
    "cached": "cache_read_input_token_cost",
    "written": "cache_creation_input_token_cost",
    "output": "output_cost_per_token",
    "reasoning": "output_cost_per_reasoning_token",
}
_STEP = re.compile(r"input_cost_per_token_above_(\d+)k_tokens")


def table_price(provider: str, model: str) -> Price | None:
    """What the table says of a provider's model; None where it says nothing.

    A price of zero says nothing either: the table has it for free models and for those that nobody has
    looked up.
    """
    entry = _entry(f"{provider}/{model}") or _entry(model)
    if entry is None or not str(entry["litellm_provider"]).startswith(provider):
        return None
    return _price(entry)


def table_version() -> str:
    """Which table it is."""
    try:
        return f"litellm {version('litellm')}"
    except PackageNotFoundError:
        return ""


@cache
def _text() -> str:
    found = find_spec("litellm")
    folders = found.submodule_search_locations if found else None
    path = Path(folders[0]) / _FILE if folders else None
    return path.read_text(encoding="utf-8") if path and path.is_file() else ""


@cache
def _entry(name: str) -> dict[str, Any] | None:
    text, decoder = _text(), json.JSONDecoder()
    for place in re.finditer(rf"{re.escape(json.dumps(name))}\s*:\s*(?={{)", text):
        entry = cast("dict[str, Any]", decoder.raw_decode(text, place.end())[0])
        if "litellm_provider" in entry:
            return entry
    return None


def _price(entry: dict[str, Any]) -> Price | None:
    steps = _steps(entry)
    base = _rates(entry, "") or steps.pop(0, None)
    if base is None or not (base.input or base.output):
        return None
    limit = entry.get("max_output_tokens")
    known = isinstance(limit, int) and limit > 0
    return Price(**base.model_dump(), above=steps, max_output=limit if known else None)


def _steps(entry: dict[str, Any]) -> dict[int, Rates]:
    """Rates of longer requests, by the number of input tokens from which on they are charged."""
    tiers = cast("list[dict[str, Any]]", entry.get("tiered_pricing") or [])
    found = {int(tier["range"][0]): _rates(entry | tier, "") for tier in tiers if "range" in tier}
    for match in filter(None, map(_STEP.fullmatch, entry)):
        found[int(match[1]) * 1000] = _rates(entry, f"_above_{match[1]}k_tokens")
    return {start: rates for start, rates in found.items() if rates is not None}


def _rates(entry: dict[str, Any], suffix: str) -> Rates | None:
    """Rates with a suffix, the plain ones where one is missing; None where not even those are there."""
    costs: dict[str, float | None] = {
        name: entry.get(field + suffix, entry.get(field)) for name, field in _FIELDS.items()
    }
    if costs["input"] is None or costs["output"] is None:
        return None
    # A free kind of input or output is a blank in the table; it costs what the others do.
    kinds = {name: _per_million(cost) for name, cost in costs.items() if cost}
    return Rates(**{"input": 0.0, "output": 0.0} | kinds)


def _per_million(cost: float) -> float:
    """Without the noise of floating point, for people read these."""
    return round(cost * MILLION, 6)

"""What the models of a sweep lack here: a provider, a key, an address, a price under a limit of dollars."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

from experiments.chosen_model import ChosenModel
from experiments.config import Options, Sweep
from experiments.model_access import PRICES_FILE, model_access
from experiments.problem import Problem
from scaffolds.errors import UserError
from scaffolds.models.providers import Access
from scaffolds.models.rates import LONGEST_ANSWER
from scaffolds.models.registry import connect, efforts_of, lacks, longest_answer, price_of


def find_model_problems(sweep: Sweep, home: Path) -> Iterator[Problem]:
    """All that is missing, some of it several times."""
    access = Access()
    try:
        access = model_access(home)
    except UserError as error:
        yield Problem("setting", str(error))
    yield from (found for found in _options(sweep) if isinstance(found, Problem))
    known: list[str] = []
    for name in models_of(sweep):
        try:
            connect(name, access)
            known.append(name)
        except UserError as error:
            yield Problem("model", str(error), "--set 'models=[offline/tabular]'")
    yield from _lacking(known, access)
    for options in _options(sweep):
        if isinstance(options, Options):
            for model in options.models.values():
                if model.name in known:
                    yield from _effort(model, access)
                    yield from _price(model, options.time_limit.usd, sweep.max_usd, access)


def models_of(sweep: Sweep) -> tuple[str, ...]:
    """Every model that plays a role in a cell, in the order of the config; faulty variants are left out."""
    cells = [found for found in _options(sweep) if isinstance(found, Options)]
    return tuple(dict.fromkeys(model.name for cell in cells for model in cell.models.values()))


def unpriced_models(sweep: Sweep, home: Path) -> tuple[str, ...]:
    """Those of a sweep's models whose price nobody knows."""
    try:
        access = model_access(home)
    except UserError:
        access = Access()
    return tuple(
        name for name in models_of(sweep) if price_of(name, access) is None and _exists(name, access)
    )


def _exists(name: str, access: Access) -> bool:
    try:
        connect(name, access)
    except UserError:
        return False
    return True


def _options(sweep: Sweep) -> Iterator[Options | Problem]:
    """What cells are run with; the faults of combinations that are none."""
    for combination in product(sweep.scaffolds[:1], sweep.models, sweep.time_limits, sweep.variants):
        try:
            yield sweep.options(*combination)
        except UserError as error:
            yield Problem("setting", str(error))


def _lacking(names: list[str], access: Access) -> Iterator[Problem]:
    """What is missing, with the models that need it."""
    needing: dict[tuple[str, str, str], list[str]] = {}
    for name in names:
        for lack in lacks(name, access):
            needing.setdefault(lack, []).append(name)
    for (kind, what, fix), models in needing.items():
        yield Problem(kind, f"{what} (needed by {', '.join(models)})", fix)


def _effort(model: ChosenModel, access: Access) -> Iterator[Problem]:
    efforts = efforts_of(model.name, access)
    if model.reasoning_effort is None or efforts is None or model.reasoning_effort in efforts:
        return
    takes = f"takes {', '.join(efforts)}" if efforts else "cannot be told how much to reason: leave it out"
    yield Problem("setting", f"{model.label} does not exist: {model.name} {takes}")


def _price(model: ChosenModel, usd: float | None, max_usd: float | None, access: Access) -> Iterator[Problem]:
    name = model.name
    limits = [limit for limit in (usd, max_usd) if limit is not None]
    if not limits:
        return
    price = price_of(name, access)
    if price is None:
        what = f"the price of {name} is not known, and a limit of dollars cannot hold without it"
        entry = f"echo '{name}: {{input: DOLLARS, output: DOLLARS}}  # per million tokens'"
        yield Problem("price", what, f"{entry} >> {PRICES_FILE}")
        return
    longest = longest_answer(name, model.settings) or price.max_output or LONGEST_ANSWER
    if (usd := price.ceiling(0, longest)) > min(limits):
        yield Problem(
            "price",
            f"one answer of {name}, of at most {longest:,} tokens, may cost ${usd:.2f}, and the "
            f"limit is ${min(limits):.2f}: no call could be made. Raise `usd` or `max_usd`, or say in "
            f"{PRICES_FILE} how long its answers can get (`max_output`)",
        )

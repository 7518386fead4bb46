"""The price of a model by its name: the user's own entry, or else the price table's.

A price that nobody knows is None, and never 0: sums that lack it say so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scaffolds.models.price_table import table_price, table_version
from scaffolds.models.rates import Price

NOWHERE = "openai-compatible"
"""Provider of servers that no table knows."""


@dataclass(frozen=True, slots=True)
class Prices:
    """All prices."""

    own: Mapping[str, Price] = field(default_factory=dict[str, Price])
    """The user's entries by model name: they win, but for the longest answer where they do not say it."""
    digest: str = ""
    """Hash of the file that they stand in; empty where there is none."""

    def of(self, name: str) -> Price | None:
        """The price of the model that users call `name`; None where nobody knows it."""
        listed = _listed(name)
        own = self.own.get(name)
        if own is None or own.max_output or listed is None:
            return own or listed
        return own.model_copy(update={"max_output": listed.max_output})

    def facts(self) -> dict[str, str]:
        """Which prices these are, for a log."""
        return {"own": self.digest, "table": table_version()}


def _listed(name: str) -> Price | None:
    provider, _, model = name.removeprefix("litellm/").partition("/")
    return None if provider == NOWHERE or not model else table_price(provider, model)

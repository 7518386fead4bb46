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
    """The user's entries by model name: they win."""
    digest: str = ""
    """Hash of the file that they stand in; empty where there is none."""

    def of(self, name: str) -> Price | None:
        """The price of the model that users call `name`; None where nobody knows it."""
        if name in self.own:
            return self.own[name]
        provider, _, model = name.removeprefix("litellm/").partition("/")
        return None if provider == NOWHERE or not model else table_price(provider, model)

    def facts(self) -> dict[str, str]:
        """Which prices these are, for a log."""
        return {"own": self.digest, "table": table_version()}

"""Money that several runs share: what a run asks before a call that costs some."""

from typing import Protocol

from scaffolds.models.protocol import ModelRequest


class Purse(Protocol):
    """A limit of dollars over several runs, one of which asks."""

    @property
    def limited(self) -> bool:
        """Whether there is a limit."""
        ...

    def reserve(self, usd: float, request: ModelRequest) -> None:
        """Set dollars aside for a call, waiting while other runs' calls in flight may need them.

        Raises:
            RunError: fewer are left.
        """
        ...

    def settle(self, usd: float, spent: float) -> None:
        """Give back what was reserved for a call, and say what this run has spent in all."""
        ...


class OpenPurse:
    """No limit."""

    limited = False

    def reserve(self, usd: float, request: ModelRequest) -> None:
        """See `Purse.reserve`."""

    def settle(self, usd: float, spent: float) -> None:
        """See `Purse.settle`."""

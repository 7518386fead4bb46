"""Something that a sweep lacks before it starts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is missing."""

    kind: str
    """`scaffold`, `setting`, `model`, `key`, `price`, `competition`, `data`, `hardware`, `sandbox`, `disk` or
    `folder`."""
    what: str
    fix: str = ""
    """A command that mends it; one that is an option goes behind the sweep's own command."""

    def __str__(self) -> str:
        return self.what + (f"\n  {self.fix}" if self.fix else "")

    def command(self, sweep: str) -> str:
        """What to type, `sweep` being the sweep's own command; empty where no command helps."""
        return f"{sweep} {self.fix}" if self.fix.startswith("--") else self.fix

"""The red team: tries to break out of its sandbox, and to see what it must not."""

from scaffolds.adversary.scaffold import Adversary as Scaffold

__all__ = ["Scaffold"]

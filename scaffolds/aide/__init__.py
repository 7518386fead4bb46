"""AIDE: a greedy tree search over whole scripts."""

from scaffolds.aide.scaffold import Aide as Scaffold

__all__ = ["Scaffold"]

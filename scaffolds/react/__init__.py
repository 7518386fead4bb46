"""ReAct: the smallest complete scaffold, explained in `docs/writing-a-scaffold.md`."""

from scaffolds.react.scaffold import React as Scaffold

__all__ = ["Scaffold"]

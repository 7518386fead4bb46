"""MLAB ResearchAgent: a loop of labelled fields, one action a step, with a plan as its memory."""

from scaffolds.mlab.scaffold import Mlab as Scaffold

__all__ = ["Scaffold"]

"""CodeAct, as OpenHands has it: a conversation whose every answer acts by code."""

from scaffolds.codeact.scaffold import CodeAct as Scaffold

__all__ = ["Scaffold"]

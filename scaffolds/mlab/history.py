"""The steps of a session, and those of them that the next prompt shows."""

from dataclasses import dataclass

from scaffolds.mlab.reply import Record

DONE = "<Done>"
"""Stands for an observation that is too long ago to be shown."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what was written, and what came of it."""

    record: Record
    observation: str
    unreadable: bool = False
    """Whether its arguments could not be read, so that nothing happened."""


class History:
    """All steps, but for those that came to nothing once a later one came to something."""

    def __init__(self) -> None:
        self._steps: list[Step] = []

    def __len__(self) -> int:
        return len(self._steps)

    def add(self, step: Step) -> None:
        """Add the latest step; one that could be read purges those that could not."""
        self._steps.append(step)
        if not step.unreadable:
            self._steps = [earlier for earlier in self._steps if not earlier.unreadable]

    @property
    def plan(self) -> str:
        """The plan as last written; empty before the first step."""
        return self._steps[-1].record.plan if self._steps else ""

    def window(self, size: int, observed: int) -> list[Step]:
        """The last `size` steps, oldest first; before the last `observed` of them, `<Done>` is what came."""
        shown = self._steps[max(0, len(self._steps) - size) :]
        old = len(shown) - observed
        return [Step(s.record, DONE if k < old else s.observation) for k, s in enumerate(shown)]

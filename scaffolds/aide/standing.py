"""The submission that stands: what lies at the submission's path in the run's own sandbox."""

from collections.abc import Callable

from scaffolds.aide.tree import Node
from scaffolds.run import Run
from scaffolds.task import SUBMISSION_PATH

_CLEAR = """(
[ -d ~/submission ] && [ ! -L ~/submission ] || rm -rf ~/submission
mkdir -p ~/submission && chmod u+rwx ~/submission && cd ~/submission || exit 1
[ -L submission.csv ] || chmod -R u+rwX submission.csv
rm -rf submission.csv
) 2>/dev/null"""
_CLEAR_S = 30.0

Afterwards = Callable[[], object]
"""What is done when a script has run, before anything else: see `Standing.restore`."""


class Standing:
    """Puts submissions in their place, and keeps the last one there against scripts that write over it."""

    def __init__(self, run: Run, *, exposed: bool) -> None:
        """`exposed`: whether scripts run in the same sandbox, and so can write there."""
        self._run = run
        self._exposed = exposed
        self._kept: str | None = None

    def place(self, node: Node, kept: str, score: float | None) -> bool:
        """Have this submission of a node stand; says whether it does."""
        if self._kept != kept:
            self._kept = kept
            self._run.note("aide.pick", node=node.id, score=score)
        return self._put(kept)

    def restore(self) -> bool:
        """A script has run: what it left at the path, of whatever kind, gives way to what stands."""
        return self._kept is None or not self._exposed or self._put(self._kept)

    def _put(self, kept: str) -> bool:
        if self._lies(kept) or self._placed(kept):
            return True
        self._run.call("shell", command=_CLEAR, timeout=_CLEAR_S)
        if self._placed(kept):
            return True
        self._run.note("aide.unplaced", submission=kept)
        return False

    def _placed(self, kept: str) -> bool:
        return self._run.call("place_file", kept=kept, path=SUBMISSION_PATH).ok and self._lies(kept)

    def _lies(self, kept: str) -> bool:
        """Whether it is there, as the grader will see it: read from outside, without following links."""
        return self._run.call("keep_file", path=SUBMISSION_PATH).data.get("kept") == kept

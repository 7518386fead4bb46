"""AIDE: a greedy tree search over whole scripts (arXiv 2502.13138), as MLE-bench ran it, and past that.

What differs from the original, beyond names: the metric's direction comes from the task, the score from
the script's `metrics.json`, every script runs in a directory of its own, a submission that fails its
check is a failed node, several scripts may run at a time, and what is submitted at the end is a choice.
`assembly.py` puts the parts together, `search.py` is the loop; docs/aide.md is the page for users.
"""

from pathlib import Path

from scaffolds.aide.assembly import assembled
from scaffolds.aide.config import AideConfig
from scaffolds.aide.search import Parts, Search
from scaffolds.briefing import Briefing, briefing
from scaffolds.prompts import Prompts
from scaffolds.run import Outcome, Run
from scaffolds.words import middle_cut

__all__ = ["Aide", "AideConfig"]

PREVIEW_CHARS = 6_000
_PREVIEW_SCRIPT = Path(__file__).parent / "preview_script.py"
_PREVIEW_TIMEOUT_S = 120.0
_ENDED_WELL = "[exit code 0]"


class Aide:
    """The search: select, write, run, judge, keep."""

    name = "aide"
    version = "3"
    roles = ("main", "feedback")
    Config = AideConfig

    def __init__(self, config: AideConfig) -> None:
        self._config = config
        self._prompts = Prompts.beside(__file__)

    def run(self, run: Run) -> Outcome:
        """See `Scaffold.run`."""
        brief = briefing(run, cap_s=self._config.exec_timeout_s, step="one script", own_folder=True)
        return Search(run, self.parts(brief), self._preview(run)).run()

    def parts(self, brief: Briefing) -> Parts:
        """What the search of one run is made of; a subclass may put its own parts in."""
        return assembled(self._config, self._prompts, brief)

    def _preview(self, run: Run) -> str:
        if not self._config.data_preview:
            return ""
        code = _PREVIEW_SCRIPT.read_text(encoding="utf-8")
        done = run.call("run_script", code=code, dir="preview", timeout=_PREVIEW_TIMEOUT_S)
        return middle_cut(done.text.rstrip().removesuffix(_ENDED_WELL).rstrip(), PREVIEW_CHARS, 0)

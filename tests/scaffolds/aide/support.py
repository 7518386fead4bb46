"""AIDE with a scripted model: what it says, what is run, and what the log then holds."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sandbox.open import open_sandbox
from sandbox.portion import Part
from sandbox.protocols import Sandbox, Validator
from sandbox.saved import saved_file
from sandbox.spec import BackendName, SandboxSpec
from scaffolds.aide.scaffold import Aide, AideConfig
from scaffolds.errors import LimitReached
from scaffolds.markdown import fenced
from scaffolds.messages import Completion, ToolCall
from scaffolds.models.protocol import ModelRequest
from scaffolds.run import Outcome
from scaffolds.runtime.durable import DurableRun
from scaffolds.runtime.ledger import Limits
from scaffolds.runtime.log import LogReader
from scaffolds.runtime.session import MAIN_LANE, Session
from tests.scaffolds.runtime.worlds import Counter, world

GOOD = """
import json
def main():
    open("submission.csv", "w").write("id,y\\n1,{score}\\n")
    json.dump({{"score": {score}, "folds": {folds}, "n": 1}}, open("metrics.json", "w"))
    print("validation rmse:", {score})
if __name__ == "__main__":
    main()
"""


def good(score: float, *folds: float) -> str:
    """A script that measures this score, and submits it."""
    return GOOD.format(score=score, folds=list(folds or (score, score)))


class Scripted:
    """Replies with the given scripts in order, and reviews every run as fine unless told otherwise.

    A reply that begins with `raw:` is said as it stands.
    """

    name = "test/scripted"

    def __init__(self, replies: Sequence[str], reviews: Sequence[dict[str, Any] | str] = ()) -> None:
        self._replies = list(replies)
        self._reviews = list(reviews)
        self.prompts: list[str] = []
        self.systems: list[str] = []

    def complete(self, request: ModelRequest) -> Completion:
        if not request.tools:
            self.prompts.append(request.messages[-1].content)
            self.systems.append(request.messages[0].content)
            reply = self._replies.pop(0)
            text = reply.removeprefix("raw:")
            return Completion(text if text != reply else f"Plan.\n\n{fenced(reply, 'python')}", usd=0.0)
        review: dict[str, Any] | str = {"is_bug": False, "summary": "It ran.", "metric": None}
        if self._reviews:
            review = self._reviews.pop(0)
        if isinstance(review, str):
            return Completion(review, usd=0.0)
        return Completion("", (ToolCall("1", "submit_review", json.dumps(review)),), usd=0.0)


def isolated(folder: Path, memory_gb: float) -> Callable[[str, Validator | None, Part], Sandbox]:
    """Opens real bwrap sandboxes in `folder`, as a world of a run does."""

    def open_lane(lane: str, served: Validator | None, part: Part) -> Sandbox:
        gpus = (f"GPU-{part.number}",) if part.of > 1 else ()
        spec = SandboxSpec(
            backend="bwrap" if not gpus else "none",
            root=folder / "sandbox" / lane,
            data=folder / "data",
            gpus=gpus,
            memory_gb=memory_gb,
        )
        return open_sandbox(spec, served)

    return open_lane


def run_aide(
    folder: Path,
    model: Scripted,
    *,
    time_s: float = 600.0,
    backend: BackendName = "none",
    scaffold: type[Aide] = Aide,
    **settings: object,
) -> tuple[Outcome | None, list[dict[str, Any]], LogReader]:
    """Run AIDE for as many steps as `settings` say; its outcome, its nodes and its log."""
    config = AideConfig.model_validate({"num_drafts": 1, "data_preview": False} | settings)
    base = world(folder, Counter(), Limits(time_s=time_s, steps=config.steps))
    changes: dict[str, Any] = {"models": {"main": model}}
    if backend == "bwrap":
        changes["open_sandbox"] = isolated(folder, memory_gb=0.5)
    session = Session(folder / "run", replace(base, **changes), {})
    outcome: Outcome | None = None
    try:
        outcome = scaffold(config).run(DurableRun(session))
    except LimitReached:
        pass
    finally:
        session.close_sandboxes()
        session.log.close()
    log = LogReader(folder / "run")
    return outcome, nodes_of(log), log


def nodes_of(log: LogReader) -> list[dict[str, Any]]:
    """All fields of the nodes in a log."""
    return [e.data | {k: log.value(e, k) for k in e.blobs} for e in log.of_type("aide.node")]


def submission(log: LogReader) -> bytes | None:
    """What lay at the submission's path at last."""
    trees = [
        event.data["tree"]
        for event in log.of_type("tool.result")
        if event.data.get("tree") and event.lane == MAIN_LANE
    ]
    return saved_file(trees[-1], "submission/submission.csv", log.blobs)

"""Sessions whose models say what a test wrote down."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sandbox.spec import BackendName
from scaffolds.markdown import fenced
from scaffolds.messages import Completion, JsonValue
from scaffolds.mlab.config import MlabConfig
from scaffolds.mlab.scaffold import Mlab
from scaffolds.run import Outcome
from scaffolds.runtime.ledger import Limits
from tests.scaffolds.scripted import Said, Scripted, play, says


def step(action: str, plan: str = "the plan", **arguments: JsonValue) -> Completion:
    """A reply with all fields."""
    return says(reply(action, json.dumps(arguments), plan))


def reply(action: str, action_input: str, plan: str = "the plan") -> str:
    """The same as text, with any text for arguments."""
    return (
        f"Reflection: seen\nResearch Plan and Status: {plan}\nFact Check: none\nThought: go on\n"
        f"Action: {action}\nAction Input: {action_input}\n"
    )


def code(text: str, *, stop: str = "stop") -> Completion:
    """An editor's reply."""
    return replace(says(f"Here it is.\n\n{fenced(text, 'python')}\n"), stop=stop)


def finish() -> Completion:
    """The end of a session."""
    return step("Final Answer", final_answer="done")


class Session:
    """One session: what the models were asked, and what came of it."""

    def __init__(
        self,
        folder: Path,
        said: Sequence[Said],
        *,
        backend: BackendName = "none",
        limits: Limits | None = None,
        **settings: object,
    ) -> None:
        self.model = Scripted(said)
        scaffold = Mlab(MlabConfig.model_validate(settings))
        self.outcome: Outcome = play(folder, scaffold.run, self.model, backend=backend, limits=limits)

    def asked(self, max_tokens: int = 16_384) -> list[str]:
        """The last messages of the requests of one role, which its longest reply tells."""
        return [
            request.messages[-1].content
            for request in self.model.requests
            if request.settings["max_tokens"] == max_tokens
        ]

    @property
    def observations(self) -> list[str]:
        """What came of each step but the last, oldest first, as the next prompt showed it."""
        return [prompt.rpartition("\nObservation:\n")[2] for prompt in self.asked()[1:]]

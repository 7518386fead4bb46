"""The three ways to a new script: draft, improve, debug. Each is a prompt and a reply read back."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from scaffolds.aide.memory import MemoryScope
from scaffolds.aide.replies import LastResort, Proposal, Reader, Unreadable
from scaffolds.aide.tree import Node, Tree
from scaffolds.errors import ContextOverflow
from scaffolds.messages import JsonValue, Message
from scaffolds.prompts import Prompts
from scaffolds.run import Left, Run

REPLY_ATTEMPTS = 3
_SHOWN_REPAIRS = 3

Propose = Callable[[Run], Proposal]
"""Makes a script in a worker's run. Knows nothing of the tree but what it was made with."""


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything an operator may put into its prompt."""

    tree: Tree
    parent: Node | None
    parent_output: str
    """What the parent printed, as prompts show it."""
    preview: str
    """What the data look like; empty where that is not shown."""
    left: Left
    cap_s: float
    """Seconds after which the script will be stopped."""
    packages: tuple[str, ...]


class Operator(Protocol):
    """Proposes a script."""

    def prepare(self, situation: Situation) -> Propose:
        """Take from the tree what the proposal needs; called in the search's own thread."""
        ...


@dataclass(frozen=True, slots=True)
class Asking:
    """How the operators of a run ask."""

    prompts: Prompts
    memory: MemoryScope
    system: Callable[[Run], str]
    """The system message of a worker: the same for every step of it."""
    temperature: float | None
    reader: Reader
    unread: LastResort
    told: dict[int, str]
    """Remembered nodes in words, by id."""
    submission: str
    """Where a script leaves its predictions."""
    more: bool
    """Whether prompts show more than the original's: what the parent printed, its score, earlier repairs; but
    what they remember is cut, which the original does not."""


@dataclass(frozen=True, slots=True)
class PromptedOperator:
    """Fills the template of its name, asks the main model, and reads plan and code from the reply."""

    name: str
    asking: Asking

    def prepare(self, situation: Situation) -> Propose:
        """See `Operator.prepare`; unusable replies are shown back to the model with the reason."""
        values = self._values(situation)
        prompt = self.asking.prompts.render(self.name, **values)

        def propose(run: Run) -> Proposal:
            try:
                return self._ask(run, prompt)
            except ContextOverflow as error:
                run.note("aide.overflow", reason=str(error))
            try:  # memory is all that grows
                return self._ask(
                    run, self.asking.prompts.render(self.name, **{**values, "memory": _FORGOTTEN})
                )
            except ContextOverflow as error:
                return Proposal(f"The prompt is too long for the model: {error}", "")

        return propose

    def _ask(self, run: Run, prompt: str) -> Proposal:
        asking = self.asking
        conversation = [Message("system", asking.system(run)), Message("user", prompt)]
        settings: dict[str, JsonValue] = {}
        if asking.temperature is not None:
            settings["temperature"] = asking.temperature
        unread = ""
        for attempt in range(REPLY_ATTEMPTS):
            reply = run.ask(conversation, role="main", tools=(), **settings)
            try:
                return asking.reader(reply.text)
            except Unreadable as error:
                run.note("aide.parse_error", attempt=attempt, reason=str(error))
                unread = reply.text
                if asking.more:  # the original asks the same again
                    again = asking.prompts.render("retry", reason=str(error))
                    conversation += [reply.message(), Message("user", again)]
        return asking.unread(unread)

    def _values(self, situation: Situation) -> dict[str, object]:
        parent, tree = situation.parent, situation.tree
        repairs = tree.repairs_before(parent) if parent else ()
        return {
            "metric": tree.metric,
            "submission": self.asking.submission,
            "memory": self._recollect(tree),
            "parent": parent,
            "parent_output": situation.parent_output,
            "repairs": [node.plan for node in islice(repairs, _SHOWN_REPAIRS)],
            "rivals": tree.at_work_on(parent),
            "more": self.asking.more,
            "preview": situation.preview,
            "left": situation.left,
            "cap_s": situation.cap_s,
            "packages": situation.packages,
        }

    def _recollect(self, tree: Tree) -> "Recollection":
        """What is remembered, in words; each node is put into words once."""
        asking, recall = self.asking, self.asking.memory.recall(tree)
        for node in recall.entries:
            if node.id not in asking.told:
                asking.told[node.id] = asking.prompts.render(
                    "memory_entry", node=node, metric=tree.metric, more=asking.more
                )
        return Recollection([asking.told[node.id] for node in recall.entries], recall.omitted)


@dataclass(frozen=True, slots=True)
class Recollection:
    """Memory as a prompt holds it."""

    entries: list[str]
    omitted: int


_FORGOTTEN = Recollection([], 0)

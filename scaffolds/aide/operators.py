"""The three ways to a new script: draft, improve, debug. Each is a prompt and a reply read back."""

from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from scaffolds.aide.memory import MemoryScope
from scaffolds.aide.tree import Node, Tree
from scaffolds.markdown import blocks, prose_before_first_block
from scaffolds.messages import JsonValue, Message
from scaffolds.prompts import Prompts
from scaffolds.run import Run
from scaffolds.words import middle_cut

REPLY_ATTEMPTS = 3
MAX_CODE_CHARS = 200_000
_SHOWN_FIXES = 3


@dataclass(frozen=True, slots=True)
class Proposal:
    """A script to be run; `code` is empty when the model's replies held none."""

    plan: str
    code: str


class Unreadable(ValueError):
    """A reply without a usable script; the text says why, for the model."""


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything an operator may put into its prompt."""

    run: Run
    tree: Tree
    parent: Node | None
    preview: str
    cap_s: float
    """Seconds after which the script will be stopped."""


class Operator(Protocol):
    """Proposes a script."""

    def propose(self, situation: Situation) -> Proposal:
        """Ask the model for a script."""
        ...


@dataclass(frozen=True, slots=True)
class PromptedOperator:
    """Fills the template of its name, asks the main model, and reads plan and code from the reply."""

    name: str
    prompts: Prompts
    memory: MemoryScope
    system: str
    """The system message: the same for every step of a run."""
    temperature: float | None
    told: dict[int, str]
    """Remembered nodes in words, by id; shared by the operators of a run."""

    def propose(self, situation: Situation) -> Proposal:
        """See `Operator.propose`; unusable replies are shown back to the model with the reason."""
        conversation = [Message("system", self.system), Message("user", self._prompt(situation))]
        settings: dict[str, JsonValue] = {}
        if self.temperature is not None:
            settings["temperature"] = self.temperature
        for attempt in range(REPLY_ATTEMPTS):
            reply = situation.run.ask(conversation, role="main", tools=(), **settings)
            try:
                return read_reply(reply.text)
            except Unreadable as error:
                situation.run.note("aide.parse_error", attempt=attempt, reason=str(error))
                again = self.prompts.render("retry", reason=str(error))
                conversation += [reply.message(), Message("user", again)]
        return Proposal(middle_cut(conversation[-2].content, 500, 0), "")

    def _prompt(self, situation: Situation) -> str:
        parent, tree = situation.parent, situation.tree
        fixes = tree.repairs_before(parent) if parent else ()
        return self.prompts.render(
            self.name,
            task=situation.run.task,
            metric=tree.metric,
            memory=self._recollect(tree),
            parent=parent,
            failed_fixes=[node.plan for node in islice(fixes, _SHOWN_FIXES)],
            preview=situation.preview,
            left=situation.run.budget.left(),
            cap_s=situation.cap_s,
        )

    def _recollect(self, tree: Tree) -> "Recollection":
        """What is remembered, in words; each node is put into words once."""
        recall = self.memory.recall(tree)
        for node in recall.entries:
            if node.id not in self.told:
                self.told[node.id] = self.prompts.render("memory_entry", node=node, metric=tree.metric)
        return Recollection([self.told[node.id] for node in recall.entries], recall.omitted)


@dataclass(frozen=True, slots=True)
class Recollection:
    """Memory as a prompt holds it."""

    entries: list[str]
    omitted: int


def read_reply(text: str) -> Proposal:
    """Plan and script of a reply.

    All blocks tagged as Python are joined, or the untagged ones where none is tagged. The code is not
    compiled here: it comes from outside, and the sandbox will say what is wrong with it.

    Raises:
        Unreadable: there is no such block, or it is empty or far too long.
    """
    found = blocks(text)
    tagged = [block.body for block in found if block.info in ("python", "py", "python3")]
    parts = tagged or [block.body for block in found if block.info == ""]
    code = "\n\n".join(part.strip("\n") for part in parts if part.strip())
    if not code:
        raise Unreadable("it holds no fenced block of Python code.")
    if len(code) > MAX_CODE_CHARS:
        raise Unreadable(f"its script is longer than {MAX_CODE_CHARS} characters.")
    plan = prose_before_first_block(text).strip()
    return Proposal(plan or "(no plan given)", code + "\n")

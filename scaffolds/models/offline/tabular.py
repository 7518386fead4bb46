"""`offline/tabular`: a rule-based policy behind the protocol of a model. It is not a language model.

It plays tabular tasks: it drafts, improves and repairs scripts and reviews their output by fixed rules, from
the task card, the last code, the last output and the request's seed. It needs no network, costs nothing and
gives the same answer to the same request, so scaffolds can be run, tested and compared without a provider.
Where it is offered tools to act with, it acts. What it does not do: read prose or look at the data.
"""

import random
from collections.abc import Collection, Sequence

from scaffolds.errors import UserError
from scaffolds.markdown import fenced
from scaffolds.messages import Completion, Message, ToolCall, Usage
from scaffolds.models.call_texts import written
from scaffolds.models.offline import labelled, review
from scaffolds.models.offline.acting import Move, act
from scaffolds.models.offline.bugs import BUGS, SLOW
from scaffolds.models.offline.phrasing import plan_of
from scaffolds.models.offline.policy import Policy, Step
from scaffolds.models.offline.reading import Reading, read
from scaffolds.models.offline.scripts import render_script
from scaffolds.models.protocol import ModelRequest
from scaffolds.task import TaskCard
from scaffolds.tools import SANDBOX_TOOLS, ToolSpec


class OfflineTabular:
    """A `Model` that answers by rules and keeps no state between calls.

    Attributes:
        name: `offline/tabular`.

    Args:
        bug_rate: Share of drafts and improvements that get a bug; repairs get one half as often.
        bugs: Names of the bugs to choose from; `too_slow` is allowed here and not among the defaults.

    Raises:
        UserError: `bug_rate` is no probability, or a bug is not known.
    """

    name = "offline/tabular"

    def __init__(self, bug_rate: float = 0.2, bugs: Collection[str] = BUGS) -> None:
        if not 0 <= bug_rate <= 1:
            raise UserError(
                f"bug_rate must lie between 0 and 1, not be {bug_rate!r}", code="offline.bug_rate"
            )
        unknown = sorted(set(bugs) - {*BUGS, SLOW})
        if unknown:
            raise UserError(
                f"no bugs are called {unknown!r}; there are {[*BUGS, SLOW]!r}", code="offline.bugs"
            )
        self._policy = Policy(bug_rate, tuple(bugs))

    def complete(self, request: ModelRequest) -> Completion:
        """Answer with the review tool where it is offered, and else as the prompt asks for.

        That is calls where there are tools to act with, labelled fields where the instructions name them, a
        few words on a text where there is no task, and a plan and a script everywhere else.

        Raises:
            UserError: the prompt has no task card, or one without a training and a test table.
        """
        reading = read(request.messages)
        tool = next((tool for tool in request.tools if tool.name == review.TOOL), None)
        if tool is not None:
            return _reviewed(request, reading, tool)
        if reading.card is None and (said := labelled.digest(request.messages)) is not None:
            return _answered(request, said)
        card = _playable(reading.card)
        if (move := act(request, card, self._policy)) is not None:
            return _acted(request, move)
        if labelled.asked(request.messages):
            return _answered(request, labelled.play(request.messages, card))
        step = self._policy.decide(reading, card, random.Random(request.seed))
        return _answered(request, phrase(step, card))


def _answered(request: ModelRequest, text: str) -> Completion:
    return Completion(text, usage=_usage(request.messages, text), usd=0.0)


def phrase(step: Step, card: TaskCard) -> str:
    """A step as most scaffolds ask for it: a short plan in prose, then one Python block."""
    return f"{plan_of(step, card)}\n\n{fenced(render_script(card, step.recipe, step.bug), 'python')}\n"


def _acted(request: ModelRequest, move: Move) -> Completion:
    as_text = written(move.words, move.calls, tuple(SANDBOX_TOOLS.values()))
    usage = _usage(request.messages, as_text)
    if move.in_text:
        return Completion(as_text, usage=usage, usd=0.0)
    return Completion(move.words, move.calls, stop="tool_calls", usage=usage, usd=0.0)


def _reviewed(request: ModelRequest, reading: Reading, tool: ToolSpec) -> Completion:
    arguments = review.arguments(review.judge(reading), tool)
    call = ToolCall(f"review-{request.seed}", tool.name, arguments)
    usage = _usage(request.messages, arguments)
    return Completion("", (call,), stop="tool_calls", usage=usage, usd=0.0)


def _playable(card: TaskCard | None) -> TaskCard:
    if card is None:
        raise UserError(
            "offline/tabular found no task card: the prompt needs the fenced yaml block of TaskCard.render()",
            code="offline.no_card",
        )
    missing = sorted({"train", "test"} - set(card.files))
    if missing:
        raise UserError(
            f"offline/tabular plays tables only, and the task card's files lack {missing!r}",
            code="offline.not_tabular",
        )
    return card


def _usage(messages: Sequence[Message], answer: str) -> Usage:
    """An estimate: four characters a token is what English and code come to."""
    asked = sum(
        len(message.content) + sum(len(call.arguments) for call in message.tool_calls) for message in messages
    )
    return Usage(input=asked // 4, output=len(answer) // 4)

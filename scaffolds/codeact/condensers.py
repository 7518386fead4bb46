"""Ways to keep a long conversation short enough. One protocol, and a class for each way.

All drop or mask many turns at once and then leave the view alone for as many: a view that only grows is
served from a provider's cache, one whose beginning changes at every step is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from scaffolds.codeact.history import MASKED, Condensation, History, Turn
from scaffolds.errors import ContextOverflow
from scaffolds.messages import Message
from scaffolds.prompts import Prompts
from scaffolds.run import Run
from scaffolds.words import middle_cut

SUMMARY_ROLE = "condenser"
"""The model that sums up; the main one where a config names none."""
_SHORTER = 5
"""If a request for a summary is itself too long, its events are cut to so small a part of their length."""
_SHARE = 4
"""One turn that is too long by itself is cut to this part of its longest result, again and again."""
_LEAST_CHARS = 800
"""Results no longer than that are not cut but left out."""


class CondenserConfig(BaseModel):
    """How a long conversation is made shorter; the defaults are those of OpenHands."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["none", "observation_masking", "recent", "llm", "conversation_window"] = (
        "conversation_window"
    )
    """`none`: not at all; `observation_masking`: results of all but the latest turns are left out; `recent`:
    all but the latest turns are; `llm`: these are summed up by the model of role `condenser`;
    `conversation_window`: the older half of the turns is left out when the conversation is too long for
    the model."""
    max_turns: int = Field(default=100, ge=2)
    """Turns (for masking: results) in view at most; past that the older half goes. `none` and
    `conversation_window` do not count."""
    keep_first: int = Field(default=1, ge=0)
    """Turns at the beginning that always stay; for `recent` and `llm`."""
    event_chars: int = Field(default=10_000, ge=100)
    """Characters of one message that is shown to the model that sums up."""


class Condenser(Protocol):
    """Chooses what is left out of the view."""

    def due(self, history: History) -> bool:
        """Whether the view should be made shorter before the next request."""
        ...

    def condense(self, run: Run, history: History) -> Condensation | None:
        """The next thing to leave out; None where nothing more can go.

        It is asked for when it is due, and whenever the view is too long for the model: as often as it
        takes, down to the newest turn, whose results are cut then.
        """
        ...


class NoCondenser:
    """Leaves everything in view; a run whose conversation gets too long ends."""

    def due(self, history: History) -> bool:
        """See `Condenser.due`."""
        return False

    def condense(self, run: Run, history: History) -> Condensation | None:
        """See `Condenser.condense`."""
        return None


class ConversationWindow:
    """Leaves out the older half of the turns, and only when the model takes no more."""

    def due(self, history: History) -> bool:
        """See `Condenser.due`."""
        return False

    def condense(self, run: Run, history: History) -> Condensation | None:
        """See `Condenser.condense`."""
        return _dropping(_older_half(history.kept())) or _shortening_newest(history)


@dataclass(frozen=True, slots=True)
class Recent:
    """Leaves out the older half of the turns whenever there are more than so many."""

    max_turns: int
    keep_first: int

    def due(self, history: History) -> bool:
        """See `Condenser.due`."""
        return len(history.kept()) > self.max_turns

    def condense(self, run: Run, history: History) -> Condensation | None:
        """See `Condenser.condense`."""
        return _dropping(_after_first(history, self.keep_first)) or _shortening_newest(history)


@dataclass(frozen=True, slots=True)
class ObservationMasking:
    """Leaves out the results of older turns, but not their calls; these too where that is not enough."""

    max_turns: int

    def due(self, history: History) -> bool:
        """See `Condenser.due`."""
        return len(history.unmasked()) > self.max_turns

    def condense(self, run: Run, history: History) -> Condensation | None:
        """See `Condenser.condense`."""
        older = _older_half(history.unmasked())
        if older:
            return Condensation(masked=_ids(older))
        return _dropping(_older_half(history.kept())) or _shortening_newest(history)


@dataclass(frozen=True, slots=True)
class LlmSummary:
    """Replaces the older half of the turns by a summary, which the next one carries on."""

    prompts: Prompts
    max_turns: int
    keep_first: int
    event_chars: int

    def due(self, history: History) -> bool:
        """See `Condenser.due`."""
        return len(history.kept()) > self.max_turns

    def condense(self, run: Run, history: History) -> Condensation | None:
        """See `Condenser.condense`; turns that cannot even be summed up are dropped."""
        older = _after_first(history, self.keep_first)
        for limit in (self.event_chars, self.event_chars // _SHORTER) if older else ():
            try:
                return Condensation(_ids(older), summary=self._summary(run, history, older, limit))
            except ContextOverflow:
                continue
        return _dropping(older) or _shortening_newest(history)

    def _summary(self, run: Run, history: History, older: Sequence[Turn], limit: int) -> str:
        events = [_as_text(message, limit) for turn in older for message in (turn.said, *turn.came)]
        prompt = self.prompts.render("summary", summary=history.summary, events=events)
        return run.ask([*history.head, Message("user", prompt)], role=SUMMARY_ROLE).text.strip()


def make_condenser(config: CondenserConfig, prompts: Prompts) -> Condenser:
    """The condenser that a config asks for."""
    match config.kind:
        case "none":
            return NoCondenser()
        case "observation_masking":
            return ObservationMasking(config.max_turns)
        case "recent":
            return Recent(config.max_turns, config.keep_first)
        case "llm":
            return LlmSummary(prompts, config.max_turns, config.keep_first, config.event_chars)
        case "conversation_window":
            return ConversationWindow()


def _older_half(turns: Sequence[Turn]) -> Sequence[Turn]:
    """The older half, the smaller one where they are odd: the newest turn is never in it."""
    return turns[: len(turns) // 2]


def _after_first(history: History, keep_first: int) -> Sequence[Turn]:
    """The older half of the turns behind the first ones; of those too where nothing else is left."""
    kept = history.kept()
    first = {turn.id for turn in history.turns[:keep_first]}
    return _older_half([turn for turn in kept if turn.id not in first]) or _older_half(kept)


def _dropping(turns: Sequence[Turn]) -> Condensation | None:
    return Condensation(_ids(turns)) if turns else None


def _shortening_newest(history: History) -> Condensation | None:
    """The last resort, where no turn but the newest is left: its results cut to a quarter, at last masked."""
    newest = history.kept()[-1:]
    results = [
        message.content for turn in newest for message in history.shown(turn) if message.role == "tool"
    ]
    longest = max(map(len, results), default=0)
    if longest > _LEAST_CHARS:
        return Condensation(cut=_ids(newest), chars=max(longest // _SHARE, _LEAST_CHARS // 2))
    return Condensation(masked=_ids(newest)) if longest > len(MASKED) else None


def _ids(turns: Sequence[Turn]) -> tuple[int, ...]:
    return tuple(turn.id for turn in turns)


def _as_text(message: Message, limit: int) -> str:
    calls = [f"{call.name}({call.arguments})" for call in message.tool_calls]
    text = "\n".join(filter(None, [message.content, *calls]))
    return f"[{message.role}]\n{middle_cut(text, limit // 2, limit // 2)}"

"""What was said in a run, and the view of it that fits into a prompt.

Nothing is ever changed: a view is a pure function of the turns and of the condensations that were made,
which stand in the log, so every request can be worked out again. Between two condensations views only grow.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from scaffolds.messages import Message
from scaffolds.words import middle_cut

MASKED = "[This output was left out to save room; run the command again if you need it.]"
_LEFT_OUT = "[{count} of your turns are left out here to save room.]"
_SUMMARY = "[{count} of your turns are left out here. What they came to, in your own words:]\n\n{summary}"


@dataclass(frozen=True, slots=True)
class Turn:
    """An answer of the model, with the results of its calls and whatever else it was told then.

    It is kept or dropped whole, so that no result is ever without its call.
    """

    id: int
    """The step in which it was said."""
    said: Message
    came: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Condensation:
    """One decision to make the view shorter."""

    dropped: tuple[int, ...] = ()
    """Turns that are left out from now on."""
    masked: tuple[int, ...] = ()
    """Turns whose results are left out from now on."""
    cut: tuple[int, ...] = ()
    """Turns whose results are shown with their first and last `chars` / 2 characters from now on."""
    chars: int = 0
    summary: str = ""
    """What stands for all that is left out, this time and before; empty to keep what stood there."""


class History:
    """The conversation of a run."""

    def __init__(self, head: Sequence[Message]) -> None:
        """`head` is what a view always begins with: instructions and task."""
        self.head = tuple(head)
        self.turns: list[Turn] = []
        self.summary = ""
        self._dropped: set[int] = set()
        self._masked: set[int] = set()
        self._bare: set[int] = set()
        """Turns that were said before something in front of them changed."""
        self._chars: dict[int, int] = {}

    def add(self, turn: Turn) -> None:
        """Append a turn."""
        self.turns.append(turn)

    def apply(self, condensation: Condensation) -> None:
        """Make the view shorter.

        What a provider wants back with an answer, such as its reasoning, is bound to the conversation that it
        saw. So behind the first place that changes, it goes; answers to the new view keep theirs.
        """
        self._dropped.update(condensation.dropped)
        self._masked.update(condensation.masked)
        self._chars.update(dict.fromkeys(condensation.cut, condensation.chars))
        self.summary = condensation.summary or self.summary
        changed = [*condensation.masked, *condensation.cut]
        if condensation.dropped:
            changed.append(min(self._dropped))  # what stands for them says how many they are
        self._bare.update(turn.id for turn in self.turns if changed and turn.id > min(changed))

    def kept(self) -> list[Turn]:
        """The turns in view, oldest first."""
        return [turn for turn in self.turns if turn.id not in self._dropped]

    def unmasked(self) -> list[Turn]:
        """Those of them whose results are in view."""
        return [turn for turn in self.kept() if turn.id not in self._masked]

    def view(self) -> list[Message]:
        """The conversation as the model sees it."""
        messages, stands = list(self.head), False
        for turn in self.turns:
            if turn.id not in self._dropped:
                messages += [self._said(turn), *self.shown(turn)]
            elif not stands:
                messages.append(self._stand_in())
                stands = True
        return messages

    def shown(self, turn: Turn) -> list[Message]:
        """What came of a turn, as the view has it."""
        if turn.id in self._masked:
            return _masked(turn.came)
        return _cut(turn.came, self._chars[turn.id]) if turn.id in self._chars else list(turn.came)

    def _said(self, turn: Turn) -> Message:
        return replace(turn.said, provider=None) if turn.id in self._bare else turn.said

    def _stand_in(self) -> Message:
        words = _SUMMARY if self.summary else _LEFT_OUT
        return Message("user", words.format(count=len(self._dropped), summary=self.summary))


def _cut(messages: Iterable[Message], chars: int) -> list[Message]:
    return [
        replace(message, content=middle_cut(message.content, chars // 2, chars // 2))
        if message.role == "tool"
        else message
        for message in messages
    ]


def _masked(messages: Iterable[Message]) -> list[Message]:
    return [
        replace(message, content=MASKED)
        if message.role == "tool" and len(message.content) > len(MASKED)
        else message
        for message in messages
    ]

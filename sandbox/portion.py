"""A run's portion of a machine, put into words, and its equal parts for workers that share it."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict

T = TypeVar("T")

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


class Part(NamedTuple):
    """One of several equal parts."""

    number: int
    """From 0."""
    of: int
    """How many there are."""


WHOLE = Part(0, 1)


def dealt(items: Sequence[T], part: Part) -> tuple[T, ...]:
    """The items of one part; where they are fewer than parts, it is one that others have too."""
    first = part.number * len(items) // part.of
    return tuple(items[first : (part.number + 1) * len(items) // part.of] or items[first : first + 1])


class Card(BaseModel):
    """A graphics card as an agent is told of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """As its driver says: `NVIDIA A10`."""
    memory_gb: float | None = None
    """In GiB; None where the driver does not say."""


class Portion(BaseModel):
    """What a run, or a part of it, has of a machine, as its agent is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cores: float
    """Processor cores."""
    memory_gb: float
    """In GiB."""
    cards: tuple[Card, ...] = ()
    """Graphics cards."""
    sharers: int = 1
    """How many workers use each card."""

    def part(self, part: Part) -> "Portion":
        """One of several equal parts."""
        return Portion(
            cores=self.cores / part.of,
            memory_gb=self.memory_gb / part.of,
            cards=dealt(self.cards, part),
            sharers=self.sharers * _sharers(len(self.cards), part),
        )

    def words(self) -> str:
        """`2 CPU cores, 8 GB of memory, one NVIDIA A10 GPU with 24 GB`; never less than one core and 1 GB."""
        cores, memory_gb = max(1, int(self.cores)), max(1, round(self.memory_gb))
        shared = f", shared by {self.sharers} workers" if self.sharers > 1 else ""
        words = f"{cores} CPU core{'' if cores == 1 else 's'}, {memory_gb} GB of memory"
        return f"{words}, {_cards_words(self.cards)}{shared}"


def _sharers(cards: int, part: Part) -> int:
    """How many of the parts have a card of this part."""
    mine = set(dealt(range(cards), part))
    return (
        sum(not mine.isdisjoint(dealt(range(cards), Part(number, part.of))) for number in range(part.of)) or 1
    )


def _cards_words(cards: Sequence[Card]) -> str:
    kinds = Counter((_full_name(card.name), card.memory_gb and round(card.memory_gb)) for card in cards)
    return " and ".join(_kind_words(*kind, count) for kind, count in kinds.items()) or "no GPU"


def _kind_words(name: str, memory_gb: float | None, count: int) -> str:
    number = _NUMBERS[count] if count < len(_NUMBERS) else count
    memory = f" with {memory_gb} GB" if memory_gb else ""
    each = " each" if memory and count > 1 else ""
    return f"{number} {name} GPU{'s' if count > 1 else ''}{memory}{each}"


def _full_name(name: str) -> str:
    return name if name.upper().startswith("NVIDIA") else f"NVIDIA {name}"

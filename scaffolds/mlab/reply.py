"""A reply in labelled fields: read as by one greedy pattern over the labels in their order.

Greedy means that of two records in a reply the last one's action counts, and that the first field swallows
whatever came before. The pattern itself would take time of a high power of the reply's length; this takes
linear time and finds the same. Labels at the beginnings of lines go before all others, which the original
did not know: so an argument may quote what looks like a record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PLAN = "Research Plan and Status"
ACTION = "Action"
ACTION_INPUT = "Action Input"
FIELDS = ("Reflection", PLAN, "Fact Check", "Thought", ACTION, ACTION_INPUT)
"""The labels, in the order of a reply."""

STOP = "Observation:"
"""Ends a reply: what follows would be an observation of the model's own making."""


class Unreadable(ValueError):
    """A reply without all fields in their order; the text says why, for the model."""


@dataclass(frozen=True, slots=True)
class Record:
    """The fields of a reply by label, with their white space; the action's name without it."""

    values: Mapping[str, str]

    @property
    def action(self) -> str:
        """The name of the action."""
        return self.values[ACTION]

    @property
    def action_input(self) -> str:
        """The action's arguments, not yet parsed."""
        return self.values[ACTION_INPUT]

    @property
    def plan(self) -> str:
        """The plan without the marks of what is new in it; empty where the fields have none."""
        return self.values.get(PLAN, "").replace("**", "").strip()

    def shown(self) -> list[tuple[str, str]]:
        """Labels and values as later prompts show them."""
        return [(name, self.plan if name == PLAN else value.strip()) for name, value in self.values.items()]


def until_observation(text: str) -> str:
    """The reply up to where the stop text ends it; for models that know no such texts."""
    return text.partition(STOP)[0]


def read_record(text: str, fields: Sequence[str] = FIELDS) -> Record:
    """The fields of a reply.

    Raises:
        Unreadable: not all labels are there in their order.
    """
    # The text begins a line, too, so a line feed before it makes all beginnings of lines look the same.
    places = _places(f"\n{text}", fields, "\n")
    starts = [place - 1 for place in places] if places else _places(text, fields, "")
    if not starts:
        raise Unreadable(_complaint(text, fields))
    ends = [*(start - len(name) - 1 for start, name in zip(starts[1:], fields[1:], strict=True)), len(text)]
    values = {name: text[start:end] for name, start, end in zip(fields, starts, ends, strict=True)}
    values[ACTION] = values[ACTION].strip()
    return Record(values)


def _places(text: str, fields: Sequence[str], before: str) -> list[int]:
    """Where each field's value begins, labels as far right as those after them allow; empty if one lacks."""
    places: list[int] = []
    end = len(text)
    for position in range(len(fields) - 1, -1, -1):
        label = f"{before}{fields[position]}:"
        # The pattern begins at the leftmost first label. Where that is the action's, it would take the whole
        # first record for the name, so there the last one counts as well.
        leftmost = position == 0 and fields[position] != ACTION
        end = text.find(label, 0, end) if leftmost else text.rfind(label, 0, end)
        if end < 0:
            return []
        places.insert(0, end + len(label))
    return places


def _complaint(text: str, fields: Sequence[str]) -> str:
    missing = [f"`{name}:`" for name in fields if f"{name}:" not in text]
    if missing:
        return f"it lacks {', '.join(missing)}."
    return "its fields are not in the order asked for."

"""What the policy reads of a request: the task card, the last code, the last output, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scaffolds.markdown import Block, blocks
from scaffolds.messages import Message
from scaffolds.task import Metric, TaskCard


@dataclass(frozen=True, slots=True)
class Reading:
    """What there is to decide by."""

    card: TaskCard | None
    code: str | None
    """The last Python block of the conversation."""
    output: str | None
    """The last text block after that code; None where nothing was shown."""


def read(messages: Sequence[Message]) -> Reading:
    """The card, the last code and the output that came after it."""
    found = [block for message in messages for block in blocks(message.content)]
    at = max((k for k, block in enumerate(found) if block.info == "python"), default=None)
    if at is None:
        return Reading(_card(found), None, None)
    outputs = [block.body for block in found[at:] if block.info == "text"]
    return Reading(_card(found), found[at].body, outputs[-1] if outputs else None)


class _Metric(BaseModel):
    name: str
    direction: Literal["maximize", "minimize"]


class _Submission(BaseModel):
    path: str
    columns: list[str] = Field(min_length=2)
    prediction: Literal["class", "probability", "number"]


class _Card(BaseModel):
    """The keys of `TaskCard.render`; others are ignored, so that a card can grow."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    files: dict[str, str]
    id_column: str
    target: str
    submission: _Submission
    metric: _Metric


def _card(found: Sequence[Block]) -> TaskCard | None:
    """The first block that is a card: later ones may have come in with an output."""
    for block in found:
        if block.info in ("yaml", "yml"):
            card = _parsed(block.body)
            if card is not None:
                return card
    return None


def _parsed(text: str) -> TaskCard | None:
    try:
        card = _Card.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError, RecursionError):
        return None
    return TaskCard(
        id_column=card.id_column,
        target=card.target,
        submission_columns=tuple(name for name in card.submission.columns if name != card.id_column),
        prediction=card.submission.prediction,
        metric=Metric(card.metric.name, card.metric.direction == "maximize"),
        files=card.files,
        submission=card.submission.path,
    )

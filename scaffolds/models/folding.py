"""Instructions for models that refuse system messages."""

from collections.abc import Sequence
from dataclasses import replace

from scaffolds.messages import Message


def folded(messages: Sequence[Message]) -> list[Message]:
    """The conversation with its instructions at the head of the first user message."""
    instructions = [message.content for message in messages if message.role == "system"]
    rest = [message for message in messages if message.role != "system"]
    if not instructions:
        return rest
    if rest and rest[0].role == "user":
        return [replace(rest[0], content="\n\n".join([*instructions, rest[0].content])), *rest[1:]]
    return [Message("user", "\n\n".join(instructions)), *rest]

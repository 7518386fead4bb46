"""Token counts: those of providers, made one kind of sum, and guesses for servers that count nothing."""

from scaffolds.messages import Usage
from scaffolds.models.protocol import ModelRequest

CHARACTERS_A_TOKEN = 4
"""What English and code come to."""


def counted_usage(asked: int, read: int, made: int, thought: int, written: int, total: int = 0) -> Usage:
    """The usage of a call as a provider counted it, with every token in it once.

    Most count what was read from a cache and what was thought with into the whole. A part that is larger
    than its whole, or without which the total does not come out, is counted beside it.

    Args:
        asked: input tokens.
        read: those read from a cache.
        made: output tokens.
        thought: those that the model thought with.
        written: input tokens written into a cache.
        total: of input and output, as the provider adds them up; 0 where it does not.
    """
    if thought > made or (thought and total == asked + made + thought):
        made += thought
    if read + written > asked:
        asked += read + written
    return Usage(asked, read, made, thought, written=written)


def estimated_usage(request: ModelRequest, answer: str) -> Usage:
    """The usage of a call by the length of its texts, marked as the guess that it is."""
    asked = sum(
        len(message.content) + sum(len(call.arguments) for call in message.tool_calls)
        for message in request.messages
    )
    return Usage(asked // CHARACTERS_A_TOKEN + 1, 0, len(answer) // CHARACTERS_A_TOKEN + 1, estimated=True)

"""Guesses of token counts, for servers that count nothing: a limit must bind there too."""

from scaffolds.messages import Usage
from scaffolds.models.protocol import ModelRequest

CHARACTERS_A_TOKEN = 4
"""What English and code come to."""


def estimated_usage(request: ModelRequest, answer: str) -> Usage:
    """The usage of a call by the length of its texts, marked as the guess that it is."""
    asked = sum(
        len(message.content) + sum(len(call.arguments) for call in message.tool_calls)
        for message in request.messages
    )
    return Usage(asked // CHARACTERS_A_TOKEN + 1, 0, len(answer) // CHARACTERS_A_TOKEN + 1, estimated=True)

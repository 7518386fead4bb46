"""How many tokens a request can have at most: what its price is expected from before it is sent."""

from collections.abc import Sequence

from scaffolds.messages import Completion, Message
from scaffolds.runtime.transcript import Prepared

_PER_MESSAGE = 16
"""Tokens that stand around a message: its role and its borders."""
_AROUND_TOOLS = 1024
"""Tokens with which a model is told how to call tools: ours for the text protocol are about 300, Anthropic's
some hundred by model and choice."""
_NO_TOOLS = b"[]"


class Size:
    """The requests of one lane and role, each sized from what the provider counted for the one before.

    Nobody's tokens are shorter than a byte, so new text counts as many as it has bytes: two to five times
    what it will come to. What has been sent before counts at most as the provider counted it, together with
    what was sent behind it then.
    """

    def __init__(self) -> None:
        self._bytes: list[int] = []
        """Of each message of the last request."""
        self._counted = 0
        """How many of its first messages are in what the provider has counted, and as how many tokens."""
        self._tokens = 0
        self._answer: Message | None = None
        self._tools = b""

    def of(self, prepared: Prepared, messages: Sequence[Message]) -> int:
        """The most tokens that a request can have; it is the one before the next."""
        self._bytes[prepared.keep :] = map(len, prepared.encoded)
        self._counted = min(self._counted, prepared.keep)
        if prepared.tools != self._tools:
            self._counted = 0
            self._tools = prepared.tools
        tools = len(prepared.tools) + _AROUND_TOOLS if prepared.tools != _NO_TOOLS else 0
        anew = tools + _size(self._bytes)
        if not self._counted:
            return anew
        new = self._bytes[self._counted :]
        if new and messages[self._counted] == self._answer:
            new = new[1:]  # its tokens are that request's output, which is counted already
        return min(anew, self._tokens + _size(new))

    def answered(self, answer: Completion) -> None:
        """Take in what the provider counted for the last request."""
        usage = answer.usage
        if not usage.estimated and usage.input:
            self._counted = len(self._bytes)
            self._tokens = usage.input + usage.output
            self._answer = answer.message()


def _size(lengths: Sequence[int]) -> int:
    return sum(lengths) + _PER_MESSAGE * len(lengths)

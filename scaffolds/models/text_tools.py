"""Tools for models that call none by themselves: told in the instructions, called in the text."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache

from scaffolds.markdown import fenced
from scaffolds.messages import Completion, Message
from scaffolds.models.call_texts import RESULT, found, written
from scaffolds.models.client import Client
from scaffolds.models.protocol import ModelRequest
from scaffolds.models.wire import Remembered
from scaffolds.prompts import Prompts
from scaffolds.tools import ToolSpec

Shown = list[dict[str, str]]
"""Tools as the prompt shows them."""


class TextTools:
    """A `Client` around one: to the one inside, tools are words, and so are calls and their results."""

    def __init__(self, inner: Client, name: str | None = None) -> None:
        self.name = name or inner.name
        self._inner = inner
        self._known: dict[str, Remembered[Message]] = {}

    def complete(self, request: ModelRequest) -> Completion:
        """See `Client.complete`."""
        settings = {name: value for name, value in request.settings.items() if name != "tool_choice"}
        choice = request.settings.get("tool_choice")
        shown = _shown(request.tools)
        told = _instructions(shown, choice if isinstance(choice, str) else None)
        messages = _as_text(map(self._converter(request.tools, shown), request.messages), told)
        reply = self._inner.complete(replace(request, messages=messages, tools=(), settings=settings))
        if not request.tools:
            return reply
        cut_at = reply.usage.output if reply.stop == "length" else None
        parts = found(reply.text, request.tools, request.seed, cut_at)
        stop = "tool_calls" if parts.calls and reply.stop == "stop" else reply.stop
        return replace(reply, text=parts.text, tool_calls=parts.calls, stop=stop)

    def _converter(self, tools: Sequence[ToolSpec], shown: Shown) -> Remembered[Message]:
        """What was made of a conversation's messages with these tools: old ones are not written anew."""
        tools = tuple(tools)
        return self._known.setdefault(json.dumps(shown), Remembered(lambda message: _plain(message, tools)))


def _shown(tools: Sequence[ToolSpec]) -> Shown:
    return [
        {"name": t.name, "description": t.description, "schema": json.dumps(t.json_schema())} for t in tools
    ]


def _instructions(shown: Shown, choice: str | None) -> str:
    if not shown or choice == "none":
        return ""
    named = {None: "", "auto": "", "required": "a tool"}.get(choice, f"`{choice}`")
    return _prompts().render("text_tools", tools=shown, choice=named)


@cache
def _prompts() -> Prompts:
    return Prompts.beside(__file__)


def _as_text(messages: Iterable[Message], told: str) -> list[Message]:
    """Messages without tools as such models know a conversation, with sides that take turns."""
    texts: list[Message] = []
    for plain in messages:
        if plain.role == "user" and texts and texts[-1].role == "user":
            texts[-1] = replace(texts[-1], content=f"{texts[-1].content}\n\n{plain.content}")
        else:
            texts.append(plain)
    if not told:
        return texts
    if texts and texts[0].role == "system":
        return [replace(texts[0], content=f"{texts[0].content.rstrip()}\n\n{told}"), *texts[1:]]
    return [Message("system", told), *texts]


def _plain(message: Message, tools: Sequence[ToolSpec]) -> Message:
    if message.role == "tool":
        called = message.tool_call_id or ""
        return Message("user", f'{RESULT} call="{called}">\n{fenced(message.content)}\n</tool_result>')
    if message.tool_calls:
        return replace(message, content=written(message.content, message.tool_calls, tools), tool_calls=())
    return message

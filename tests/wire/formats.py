"""The three wire formats: requests read, answers and errors written."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from scaffolds.messages import Message, Role, ToolCall, Usage
from tests.wire import messages_format
from tests.wire.brains import Ask, Reply

Json = dict[str, Any]


@dataclass(frozen=True)
class Format:
    """One provider's format."""

    ask: Callable[[Json], Ask]
    answer: Callable[[Json, Reply, int], Json]
    """Takes the request, the reply and the request's number."""
    empty: Callable[[Json], Json]
    """An answer without a choice, made of a good one."""
    error: Callable[[str, str, str], Json]
    """Takes a message, a type and a code."""
    too_long: str
    events: Callable[[Json], Iterator[tuple[str, Json]]] | None = None
    """A good answer as a stream, where the format has one that is used."""


def _openai_error(message: str, kind: str, code: str) -> Json:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _text(content: str | list[Json] | None) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or [])


# ---- Chat Completions


def _chat_ask(body: Json) -> Ask:
    messages: list[Message] = []
    for item in body["messages"]:
        role: Role = "system" if item["role"] == "developer" else item["role"]
        calls = tuple(
            ToolCall(call["id"], call["function"]["name"], call["function"]["arguments"])
            for call in item.get("tool_calls") or ()
        )
        messages.append(Message(role, _text(item.get("content")), calls, item.get("tool_call_id")))
    functions = [tool["function"] for tool in body.get("tools", ())]
    return Ask(messages, [{**f, "schema": f["parameters"]} for f in functions], body)


def _chat_answer(body: Json, reply: Reply, number: int) -> Json:
    message: Json = {"role": "assistant", "content": reply.text or None}
    if reply.stop == "refusal":
        message |= {"content": None, "refusal": reply.text or "I cannot help with that."}
    if reply.reasoning:
        message["reasoning_content"] = "\n".join(reply.reasoning)
    if reply.calls:
        message["tool_calls"] = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
            for c in reply.calls
        ]
    finish = "stop" if reply.stop == "refusal" else reply.stop
    answer: Json = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
    }
    if reply.usage is not None:
        answer["usage"] = {
            "prompt_tokens": reply.usage.input,
            "completion_tokens": reply.usage.output,
            "total_tokens": reply.usage.input + reply.usage.output,
            "prompt_tokens_details": {"cached_tokens": reply.usage.cached},
            "completion_tokens_details": {"reasoning_tokens": reply.usage.reasoning},
        }
    return answer


CHAT = Format(
    _chat_ask,
    _chat_answer,
    lambda answer: {**answer, "choices": []},
    _openai_error,
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
)

# ---- Responses


def _responses_ask(body: Json) -> Ask:
    messages: list[Message] = []
    for item in body["input"]:
        match item.get("type", "message"):
            case "message":
                role: Role = "system" if item["role"] == "developer" else item["role"]
                messages.append(Message(role, _text(item["content"])))
            case "function_call":
                call = ToolCall(item["call_id"], item["name"], item["arguments"])
                last = messages[-1] if messages and messages[-1].role == "assistant" else None
                if last is None:
                    messages.append(Message("assistant", "", (call,)))
                else:
                    messages[-1] = replace(last, tool_calls=(*last.tool_calls, call))
            case "function_call_output":
                messages.append(Message("tool", item["output"], tool_call_id=item["call_id"]))
            case _:
                pass
    return Ask(messages, [{**tool, "schema": tool["parameters"]} for tool in body.get("tools", ())], body)


def _responses_answer(body: Json, reply: Reply, number: int) -> Json:
    output: list[Json] = []
    for place, thought in enumerate(reply.reasoning):
        item: Json = {"id": f"rs_{number}_{place}", "type": "reasoning", "summary": [], "status": None}
        if "reasoning.encrypted_content" in body.get("include", ()):
            item["encrypted_content"] = f"sealed:{thought}"
        output.append(item)
    if reply.text or reply.stop == "refusal":
        part: Json = {"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []}
        if reply.stop == "refusal":
            part = {"type": "refusal", "refusal": reply.text or "I cannot help with that."}
        message: Json = {"type": "message", "role": "assistant", "status": "completed", "content": [part]}
        output.append({"id": f"msg_{number}", **message})
    for place, call in enumerate(reply.calls):
        said: Json = {"call_id": call.id, "name": call.name, "arguments": call.arguments}
        output.append({"id": f"fc_{number}_{place}", "type": "function_call", "status": "completed", **said})
    cut = reply.stop == "length"
    answer: Json = {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 1,
        "model": body["model"],
        "status": "incomplete" if cut else "completed",
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }
    if reply.usage is not None:
        answer["usage"] = {
            "input_tokens": reply.usage.input,
            "input_tokens_details": {"cached_tokens": reply.usage.cached},
            "output_tokens": reply.usage.output,
            "output_tokens_details": {"reasoning_tokens": reply.usage.reasoning},
            "total_tokens": reply.usage.input + reply.usage.output,
        }
    return answer


RESPONSES = Format(
    _responses_ask,
    _responses_answer,
    lambda answer: {**answer, "output": []},
    _openai_error,
    "Your input exceeds the context window of this model. Please adjust your input and try again.",
)

MESSAGES = Format(
    messages_format.ask,
    messages_format.answer,
    lambda answer: {**answer, "content": []},
    messages_format.error,
    "prompt is too long: 210000 tokens > 200000 maximum",
    messages_format.events,
)

FORMATS = {"/v1/chat/completions": CHAT, "/v1/responses": RESPONSES, "/v1/messages": MESSAGES}


def sse(events: Iterator[tuple[str, Json]]) -> Iterator[bytes]:
    """Server-sent events, one after the other."""
    for name, data in events:
        yield f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def usage_fields(usage: Usage) -> dict[str, int]:
    """A usage by name."""
    names = ("input", "cached", "output", "reasoning", "written")
    return {name: getattr(usage, name) for name in names}

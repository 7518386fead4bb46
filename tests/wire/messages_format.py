"""Anthropic's Messages format, whole and as a stream."""

import json
from collections.abc import Iterator
from typing import Any

from scaffolds.messages import Message, ToolCall
from tests.wire.brains import Ask, Reply

Json = dict[str, Any]

_STOPS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "refusal": "refusal"}


def _text(content: str | list[Json] | None) -> str:
    if isinstance(content, str):
        return content
    return "".join(block.get("text", "") for block in content or [] if block["type"] == "text")


def ask(body: Json) -> Ask:
    """A request read."""
    messages = [Message("system", _text(body["system"]))] if "system" in body else []
    for item in body["messages"]:
        content: list[Json] = (
            [{"type": "text", "text": item["content"]}]
            if isinstance(item["content"], str)
            else item["content"]
        )
        for block in content:
            if block["type"] == "tool_result":
                messages.append(Message("tool", _text(block["content"]), tool_call_id=block["tool_use_id"]))
        calls = tuple(
            ToolCall(block["id"], block["name"], json.dumps(block["input"]))
            for block in content
            if block["type"] == "tool_use"
        )
        text = _text(content)
        if text or calls:
            messages.append(Message(item["role"], text, calls))
    tools = [{**tool, "schema": tool["input_schema"]} for tool in body.get("tools", ())]
    return Ask(messages, tools, body)


def answer(body: Json, reply: Reply, number: int) -> Json:
    """A reply as a message."""
    content: list[Json] = []
    for thought in reply.reasoning:
        if thought.startswith("redacted:"):
            content.append({"type": "redacted_thinking", "data": thought})
        else:
            content.append({"type": "thinking", "thinking": thought, "signature": f"signed:{thought}"})
    if reply.text:
        content.append({"type": "text", "text": reply.text, "citations": None})
    for call in reply.calls:
        content.append({"type": "tool_use", "id": call.id, "name": call.name, "input": _input(call)})
    message: Json = {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": content,
        "stop_reason": _STOPS[reply.stop],
        "stop_sequence": None,
    }
    if reply.usage is not None:
        usage = reply.usage
        message["usage"] = {
            "input_tokens": usage.input - usage.cached - usage.written,
            "cache_read_input_tokens": usage.cached,
            "cache_creation_input_tokens": usage.written,
            "output_tokens": usage.output,
            "output_tokens_details": {"thinking_tokens": usage.reasoning},
        }
    return message


def _input(call: ToolCall) -> object:
    """Arguments as JSON: this format cannot hold others, except in a stream."""
    try:
        return json.loads(call.arguments)
    except ValueError:
        return call.arguments


def error(message: str, kind: str, code: str) -> Json:
    """An error."""
    del code
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


def events(message: Json) -> Iterator[tuple[str, Json]]:
    """A message as the events of a stream, its texts in pieces."""
    usage: Json = message.get("usage", {})
    started: Json = {**message, "content": [], "stop_reason": None}
    if usage:
        started["usage"] = {**usage, "output_tokens": 1}
    yield "message_start", {"type": "message_start", "message": started}
    yield "ping", {"type": "ping"}
    for index, block in enumerate(message["content"]):
        begun, deltas = _in_pieces(block)
        yield "content_block_start", {"type": "content_block_start", "index": index, "content_block": begun}
        for delta in deltas:
            yield "content_block_delta", {"type": "content_block_delta", "index": index, "delta": delta}
        yield "content_block_stop", {"type": "content_block_stop", "index": index}
    ended: Json = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    tail: Json = {"type": "message_delta", "delta": ended}
    if usage:
        tail["usage"] = {"output_tokens": usage["output_tokens"]}
    yield "message_delta", tail
    yield "message_stop", {"type": "message_stop"}


def _in_pieces(block: Json) -> tuple[Json, list[Json]]:
    if block["type"] == "text":
        return {"type": "text", "text": ""}, _deltas("text_delta", "text", block["text"])
    if block["type"] == "thinking":
        begun = {"type": "thinking", "thinking": "", "signature": ""}
        signed = {"type": "signature_delta", "signature": block["signature"]}
        return begun, [*_deltas("thinking_delta", "thinking", block["thinking"]), signed]
    if block["type"] == "tool_use":
        given = block["input"]
        text = given if isinstance(given, str) else json.dumps(given)
        return {**block, "input": {}}, _deltas("input_json_delta", "partial_json", text)
    return block, []


def _deltas(kind: str, name: str, text: str, size: int = 7) -> list[Json]:
    return [{"type": kind, name: text[k : k + size]} for k in range(0, len(text), size)]

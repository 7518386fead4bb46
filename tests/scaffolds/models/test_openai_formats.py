"""What goes over the wire to servers that speak OpenAI's formats, and what is read of their answers."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from scaffolds.messages import Message, ToolCall, Usage
from scaffolds.models.strict import strict_schema
from tests.scaffolds.models.wire_support import CONVERSATION, FINISH, REVIEW, SHELL, connected, request
from tests.wire import Raw, Reply, Script, WireServer, faults_in_turn

LS = '{"command":"ls"}'


def test_responses_as_they_are_sent() -> None:
    with WireServer() as server:
        client = connected("openai", "gpt-4o-2024-08-06", server)
        client.complete(
            request(*CONVERSATION, tools=(SHELL,), temperature=0.5, max_tokens=99, tool_choice="shell")
        )
    assert server.bodies == [
        {
            "model": "gpt-4o-2024-08-06",
            "input": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "List the files."},
                {"role": "assistant", "content": "I look."},
                {
                    "type": "function_call",
                    "call_id": "call_1",
                    "name": "shell",
                    "arguments": '{"command":"ls"}',
                },
                {"type": "function_call_output", "call_id": "call_1", "output": "a.csv"},
                {"role": "user", "content": "And now?"},
            ],
            "store": False,
            "tools": [
                {
                    "type": "function",
                    "name": "shell",
                    "description": SHELL.description,
                    "parameters": strict_schema(SHELL),
                    "strict": True,
                }
            ],
            "tool_choice": {"type": "function", "name": "shell"},
            "temperature": 0.5,
            "max_output_tokens": 99,
        }
    ]
    served = server.served[0]
    assert served.headers["authorization"].startswith("Bearer sk-planted")
    assert served.headers["content-type"] == "application/json"


def test_chat_as_it_is_sent() -> None:
    with WireServer() as server:
        client = connected("openai-compatible", "qwen", server)
        client.complete(
            request(
                *CONVERSATION,
                tools=(SHELL,),
                temperature=0.5,
                stop=["END"],
                max_tokens=99,
                tool_choice="required",
            )
        )
    call = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "shell", "arguments": '{"command":"ls"}'},
    }
    function = {"name": "shell", "description": SHELL.description, "parameters": SHELL.json_schema()}
    assert server.bodies == [
        {
            "model": "qwen",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "List the files."},
                {"role": "assistant", "content": "I look.", "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "call_1", "content": "a.csv"},
                {"role": "user", "content": "And now?"},
            ],
            "tools": [{"type": "function", "function": function}],
            "tool_choice": "required",
            "temperature": 0.5,
            "stop": ["END"],
            "max_tokens": 99,
            "seed": 7,
        }
    ]


def test_a_model_that_refuses_temperature_and_system_messages() -> None:
    with WireServer() as server:
        connected("openai", "o1-preview", server).complete(
            request(Message("system", "Be brief."), Message("user", "Hi."), temperature=0.5, max_tokens=9)
        )
        connected("openai", "o3-mini", server).complete(
            request(Message("system", "Be brief."), temperature=0.5, reasoning_effort="low")
        )
    preview, reasoning = server.bodies
    assert server.served[0].path == "/v1/chat/completions"
    assert preview == {
        "model": "o1-preview",
        "messages": [{"role": "user", "content": "Be brief.\n\nHi."}],
        "max_completion_tokens": 9,
    }
    assert server.served[1].path == "/v1/responses"
    assert reasoning == {
        "model": "o3-mini",
        "input": [{"role": "developer", "content": "Be brief."}],
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "reasoning": {"effort": "low"},
    }


def test_reasoning_items_are_kept_and_sent_back_in_their_place() -> None:
    calls = (ToolCall("call_1", "shell", '{"command":"ls"}'), ToolCall("call_2", "finish", '{"summary":"s"}'))
    first = Reply("I look.", calls, ("deep", "thought"), "tool_calls", Usage(50, 30, 20, 12))
    with WireServer(Script(first, Reply("done"))) as server:
        client = connected("openai", "o3", server)
        asked = [Message("user", "Go.")]
        said = client.complete(request(*asked, tools=(SHELL, FINISH)))
        assert said.tool_calls == calls
        assert said.stop == "tool_calls"
        assert said.usage == Usage(50, 30, 20, 12)
        asked += [said.message(), *(Message("tool", "ok", tool_call_id=c.id) for c in said.tool_calls)]
        client.complete(request(*asked, tools=(SHELL, FINISH)))
        # Another model cannot read them, and an answer that somebody has shortened is sent as it is now.
        connected("openai", "o4-mini", server).complete(request(*asked))
        client.complete(request(Message("user", "Go."), replace(said.message(), content="Cut.")))
    sent = server.bodies[1]["input"]
    assert sent[1:3] == [
        {"id": "rs_0_0", "type": "reasoning", "summary": [], "encrypted_content": "sealed:deep"},
        {"id": "rs_0_1", "type": "reasoning", "summary": [], "encrypted_content": "sealed:thought"},
    ]
    assert [item.get("id") for item in sent[3:6]] == ["msg_0", "fc_0_0", "fc_0_1"]
    assert sent[3]["content"] == [{"type": "output_text", "text": "I look.", "annotations": []}]
    assert [item["type"] for item in sent[6:]] == ["function_call_output"] * 2
    assert [item.get("type") for item in server.bodies[2]["input"][1:4]] == [None, *["function_call"] * 2]
    assert server.bodies[3]["input"][3]["content"][0]["text"] == "Cut."


def test_strict_tools_give_back_arguments_without_the_nulls_that_stand_for_nothing() -> None:
    said = '{"good":true,"metric":null,"note":null,"kind":"a"}'
    reply = Reply(calls=(ToolCall("call_1", "review", said),), stop="tool_calls")
    with WireServer(Script(reply)) as server:
        for model in ("gpt-4o", "o3"):
            answer = connected("openai", model, server).complete(request(tools=(REVIEW,)))
            assert answer.tool_calls[0].arguments == '{"good":true,"metric":null,"kind":"a"}'


@pytest.mark.parametrize(("api", "model"), [("openai", "gpt-4o"), ("openai-compatible", "qwen")])
def test_why_an_answer_ended(api: str, model: str) -> None:
    cut = Reply("half a scr", stop="length", usage=Usage(5, 0, 5, 0))
    with WireServer(Script(cut), faults_in_turn("refusal")) as server:
        client = connected(api, model, server)
        refused = client.complete(request())
        assert (refused.stop, refused.text) == ("refusal", "I cannot help with that.")
        assert client.complete(request()).stop == "length"


@pytest.mark.parametrize(("api", "model"), [("openai", "gpt-4o"), ("openai-compatible", "qwen")])
def test_tokens_that_nobody_counted_are_guessed_and_say_so(api: str, model: str) -> None:
    with WireServer(Script(Reply("a" * 400)), faults_in_turn("no_usage")) as server:
        usage = connected(api, model, server).complete(request(Message("user", "b" * 800))).usage
    assert usage.estimated
    assert usage.input >= 200
    assert usage.output >= 100


def test_a_local_servers_reasoning_is_kept_and_sent_back() -> None:
    reply = Reply("42", reasoning=("six times seven",))
    with WireServer(Script(reply)) as server:
        client = connected("openai-compatible", "qwen", server)
        said = client.complete(request()).message()
        client.complete(request(Message("user", "ping"), said, Message("user", "Sure?")))
        connected("openai-compatible", "other", server).complete(request(Message("user", "ping"), said))
    plain = {"role": "assistant", "content": "42"}
    assert server.bodies[1]["messages"][1] == {**plain, "reasoning_content": "six times seven"}
    assert server.bodies[2]["messages"][1] == plain


def test_calls_without_ids_and_arguments_that_are_objects() -> None:
    body = (
        '{"choices": [{"finish_reason": "stop", "message": {"content": "", "tool_calls": ['
        '{"function": {"name": "shell", "arguments": {"command": "ls"}}},'
        '{"id": "x", "function": {"name": "shell", "arguments": "{}"}},'
        '{"id": "x", "function": {"name": "shell"}}]}}], "usage": null}'
    )
    with WireServer(plan=faults_in_turn(Raw(200, body))) as server:
        said = connected("openai-compatible", "llama", server).complete(request(tools=(SHELL,)))
    assert [call.id for call in said.tool_calls] == ["call_7_0", "x", "call_7_2"]
    assert [call.arguments for call in said.tool_calls] == ['{"command":"ls"}', "{}", "{}"]
    assert said.stop == "tool_calls"
    assert said.usage.estimated


@pytest.mark.parametrize(
    ("api", "model"),
    [("openai", "gpt-4o"), ("openai-compatible", "qwen"), ("anthropic", "claude-3-5-sonnet-20240620")],
)
def test_calls_that_no_provider_takes_back_are_sent_as_ones_that_it_does(api: str, model: str) -> None:
    """A model that makes up a tool is told so, and the conversation goes on: names have an alphabet."""
    calls = (
        ToolCall("a", "functions.run it", "{}"),
        ToolCall("b", "x" * 99, "{}"),
        ToolCall("c", "", '{"command": "ls'),
        ToolCall("d", "shell", ""),
    )
    asked = [Message("user", "Go."), Message("assistant", "", calls)]
    asked += [Message("tool", "no", tool_call_id=call.id) for call in calls]
    with WireServer() as server:
        connected(api, model, server).complete(request(*asked, tools=(SHELL,)))
    sent = list(_calls(server.bodies[0]))
    assert [call["name"] for call in sent] == ["functions_run_it", "x" * 64, "_", "shell"]
    if api != "openai":  # which alone takes back whatever its models write
        assert [json.loads(call["arguments"]) for call in sent] == [
            {},
            {},
            {"not_an_object": '{"command": "ls'},
            {},
        ]


def _calls(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The calls of a request, in the form of Chat Completions."""
    for item in body.get("input", ()):
        if item.get("type") == "function_call":
            yield item
    for message in body.get("messages", ()):
        yield from (call["function"] for call in message.get("tool_calls", ()))
        for block in message["content"] if isinstance(message["content"], list) else ():
            if block["type"] == "tool_use":
                yield {"name": block["name"], "arguments": json.dumps(block["input"])}


def test_reasoning_that_a_server_counts_beside_its_output() -> None:
    counts = {
        "prompt_tokens": 50,
        "completion_tokens": 20,
        "completion_tokens_details": {"reasoning_tokens": 15},
    }
    beside, within = ({**counts, "total_tokens": total} for total in (85, 70))
    answers = [{"choices": [{"message": {"content": "pong"}}], "usage": usage} for usage in (beside, within)]
    with WireServer(plan=faults_in_turn(*(Raw(200, json.dumps(answer)) for answer in answers))) as server:
        client = connected("openai-compatible", "grok", server)
        assert client.complete(request()).usage == Usage(50, 0, 35, 15)
        assert client.complete(request()).usage == Usage(50, 0, 20, 15)


def test_an_output_that_nobody_counted_is_a_guess_and_not_free() -> None:
    body = '{"choices": [{"message": {"content": "pong"}}], "usage": {"prompt_tokens": 5}}'
    with WireServer(plan=faults_in_turn(Raw(200, body))) as server:
        assert connected("openai-compatible", "qwen", server).complete(request()).usage.estimated

"""What goes over the wire to Anthropic, and what is read of its answers, whole and streamed."""

import json
from collections.abc import Generator
from itertools import pairwise
from typing import Any

import pytest

from scaffolds.messages import Message, ToolCall, Usage
from scaffolds.models.registry import longest_answer
from tests.scaffolds.models.wire_support import CONVERSATION, FINISH, SHELL, connected, request
from tests.wire import Raw, Reply, Script, WireServer, faults_in_turn


@pytest.fixture(scope="module")
def thinkers() -> Generator[WireServer]:
    with WireServer() as server:
        yield server


MARK = {"cache_control": {"type": "ephemeral"}}
OLD, THINKS, ADAPTS, NEW = (
    "claude-3-5-sonnet-20240620",
    "claude-sonnet-4-5",
    "claude-opus-4-6",
    "claude-opus-4-8",
)


def test_messages_as_they_are_sent() -> None:
    with WireServer() as server:
        connected("anthropic", OLD, server).complete(
            request(*CONVERSATION, tools=(SHELL,), temperature=0.5, stop=["END"], tool_choice="shell")
        )
    tool = {"name": "shell", "description": SHELL.description, "input_schema": SHELL.json_schema()}
    use = {"type": "tool_use", "id": "call_1", "name": "shell", "input": {"command": "ls"}}
    assert server.bodies == [
        {
            "model": OLD,
            "max_tokens": 8192,
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "List the files.", **MARK}]},
                {"role": "assistant", "content": [{"type": "text", "text": "I look."}, use]},
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": "call_1", "content": "a.csv"},
                        {"type": "text", "text": "And now?", **MARK},
                    ],
                },
            ],
            "system": [{"type": "text", "text": "Be brief.", **MARK}],
            "tools": [tool],
            "tool_choice": {"type": "tool", "name": "shell"},
            "temperature": 0.5,
            "stop_sequences": ["END"],
        }
    ]
    assert server.served[0].headers["anthropic-version"]
    assert server.served[0].headers["content-type"] == "application/json"


def test_sides_take_turns_and_answers_to_calls_come_first() -> None:
    calls = (ToolCall("fn.a:0", "shell", "not json"), ToolCall("b", "shell", "[1]"))
    with WireServer() as server:
        connected("anthropic", OLD, server).complete(
            request(
                Message("user", " "),
                Message("user", "Two."),
                Message("assistant", "", calls),
                Message("tool", "one", tool_call_id="fn.a:0"),
                Message("system", "Hurry."),
                Message("tool", "", tool_call_id="b"),
                Message("assistant", "Fine. \n"),
                Message("assistant", "Good."),
            )
        )
    users = [message for message in server.bodies[0]["messages"] if message["role"] == "user"]
    roles = [message["role"] for message in server.bodies[0]["messages"]]
    assert roles == ["user", "assistant", "user", "assistant"]
    assert [block["text"] for block in users[0]["content"]] == ["(empty)", "Two."]
    assert [block["type"] for block in users[1]["content"]] == ["tool_result", "tool_result", "text"]
    assert users[1]["content"][0]["tool_use_id"] == "fn_a_0"
    used = server.bodies[0]["messages"][1]["content"]
    assert used[0]["id"] == "fn_a_0"
    assert [block["input"] for block in used] == [{"not_an_object": "not json"}, {"not_an_object": "[1]"}]
    assert [block["text"] for block in server.bodies[0]["messages"][3]["content"]] == ["Fine.", "Good."]


@pytest.mark.parametrize(("effort", "budget", "streamed"), [("low", 4_096, None), ("high", 15_616, True)])
def test_thinking_is_kept_and_sent_back_in_its_place(effort: str, budget: int, streamed: bool | None) -> None:
    call = ToolCall("toolu_1", "shell", '{"command": "ls \\n\\"x\\""}')
    used = Usage(50, 30, 20, 12, written=5)
    first = Reply("I look.", (call,), ("deep", "redacted:xyz"), "tool_calls", used)
    with WireServer(Script(first, Reply("done"))) as server:
        client = connected("anthropic", THINKS, server)
        asked = [Message("user", "Go.")]
        said = client.complete(request(*asked, tools=(SHELL,), reasoning_effort=effort))
        assert (said.text, said.stop, said.usage) == ("I look.", "tool_calls", used)
        assert said.tool_calls[0].id == "toolu_1"
        asked += [said.message(), Message("tool", "ok", tool_call_id="toolu_1")]
        client.complete(request(*asked, tools=(SHELL,), reasoning_effort=effort))
    assert [body.get("stream") for body in server.bodies] == [streamed, streamed]
    assert server.bodies[0]["thinking"] == {"type": "enabled", "budget_tokens": budget}
    assert "temperature" not in server.bodies[0]
    blocks = server.bodies[1]["messages"][1]["content"]
    assert blocks[:2] == [
        {"type": "thinking", "thinking": "deep", "signature": "signed:deep"},
        {"type": "redacted_thinking", "data": "redacted:xyz"},
    ]
    assert blocks[2:] == [
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "toolu_1", "name": "shell", "input": {"command": 'ls \n"x"'}},
    ]


def test_a_stream_and_a_whole_answer_are_the_same() -> None:
    call = ToolCall("toolu_1", "finish", '{"summary":"all of it, as it was said"}')
    reply = Reply("One answer, in many pieces. ⊕", (call,), ("a thought",), "tool_calls", Usage(9, 0, 8, 2))
    with WireServer(Script(reply)) as server:
        client = connected("anthropic", ADAPTS, server)
        whole = client.complete(request(tools=(FINISH,)))
        streamed = client.complete(request(tools=(FINISH,), max_tokens=64_000))
    assert [body.get("stream") for body in server.bodies] == [None, True]
    assert whole.text == streamed.text
    assert (whole.stop, whole.usage, whole.provider) == (streamed.stop, streamed.usage, streamed.provider)
    assert streamed.tool_calls[0].arguments.replace(" ", "") == call.arguments.replace(" ", "")


FORCED = {"type": "tool", "name": "shell"}
DISABLED = {"type": "disabled"}
ADAPTIVE = {"type": "adaptive"}


@pytest.mark.parametrize(
    ("model", "effort", "choice", "expected", "longest"),
    [
        (OLD, "high", None, {}, 8_192),
        (THINKS, None, None, {}, 16_384),
        (THINKS, "none", None, {}, 16_384),
        (THINKS, "low", "shell", {"tool_choice": FORCED}, 16_384),
        ("claude-opus-4-1", "max", None, {"thinking": {"type": "enabled", "budget_tokens": 15_616}}, 32_000),
        (ADAPTS, None, None, {}, 16_384),
        (ADAPTS, None, "shell", {"tool_choice": FORCED}, 16_384),
        (ADAPTS, "max", None, {"thinking": ADAPTIVE, "output_config": {"effort": "max"}}, 81_920),
        (ADAPTS, "xhigh", None, {"thinking": ADAPTIVE, "output_config": {"effort": "high"}}, 32_000),
        (
            NEW,
            "xhigh",
            "shell",
            {"thinking": DISABLED, "output_config": {"effort": "high"}, "tool_choice": FORCED},
            16_384,
        ),
        ("claude-opus-5", None, None, {}, 32_000),
        ("claude-opus-5", None, "shell", {"thinking": DISABLED, "tool_choice": FORCED}, 16_384),
        (
            "claude-sonnet-5",
            "low",
            "shell",
            {"thinking": DISABLED, "output_config": {"effort": "low"}, "tool_choice": FORCED},
            16_384,
        ),
        (
            "claude-haiku-5-5",
            "none",
            None,
            {"thinking": DISABLED, "output_config": {"effort": "low"}},
            16_384,
        ),
        (
            "claude-sonnet-5-5",
            "none",
            "shell",
            {
                "thinking": {"type": "between_tools"},
                "output_config": {"effort": "low"},
                "tool_choice": {"type": "auto"},
            },
            16_384,
        ),
        ("claude-opus-5-5", None, "shell", {"tool_choice": {"type": "auto"}}, 32_000),
        (
            "claude-mythos-5",
            "none",
            "required",
            {"output_config": {"effort": "low"}, "tool_choice": {"type": "auto"}},
            20_480,
        ),
    ],
)
def test_how_a_model_is_told_to_think(
    thinkers: WireServer,
    model: str,
    effort: str | None,
    choice: str | None,
    expected: dict[str, Any],
    longest: int,
) -> None:
    asked = request(tools=(SHELL,), reasoning_effort=effort, tool_choice=choice)
    connected("anthropic", model, thinkers).complete(asked)
    body = thinkers.bodies[-1]
    names = ("thinking", "output_config", "tool_choice")
    assert {name: body[name] for name in names if name in body} == expected
    assert body["max_tokens"] == longest
    most = longest_answer(f"anthropic/{model}", asked.settings)
    assert most is not None
    assert most >= longest


def test_what_is_thought_takes_no_answers_place_and_no_more_than_there_is(thinkers: WireServer) -> None:
    for model, tokens in (("claude-opus-4-1", 31_900), ("claude-opus-4-1", 30_000), ("claude-opus-5", 500)):
        connected("anthropic", model, thinkers).complete(request(reasoning_effort="high", max_tokens=tokens))
    tight, some, room = thinkers.bodies[-3:]
    assert (tight["max_tokens"], tight.get("thinking")) == (31_900, None)
    assert (some["max_tokens"], some["thinking"]["budget_tokens"]) == (32_000, 2_000)
    assert room["max_tokens"] == 500 + 15_616


def test_thinking_stays_off_behind_a_call_that_was_made_without() -> None:
    forced = Message("assistant", "", (ToolCall("a", "shell", '{"command": "ls"}'),))
    with WireServer() as server:
        client = connected("anthropic", THINKS, server)
        done = Message("tool", "ok", tool_call_id="a")
        client.complete(request(Message("user", "Go."), forced, done, reasoning_effort="low"))
        client.complete(
            request(Message("user", "Go."), forced, done, Message("user", "On."), reasoning_effort="low")
        )
    assert ["thinking" in body for body in server.bodies] == [False, True]


def test_the_newest_models_are_told_no_temperature() -> None:
    with WireServer() as server:
        for model in (NEW, ADAPTS):
            connected("anthropic", model, server).complete(request(temperature=0.5, top_p=0.9))
    assert [body.get("temperature") for body in server.bodies] == [None, 0.5]
    assert all("top_p" not in body for body in server.bodies)


def test_each_turn_of_a_conversation_reads_the_one_before_from_the_cache() -> None:
    with WireServer(Script(Reply("Noted. " * 50)), caching=True) as server:
        client = connected("anthropic", OLD, server)
        asked = [Message("system", "Rules. " * 100), Message("user", "Begin. " * 100)]
        turns: list[Usage] = []
        for turn in range(12):
            said = client.complete(request(*asked, tools=(SHELL, FINISH)))
            turns.append(said.usage)
            asked += [said.message(), Message("user", f"Turn {turn}. " * 40)]
    assert turns[0].written  # tools and instructions
    assert turns[1].cached >= turns[0].written
    for before, now in pairwise(turns[1:]):
        assert now.cached == before.cached + before.written == before.input
        assert now.cached + now.written == now.input
    marks = [str(body).count("ephemeral") for body in server.bodies]
    assert max(marks) == 3


def test_a_question_asked_once_does_not_pay_for_the_cache() -> None:
    with WireServer(caching=True) as server:
        client = connected("anthropic", OLD, server)
        for question in ("One?", "Two?"):
            client.complete(request(Message("system", "Rules."), Message("user", question)))
    assert [str(body["messages"]).count("ephemeral") for body in server.bodies] == [0, 0]


def test_why_an_answer_ended() -> None:
    with WireServer(Script(Reply("half", stop="length")), faults_in_turn("refusal")) as server:
        client = connected("anthropic", OLD, server)
        assert client.complete(request()).stop == "refusal"
        assert client.complete(request()).stop == "length"


def test_nothing_to_add_after_results_is_an_answer() -> None:
    with WireServer(plan=faults_in_turn("empty_choice")) as server:
        said = connected("anthropic", OLD, server).complete(request(*CONVERSATION[:4], tools=(SHELL,)))
    assert (said.text, said.stop) == ("", "stop")


def test_what_the_end_of_a_stream_does_not_count_was_counted_at_its_beginning() -> None:
    events = [
        {
            "type": "message_start",
            "message": {"usage": {"input_tokens": 40, "cache_read_input_tokens": 30, "output_tokens": 1}},
        },
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": None}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "pong"}},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"input_tokens": None, "cache_read_input_tokens": None, "output_tokens": 8},
        },
        {"type": "message_stop"},
    ]
    body = "".join(f"data: {json.dumps(event)}\r\n\r\n" for event in events)
    uncounted = body.replace('"usage": {"input_tokens": 40', '"usage": null, "was": {"input_tokens": 40')
    plan = faults_in_turn(Raw(200, body), Raw(200, uncounted))
    with WireServer(plan=plan) as server:
        client = connected("anthropic", OLD, server)
        said = client.complete(request(max_tokens=64_000))
        assert (said.text, said.usage) == ("pong", Usage(70, 30, 8))
        assert client.complete(request(max_tokens=64_000)).usage.estimated


@pytest.mark.parametrize("max_tokens", [1000, 64_000])
def test_broken_arguments_reach_the_caller(max_tokens: int) -> None:
    with WireServer(plan=faults_in_turn("broken_arguments")) as server:
        said = connected("anthropic", OLD, server).complete(request(tools=(SHELL,), max_tokens=max_tokens))
    assert "command" in said.tool_calls[0].arguments


@pytest.mark.parametrize("max_tokens", [1000, 64_000])
def test_tokens_that_nobody_counted_are_guessed_and_say_so(max_tokens: int) -> None:
    with WireServer(plan=faults_in_turn("no_usage")) as server:
        assert connected("anthropic", OLD, server).complete(request(max_tokens=max_tokens)).usage.estimated

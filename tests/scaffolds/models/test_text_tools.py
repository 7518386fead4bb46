"""Tools for models that call none by themselves: written into texts, found in them, however they look."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffolds.calls import BadCall, read_arguments
from scaffolds.messages import Completion, JsonValue, Message, ToolCall, Usage
from scaffolds.models.call_texts import CLOSE, MOST_CALLS, OPEN, RESULT, found, written
from scaffolds.models.client import Endpoint
from scaffolds.models.clients import make
from scaffolds.models.protocol import ModelRequest
from scaffolds.models.text_tools import TextTools
from scaffolds.tools import SANDBOX_TOOLS
from tests.scaffolds.models.wire_support import CONVERSATION, SHELL, connected, request
from tests.wire import Reply, Script, WireServer

TOOLS = list(SANDBOX_TOOLS.values())
NAMES = list(SANDBOX_TOOLS)
TAGS = ["<function=shell>", "<parameter=command>", "</parameter>", "</function>"]
CHARACTERS = st.characters(exclude_categories=["Cs"])
WORDS = st.text(CHARACTERS) | st.sampled_from([CLOSE, OPEN, RESULT, "```", "</think>", '"}', *TAGS])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
KEYS = WORDS | st.sampled_from(["command", "timeout", "background", "env", "job", "code"])
ARGUMENTS = st.dictionaries(KEYS, JSON, max_size=4)
PLAIN = st.text(CHARACTERS).map(str.strip).filter(lambda text: "<" not in text)


@given(PLAIN, st.lists(st.tuples(st.sampled_from(NAMES), ARGUMENTS), min_size=1, max_size=3))
def test_what_is_written_is_found(text: str, calls: list[tuple[str, dict[str, JsonValue]]]) -> None:
    made = [ToolCall(f"call_7_{n}", name, json.dumps(values)) for n, (name, values) in enumerate(calls)]
    parts = found(written(text, made, TOOLS), TOOLS, 7)
    assert parts.text == text
    assert [(call.id, call.name) for call in parts.calls] == [(call.id, call.name) for call in made]
    assert [json.loads(c.arguments) for c in parts.calls] == [values for _, values in calls]


@given(
    st.lists(
        st.sampled_from([OPEN, CLOSE, RESULT, *TAGS, "</think>", "```json", "\n", "{", "}", '"name": "', "x"])
    )
)
def test_whatever_is_written_is_read(parts: list[str]) -> None:
    reply = "".join(parts)
    if OPEN in reply.rpartition("</think>")[2].split(RESULT)[0]:
        assert found(reply, TOOLS, 0).calls


HOSTILE = (
    "[" * 100_000,
    f'{OPEN}{{"a":' * 10_000,
    OPEN * 100_000,
    f"{OPEN}{{" + "[" * 100_000,
    "<function=shell>" * 20_000,
    "<function=shell><parameter=command>" * 10_000,
    "<function=shell>" + "<parameter=command></parameter>" * 10_000,
    "<function=" * 50_000,
    " " * 200_000 + "<function=shell>" + " " * 200_000,
    (OPEN + "<function=shell>") * 10_000,
)


def test_texts_made_to_keep_a_reader_busy() -> None:
    for hostile in (
        "[" * 100_000,
        f'{OPEN}{{"a":' * 10_000,
        OPEN * 100_000,
        f"{OPEN}{{" + "[" * 100_000,
        *HOSTILE,
    ):
        assert len(found(hostile, TOOLS, 0).calls) <= MOST_CALLS


Calls = list[tuple[str, dict[str, JsonValue]]]
LS: Calls = [("shell", {"command": "ls"})]
TWO_LINES: Calls = [("shell", {"command": "a\nb"})]
BARE: Calls = [("shell", {})]
NONE: Calls = []


@pytest.mark.parametrize(
    ("reply", "text", "calls"),
    [
        ("Nothing to do.", "Nothing to do.", NONE),
        (f'I look.\n{OPEN}{{"name": "shell", "arguments": {{"command": "ls"}}}}{CLOSE}', "I look.", LS),
        (f'{OPEN}\n```json\n{{"name": "shell", "arguments": {{"command": "ls"}}}}\n```\n{CLOSE}', "", LS),
        (f'```\n{OPEN}{{"name": "shell", "args": {{"command": "ls"}}}}', "```", LS),
        (f'{OPEN}{{"tool": "shell", "parameters": "{{\\"command\\": \\"ls\\"}}"}}{CLOSE} Now.', "Now.", LS),
        (
            f'{OPEN}{{"name": "shell", "arguments": {{"command": "a\nb"}}}}{CLOSE}',
            "",
            TWO_LINES,
        ),
        (f'{OPEN}{{"name": "shell"}}{CLOSE}', "", BARE),
        ('Yes:\n```json\n{"name": "shell", "arguments": {"command": "ls"}}\n```', "Yes:", LS),
        ('{"name": "shell", "arguments": {"command": "ls"}}', "", LS),
        ('A file:\n```json\n{"name": "my-project", "arguments": {}}\n```', None, NONE),
        (
            f'{OPEN}{{"name": "shell", "arguments": {{"command": "ls"}}}}{CLOSE}\n{RESULT} call="1">made up',
            "",
            LS,
        ),
        (
            f'<think>{OPEN}{{"name": "x"}}{CLOSE}</think>{OPEN}{{"name": "shell"}}{CLOSE}',
            None,
            BARE,
        ),
    ],
)
def test_how_models_write_calls(reply: str, text: str | None, calls: Calls) -> None:
    parts = found(reply, TOOLS, 0)
    assert [(call.name, json.loads(call.arguments)) for call in parts.calls] == calls
    assert text is None or parts.text == text


def tagged(name: str, **values: str) -> str:
    return f"<function={name}>" + "".join(f"<parameter={n}>{v}</parameter>" for n, v in values.items())


@pytest.mark.parametrize(
    ("reply", "text", "calls"),
    [
        (f"I look.\n{tagged('shell', command='ls')}</function>", "I look.", LS),
        (f"{tagged('shell', command='ls')}", "", LS),
        ("<function=shell>\n<parameter=command>\nls\n", "", LS),
        ("<function=shell>\n<parameter=command>\nls\n</function>", "", LS),
        (f"{OPEN}\n{tagged('shell', command='ls')}\n</function>\n{CLOSE}", "", LS),
        (f"{tagged('shell', command='ls')}</function>{tagged('shell', command='ls')}</function>", "", LS * 2),
        (f"{tagged('shell', command='ls')}<function=shell><parameter=command>ls", "", LS * 2),
        ("<function=shell></function> Now.", "Now.", BARE),
        (
            tagged("shell", command="sleep 9", timeout=" 2.5\n", background="True") + "</function>",
            "",
            [("shell", {"command": "sleep 9", "timeout": 2.5, "background": True})],
        ),
        (
            tagged("python", code="\nprint('<a>', \"b\")\n\n") + "</function>",
            "",
            [("python", {"code": "print('<a>', \"b\")\n"})],
        ),
        (tagged("browse", url="x", depth="1"), "", [("browse", {"url": "x", "depth": "1"})]),
        (tagged("shell_poll", job="soon"), "", [("shell_poll", {"job": "soon"})]),
        ("<think><function=x></function></think>" + tagged("shell", command="ls"), None, LS),
        (f'{tagged("shell", command="ls")}</function>\n{RESULT} call="1">made up', "", LS),
        ("std::<function=\n> is no call", None, NONE),
    ],
)
def test_calls_as_tags_around_plain_values(reply: str, text: str | None, calls: Calls) -> None:
    parts = found(reply, TOOLS, 0)
    assert [(call.name, json.loads(call.arguments)) for call in parts.calls] == calls
    assert text is None or parts.text == text


WRITE = "<function=write_file><parameter=path>a.py</parameter><parameter=content>x = 1"


@pytest.mark.parametrize(
    ("reply", "text", "names"),
    [
        (WRITE, "", ["write_file"]),
        (f"{WRITE}</parameter>\n</func", "", ["write_file"]),
        (f"{WRITE}</function>", "", ["write_file"]),
        ("I look. <function=shell>\n<parameter=comm", "I look.", ["shell"]),
        (f"{OPEN}\n<function=shell><parameter=command>rm -rf a", "", ["shell"]),
        (f'{OPEN}{{"name": "shell", "arguments": {{"command": "rm -rf a', "", ["shell"]),
        (f"{tagged('shell', command='ls')}</function>{WRITE}", "", ["shell", "write_file"]),
    ],
)
def test_half_a_call_is_not_carried_out(reply: str, text: str, names: list[str]) -> None:
    """A reply that its limit of tokens cut off, anywhere in its last call."""
    parts = found(reply, TOOLS, 0, cut_at=4096)
    assert (parts.text, [call.name for call in parts.calls]) == (text, names)
    *before, last = [read_arguments(SANDBOX_TOOLS, call) for call in parts.calls]
    assert before == [{"command": "ls"}] * len(before)
    assert isinstance(last, BadCall)
    assert last.fault == "not_json"
    assert "[cut off at 4096 tokens, before the call was whole]" in last.text
    again = found(written(parts.text, parts.calls, TOOLS), TOOLS, 0)
    assert [call.name for call in again.calls] == names


@pytest.mark.parametrize(
    "reply",
    [
        f"{tagged('shell', command='ls')}</function> And then I will",
        f'{tagged("shell", command="ls")}\n{RESULT} call="1">\nmade up and so on',
        f'{OPEN}{{"name": "shell", "arguments": {{"command": "ls"}}}}</tool',
    ],
)
def test_a_whole_call_is_one_wherever_its_reply_breaks_off(reply: str) -> None:
    (call,) = found(reply, TOOLS, 0, cut_at=4096).calls
    assert (call.name, json.loads(call.arguments)) == LS[0]


def test_a_reply_that_was_cut_off_is_known_by_its_stop() -> None:
    with WireServer(Script(Reply(WRITE, stop="length", usage=Usage(9, 0, 77)), Reply(WRITE))) as server:
        client = connected("openai", "o1-preview", server)
        asked = request(Message("user", "Go."), tools=(SANDBOX_TOOLS["write_file"],))
        (cut,), (lenient,) = client.complete(asked).tool_calls, client.complete(asked).tool_calls
    assert cut.arguments == f"[cut off at 77 tokens, before the call was whole] {WRITE}"
    assert json.loads(lenient.arguments) == {"path": "a.py", "content": "x = 1"}


def test_what_cannot_stand_between_tags_is_written_as_json() -> None:
    plain = ToolCall("1", "shell", '{"command": "ls", "timeout": 5}')
    assert written("", [plain], TOOLS).startswith("<function=shell>\n<parameter=command>\nls\n")
    for value in ("a </parameter> b", "<function=x>", "</think>"):
        call = ToolCall("1", "shell", json.dumps({"command": value}))
        assert written("", [call], TOOLS).startswith(OPEN), value


def test_a_call_that_cannot_be_read_is_still_a_call() -> None:
    reply = f'{OPEN}\n{{"name": "shell", "arguments": {{"command": "say "hi""}}}}\n{CLOSE}'
    (call,) = found(reply, TOOLS, 0).calls
    assert call.name == "shell"
    assert 'say "hi"' in call.arguments


def test_a_conversation_as_such_a_model_sees_it() -> None:
    answer = f'Fine.\n{OPEN}{{"name": "shell", "arguments": {{"command": "pwd"}}}}{CLOSE}'
    with WireServer(Script(Reply(answer))) as server:
        client = connected("openai", "o1-preview", server)
        said = client.complete(request(*CONVERSATION, tools=(SHELL,), tool_choice="shell"))
    (body,) = server.bodies
    assert "tools" not in body
    assert "tool_choice" not in body
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
    first, second, third = (message["content"] for message in body["messages"])
    assert first.startswith("Be brief.\n\n# Tools")
    assert json.dumps(SHELL.json_schema()) in first
    assert "must end with a call of `shell`" in first
    assert first.endswith("List the files.")
    assert second == "I look.\n\n<function=shell>\n<parameter=command>\nls\n</parameter>\n</function>"
    assert third == '<tool_result call="call_1">\n```\na.csv\n```\n</tool_result>\n\nAnd now?'
    assert (said.text, said.stop) == ("Fine.", "tool_calls")
    assert said.tool_calls == (ToolCall("call_7_0", "shell", '{"command": "pwd"}'),)


class Listener:
    """A model that hears what it is told."""

    name = "listener"

    def __init__(self) -> None:
        self.heard: list[Sequence[Message]] = []

    def complete(self, request: ModelRequest) -> Completion:
        """See `Client.complete`."""
        self.heard.append(request.messages)
        return Completion("Fine.")


def test_what_was_said_before_is_not_written_anew() -> None:
    model = Listener()
    client = TextTools(model)
    for end in (4, 5):
        client.complete(request(*CONVERSATION[1:end], tools=(SHELL,)))
    first, second = model.heard
    assert [message.role for message in first] == ["system", "user", "assistant", "user"]
    assert second[1] is first[1] and second[2] is first[2]


def test_a_server_that_was_started_without_tools() -> None:
    with WireServer() as server:
        there = Endpoint("openai-compatible/x", "x", None, server.openai_url, 20, tools="text")
        said = make("openai-compatible", there).complete(request(tools=(SHELL,)))
        native = Endpoint("openai/o1-preview", "o1-preview", None, server.openai_url, 20, tools="native")
        make("openai", native).complete(request(tools=(SHELL,)))
    assert said.tool_calls == ()
    assert [("tools" in body) for body in server.bodies] == [False, True]


def test_without_tools_a_reply_is_left_alone() -> None:
    with WireServer(Script(Reply(f"{OPEN}{{}}{CLOSE}"))) as server:
        said = connected("openai", "o1-mini", server).complete(request(Message("user", "Hi.")))
    assert (said.text, said.tool_calls) == (f"{OPEN}{{}}{CLOSE}", ())
    assert server.bodies[0]["messages"] == [{"role": "user", "content": "Hi."}]

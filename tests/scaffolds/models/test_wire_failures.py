"""Every way in which the server of the tests fails, told apart by every client, in one try each."""

import socket
import traceback
from collections.abc import Generator
from dataclasses import replace
from typing import Literal, NamedTuple

import pytest

from scaffolds.calls import BadCall, read_arguments
from scaffolds.errors import ContextOverflow, RunError, UserError
from scaffolds.messages import JsonValue, Message, ToolCall
from scaffolds.models.client import Client, Endpoint
from scaffolds.models.clients import make
from scaffolds.models.failures import Transient
from scaffolds.models.protocol import ModelRequest
from tests.sandbox.support import eventually
from tests.scaffolds.models.wire_support import KEY, SHELL, connected, request
from tests.wire import Fault, Raw, Reply, Script, WireServer, faults_in_turn


class Way(NamedTuple):
    """A client, and settings that make it go one way or another."""

    api: str
    model: str
    settings: dict[str, JsonValue]


WAYS = [
    Way("openai", "gpt-4o", {}),
    Way("openai-compatible", "qwen", {}),
    Way("anthropic", "claude-opus-4-5", {}),
    Way("anthropic", "claude-opus-4-5", {"max_tokens": 64_000}),
]
IDS = ["responses", "chat", "messages", "streamed"]
TRANSIENT: dict[Fault, str] = {
    "rate_limit": "rate_limit",
    "rate_limit_bare": "rate_limit",
    "server_error": "server",
    "bad_gateway": "server",
    "overloaded": "overloaded",
    "drop": "connection",
    "half_body": "connection bad_answer",
    "invalid_json": "bad_answer",
    "empty_choice": "bad_answer",
}
ENDLESS = Script(Reply("ping " * 8000))
"""Takes ten seconds where it trickles: however late a client looks at its clock, it looks before the end."""
NEVER: dict[Fault, str] = {
    "quota": "model.quota",
    "content_filter": "model.input_refused",
    "bad_request": "model.request",
    "unauthorized": "model.key",
    "not_found": "model.unknown",
}


class Failing:
    """One server for all of these tests, and one client for each way: a client takes a while to make."""

    def __init__(self, server: WireServer) -> None:
        self.server = server
        self._clients: dict[str, Client] = {}

    def client(self, way: Way, *faults: Fault | Raw, timeout_s: float = 20) -> Client:
        """A client whose first requests fail."""
        self.server.plan = faults_in_turn(*faults)
        self.server.served.clear()
        name = f"{way.api} {timeout_s}"
        if name not in self._clients:
            self._clients[name] = connected(way.api, way.model, self.server, timeout_s=timeout_s)
        return self._clients[name]

    def error(self, way: Way, fault: Fault | Raw, timeout_s: float = 20) -> RunError:
        """What a client makes of a fault: after one try, without the key in any word, ready for the next.

        The next may be late on a busy machine, where the client has little patience.
        """
        client = self.client(way, fault, timeout_s=timeout_s)
        asked = ModelRequest((Message("user", "ping"),), settings=way.settings)
        with pytest.raises(RunError) as caught:
            client.complete(asked)
        assert eventually(lambda: len(self.server.served) == 1)  # a client may give up before it is heard
        assert any(self._answered(client, asked) for _ in range(20 if timeout_s < 1 else 1))
        error = caught.value
        assert f"{way.api}/{way.model}" in str(error)
        assert KEY not in "".join(traceback.format_exception(error))
        assert error.__context__ is None
        return error

    @staticmethod
    def _answered(client: Client, asked: ModelRequest) -> bool:
        try:
            return client.complete(asked).text == "pong"
        except Transient as late:
            assert late.kind == "timeout"
            return False


@pytest.fixture(scope="module")
def failing() -> Generator[Failing]:
    with WireServer(retry_after="17") as server:
        yield Failing(server)


@pytest.mark.parametrize("way", WAYS, ids=IDS)
@pytest.mark.parametrize("fault", TRANSIENT)
def test_what_a_later_try_may_mend(failing: Failing, way: Way, fault: Fault) -> None:
    error = failing.error(way, fault)
    assert isinstance(error, Transient)
    assert error.kind == TRANSIENT[fault] or (
        fault == "half_body" and error.kind in ("connection", "bad_answer")
    )
    assert error.retry_after == (17 if fault == "rate_limit" else None)


@pytest.mark.parametrize("way", WAYS, ids=IDS)
def test_a_hang(failing: Failing, way: Way) -> None:
    error = failing.error(way, "hang", timeout_s=0.3)
    assert isinstance(error, Transient)
    assert error.kind == "timeout"


@pytest.mark.parametrize("way", WAYS, ids=IDS)
@pytest.mark.parametrize("fault", ["hang", "trickle"])
def test_no_try_goes_on_without_its_run(way: Way, fault: Fault) -> None:
    """A provider that hangs closes the connection in the end, which would be another kind of failure."""
    asked = ModelRequest((Message("user", "ping"),), settings=way.settings, left_s=lambda: 0.0)
    with WireServer(ENDLESS, faults_in_turn(fault), pieces=1000) as server:
        url = server.url if way.api == "anthropic" else server.openai_url
        client = make(way.api, Endpoint("m", way.model, KEY, url, 100))
        with pytest.raises(Transient) as caught:
            client.complete(asked)
    assert caught.value.kind == "timeout"


@pytest.mark.parametrize("way", WAYS, ids=IDS)
@pytest.mark.parametrize("fault", NEVER)
def test_what_no_try_mends(failing: Failing, way: Way, fault: Fault) -> None:
    error = failing.error(way, fault)
    assert isinstance(error, UserError)
    assert error.code == NEVER[fault]


@pytest.mark.parametrize("way", WAYS, ids=IDS)
def test_a_conversation_that_is_too_long(failing: Failing, way: Way) -> None:
    assert isinstance(failing.error(way, "context_length"), ContextOverflow)


@pytest.mark.parametrize("way", WAYS, ids=IDS)
def test_a_slow_answer_is_an_answer(failing: Failing, way: Way) -> None:
    client = failing.client(way, "trickle")
    said = client.complete(ModelRequest((Message("user", "ping"),), settings=way.settings))
    assert said.text == "pong"
    assert failing.server.usage() == said.usage


def test_an_error_in_the_middle_of_a_stream(failing: Failing) -> None:
    error = failing.error(WAYS[3], "stream_error")
    assert isinstance(error, Transient)
    assert error.kind == "overloaded"


def test_a_failure_reported_with_a_status_of_success(failing: Failing) -> None:
    gateway = Raw(200, '{"error": {"message": "Provider returned error", "code": 502}}')
    assert isinstance(failing.error(WAYS[1], gateway), Transient)
    failed = '{"status": "failed", "error": {"code": "server_error", "message": "Sorry."}, "output": []}'
    assert isinstance(failing.error(WAYS[0], Raw(200, failed)), Transient)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"error": {"message": "No credits", "code": 402}}', "model.quota"),
        ('{"error": {"message": "?", "code": 404}}', "model.unknown"),
        (
            '{"choices": [{"message": {"content": "Half"}, "error": {"message": "?", "code": 403}}]}',
            "model.key",
        ),
        ('{"choices": [{"message": {"content": "Half"}, "finish_reason": "error"}]}', "model.bad_answer"),
    ],
)
def test_what_gateways_say_behind_a_status_of_success(failing: Failing, body: str, code: str) -> None:
    assert failing.error(WAYS[1], Raw(200, body)).code == code


def test_a_response_that_a_filter_refused_is_not_tried_again(failing: Failing) -> None:
    failed = '{"status": "failed", "error": {"code": "invalid_prompt", "message": "No."}, "output": []}'
    assert failing.error(WAYS[0], Raw(200, failed)).code == "model.input_refused"


@pytest.mark.parametrize("way", WAYS, ids=IDS)
def test_an_answer_of_nothing_that_says_why_is_not_tried_again(way: Way) -> None:
    asked = ModelRequest((Message("user", "ping"),), settings=way.settings)
    with WireServer(Script(Reply(stop="refusal"), Reply(stop="length"))) as server:
        client = connected(way.api, way.model, server)
        assert client.complete(asked).stop == "refusal"
        cut = client.complete(asked)
    assert (cut.text, cut.stop, cut.tool_calls) == ("", "length", ())
    assert len(server.served) == 2


@pytest.mark.parametrize(
    ("way", "stop"),
    # OpenAI's formats have no calls in a refusal.
    [*((way, "length") for way in WAYS), (WAYS[2], "refusal")],
    ids=[*IDS, "refused"],
)
def test_a_call_in_which_an_answer_broke_off_is_not_carried_out(
    way: Way, stop: Literal["length", "refusal"]
) -> None:
    """What is there of it may be valid JSON, and half a file."""
    calls = (ToolCall("a", "shell", '{"command":"ls"}'), ToolCall("b", "shell", '{"command":"rm -r /tm"}'))
    asked = ModelRequest((Message("user", "ping"),), (SHELL,), settings=way.settings)
    with WireServer(Script(Reply("I look.", calls, ("a thought",), stop), Reply("on"))) as server:
        client = connected(way.api, way.model, server)
        said = client.complete(asked)
        whole, half = said.tool_calls
        told = Message("tool", "no", tool_call_id="a"), Message("tool", "no", tool_call_id="b")
        client.complete(replace(asked, messages=(*asked.messages, said.message(), *told)))
    assert said.stop == stop
    assert read_arguments({"shell": SHELL}, whole) == {"command": "ls"}
    refused = read_arguments({"shell": SHELL}, half)
    assert isinstance(refused, BadCall)
    assert "cut off at 10 tokens" in refused.text
    assert "cut off" in str(server.bodies[1])


@pytest.mark.parametrize("way", WAYS, ids=IDS)
def test_reasoning_behind_which_nothing_came_is_not_sent_back(way: Way) -> None:
    asked = Message("user", "ping")
    model = {"openai": "o3"}.get(way.api, way.model)
    with WireServer(Script(Reply(reasoning=("half a tho",), stop="length"), Reply("on"))) as server:
        client = connected(way.api, model, server)
        said = client.complete(ModelRequest((asked,), settings=way.settings))
        client.complete(ModelRequest((asked, said.message(), asked), settings=way.settings))
    assert said.stop == "length"
    assert "half a tho" not in str(server.bodies[1])


@pytest.mark.parametrize("way", WAYS, ids=IDS)
def test_an_answer_that_does_not_end(way: Way) -> None:
    """Each of its bytes comes in time, so that no timeout of the packages ends it."""
    with WireServer(ENDLESS, faults_in_turn("trickle"), pieces=1000) as server:
        url = server.url if way.api == "anthropic" else server.openai_url
        client = make(way.api, Endpoint("m", way.model, KEY, url, 20, answer_s=0.05))
        asked = ModelRequest((Message("user", "ping"),), settings=way.settings)
        with pytest.raises(Transient, match=r"had not ended after 0\.05 s") as caught:
            client.complete(asked)
        assert caught.value.kind == "timeout"
        assert caught.value.__context__ is None


@pytest.mark.parametrize("way", WAYS, ids=IDS)
def test_a_body_that_is_not_in_its_encoding(failing: Failing, way: Way) -> None:
    zipped = Raw(200, "not zipped", {"Content-Encoding": "gzip"})
    assert failing.error(way, zipped).code in ("model.bad_answer", "model.connection")


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        for way in WAYS:
            client = make(way.api, Endpoint("m", way.model, KEY, url, 5))
            with pytest.raises(Transient) as caught:
                client.complete(request())
            assert caught.value.kind == "connection"


@pytest.mark.parametrize(
    ("body", "overflows"),
    [
        # vLLM
        ('{"object": "error", "message": "This model\'s maximum context length is 4096 tokens."}', True),
        # llama.cpp
        (
            '{"error": {"code": 400, "type": "exceed_context_size_error", '
            '"message": "the request exceeds the available context size, try increasing it"}}',
            True,
        ),
        ('{"detail": "Input length exceeds the context window"}', True),
        ('{"error": "model \\"phi\\" does not support tools"}', False),
        ("tools param requires --jinja flag", False),
    ],
)
def test_what_local_servers_say(failing: Failing, body: str, overflows: bool) -> None:
    error = failing.error(WAYS[1], Raw(400, body))
    assert isinstance(error, ContextOverflow if overflows else UserError)
    assert "context" in str(error) or "tools" in str(error)


@pytest.mark.parametrize("way", WAYS[:3], ids=IDS[:3])
def test_a_wrong_key_is_not_quoted(way: Way) -> None:
    with WireServer(key="another") as server, pytest.raises(UserError) as caught:
        connected(way.api, way.model, server).complete(request())
    assert caught.value.code == "model.key"
    assert KEY not in str(caught.value)


def test_keys_and_urls_that_cannot_be_sent() -> None:
    for endpoint in (
        Endpoint("m", "gpt-4o", "sk-with\nnewline"),
        Endpoint("m", "gpt-4o", "sk-café"),
        Endpoint("m", "gpt-4o", KEY, "localhost:8000"),
    ):
        with pytest.raises(UserError) as caught:
            make("openai", endpoint)
        assert str(endpoint.key) not in str(caught.value)


@pytest.mark.parametrize("way", WAYS[:3], ids=IDS[:3])
@pytest.mark.parametrize(("name", "value"), [("temprature", 1), ("max_tokens", -1), ("stop", 3)])
def test_settings_that_do_not_exist(failing: Failing, way: Way, name: str, value: JsonValue) -> None:
    with pytest.raises(UserError, match=name):
        failing.client(way).complete(ModelRequest((), settings={name: value}))
    assert not failing.server.served

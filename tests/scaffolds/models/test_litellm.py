"""The litellm package, pointed at the server of the tests."""

import os
import subprocess
import sys
import traceback
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from scaffolds.errors import ContextOverflow, RunError, UserError
from scaffolds.messages import Message, ToolCall, Usage
from scaffolds.models.client import Client, Endpoint
from scaffolds.models.clients import make
from scaffolds.models.failures import Transient
from scaffolds.models.litellm_chat import LiteLLMChat
from tests.sandbox.support import eventually
from tests.scaffolds.models.wire_support import CONVERSATION, KEY, SHELL, request
from tests.wire import Fault, Raw, Reply, Script, WireServer, faults_in_turn

LLAMA = "openrouter/meta-llama/llama-3.1-405b-instruct"
# Its logging calls home to nobody, and leaves threads and coroutines behind that nobody waits for.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def server() -> Generator[WireServer]:
    with WireServer(retry_after="17") as server:
        yield server


def client(server: WireServer, model: str = LLAMA, timeout_s: float = 20) -> Client:
    server.served.clear()
    server.brain = Script()
    base = server.url if model.startswith("anthropic") else server.openai_url
    return make("litellm", Endpoint(f"litellm/{model}", model, KEY, base, timeout_s))


def test_a_call(server: WireServer) -> None:
    server.plan = faults_in_turn()
    asking = client(server)
    call = ToolCall("call_9", "shell", '{"command":"ls"}')
    server.brain = Script(Reply("I look.", (call,), stop="tool_calls", usage=Usage(50, 30, 20, 12)))
    said = asking.complete(request(*CONVERSATION, tools=(SHELL,), temperature=0.5, max_tokens=99))
    assert (said.text, said.tool_calls, said.stop) == ("I look.", (call,), "tool_calls")
    assert said.usage == Usage(50, 30, 20, 12)
    body = server.bodies[0]
    assert body["model"] == "meta-llama/llama-3.1-405b-instruct"
    assert [message["role"] for message in body["messages"]] == [
        "system",
        "user",
        "assistant",
        "tool",
        "user",
    ]
    assert body["messages"][2]["tool_calls"][0]["function"] == {
        "name": "shell",
        "arguments": '{"command":"ls"}',
    }
    assert body["tools"][0]["function"]["parameters"] == SHELL.json_schema()
    assert (body["temperature"], body["max_tokens"]) == (0.5, 99)
    assert server.served[0].headers["authorization"] == f"Bearer {KEY}"


def test_thinking_goes_to_and_fro(server: WireServer) -> None:
    server.plan = faults_in_turn()
    asking = client(server, "anthropic/claude-sonnet-4-5")
    server.brain = Script(Reply("Yes.", reasoning=("deep",), usage=Usage(50, 30, 20, written=5)))
    said = asking.complete(request())
    assert said.usage == Usage(50, 30, 20, written=5)
    asking.complete(request(Message("user", "ping"), said.message(), Message("user", "Sure?")))
    thought = {"type": "thinking", "thinking": "deep", "signature": "signed:deep"}
    assert thought in server.bodies[1]["messages"][1]["content"]


@pytest.mark.parametrize(
    ("fault", "expected", "code"),
    [
        ("rate_limit", Transient, "model.rate_limit"),
        ("rate_limit_bare", Transient, "model.rate_limit"),
        ("server_error", Transient, "model.server"),
        ("bad_gateway", Transient, ""),
        ("overloaded", Transient, ""),
        ("drop", Transient, ""),
        ("half_body", Transient, ""),
        ("invalid_json", Transient, ""),
        ("empty_choice", Transient, ""),
        ("hang", Transient, "model.timeout"),
        ("context_length", ContextOverflow, ""),
        ("quota", UserError, "model.quota"),
        ("content_filter", UserError, "model.input_refused"),
        ("bad_request", UserError, "model.request"),
        ("unauthorized", UserError, "model.key"),
        ("not_found", UserError, "model.unknown"),
    ],
)
def test_failures(
    server: WireServer,
    capfd: pytest.CaptureFixture[str],
    fault: Fault,
    expected: type[RunError],
    code: str,
) -> None:
    asking = client(server, timeout_s=1 if fault == "hang" else 20)
    server.plan = faults_in_turn(fault)
    with pytest.raises(RunError) as caught:
        asking.complete(request())
    assert type(caught.value) is expected, caught.value
    assert code in caught.value.code
    assert eventually(lambda: len(server.served) == 1)  # a client may give up before it is heard
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None
    if fault == "rate_limit":
        assert isinstance(caught.value, Transient)
        assert caught.value.retry_after == 17
    assert capfd.readouterr() == ("", "")


def test_no_try_goes_on_without_its_run(server: WireServer) -> None:
    asking = client(server, timeout_s=100)
    server.plan = faults_in_turn("hang")
    with pytest.raises(Transient) as caught:
        asking.complete(replace(request(), left_s=lambda: 0.5))
    assert caught.value.kind == "timeout"


def test_a_provider_that_nobody_knows(server: WireServer) -> None:
    with pytest.raises(UserError) as caught:
        client(server, "nobody/knows-this").complete(request())
    assert caught.value.code == "model.unknown"


def test_no_usage(server: WireServer) -> None:
    asking = client(server)
    server.plan = faults_in_turn("no_usage", Raw(200, '{"choices": []}'))
    assert asking.complete(request()).usage.estimated


def test_it_is_imported_at_the_first_call_and_reads_no_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PLANTED_IN_DOTENV=1\n")
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[1]);"
        "from scaffolds.models import litellm_chat;"
        "assert 'litellm' not in sys.modules;"
        "litellm_chat._litellm();"
        "assert 'litellm' in sys.modules and 'PLANTED_IN_DOTENV' not in os.environ"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LITELLM")}
    done = subprocess.run(
        [sys.executable, "-c", code, str(Path.cwd())],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_it_is_a_client() -> None:
    assert LiteLLMChat(Endpoint("litellm/x/y", "x/y")).name == "litellm/x/y"

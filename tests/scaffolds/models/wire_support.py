"""Clients pointed at the server of `tests.wire`, and what they are asked."""

from scaffolds.messages import JsonValue, Message, ToolCall
from scaffolds.models.client import Client, Endpoint
from scaffolds.models.clients import make
from scaffolds.models.protocol import ModelRequest
from scaffolds.tools import SANDBOX_TOOLS, Parameter, ToolSpec
from tests.wire import WireServer

KEY = "sk-planted-0123456789abcdef"
SHELL = SANDBOX_TOOLS["shell"]
FINISH = SANDBOX_TOOLS["finish"]
REVIEW = ToolSpec(
    "review",
    "Judge it.",
    {
        "good": Parameter("boolean", "Whether it is good."),
        "metric": Parameter("number", "The score.", nullable=True),
        "note": Parameter("string", "A remark.", required=False),
        "kind": Parameter("string", "A kind.", required=False, choices=("a", "b")),
    },
)


def connected(api: str, model: str, server: WireServer, *, timeout_s: float = 20, key: str = KEY) -> Client:
    """A client of an API at the server."""
    url = server.url if api == "anthropic" else server.openai_url
    return make(api, Endpoint(f"{api}/{model}", model, key, url, timeout_s))


def request(*messages: Message, tools: tuple[ToolSpec, ...] = (), **settings: JsonValue) -> ModelRequest:
    """A request; a short one where no messages are given."""
    return ModelRequest(messages or (Message("user", "ping"),), tools, settings, seed=7)


CONVERSATION = (
    Message("system", "Be brief."),
    Message("user", "List the files."),
    Message("assistant", "I look.", (ToolCall("call_1", "shell", '{"command":"ls"}'),)),
    Message("tool", "a.csv", tool_call_id="call_1"),
    Message("user", "And now?"),
)

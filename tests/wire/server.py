"""The server: real sockets, a thread a connection, everything it was sent remembered."""

import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, cast

from scaffolds.messages import ToolCall, Usage
from tests.wire.brains import Brain, Reply, Script
from tests.wire.faults import ANSWERED, CHARGED, ERRORS, Fault, Plan, Raw, no_faults
from tests.wire.formats import FORMATS, Format, sse, usage_fields
from tests.wire.prefixes import PrefixCache

Json = dict[str, Any]
STATISTICS = "/_served"
_REFUSED = "I cannot help with that."


@dataclass
class Served:
    """One request and what became of it."""

    number: int
    path: str
    headers: dict[str, str]
    body: Json
    fault: str | None
    usage: Usage | None = None
    """What was charged for it; None for nothing."""
    delivered: bool = False
    """Whether the whole answer went out."""


@dataclass
class WireServer:
    """Use as a context manager, or `start` and `close`."""

    brain: Brain = field(default_factory=Script)
    plan: Plan = no_faults
    key: str | None = None
    """Where one is set, any other is refused, in words that quote it."""
    retry_after: str = "0"
    hang_s: float = 60.0
    """How long a hang lasts where nobody goes."""
    pieces: int = 20
    """Of a whole answer that trickles, a hundredth of a second apart."""
    port: int = 0
    caching: bool = False
    """Whether Anthropic's cache marks are honoured in the usage."""
    served: list[Served] = field(default_factory=list[Served])

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.prefixes = PrefixCache()
        self._http: _Http | None = None

    def start(self) -> Self:
        """Listen, on a free port unless one is given."""
        self._http = _Http(("127.0.0.1", self.port), self)
        self.port = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def close(self) -> None:
        """Stop listening, and end what hangs."""
        self.stopping.set()
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """What the anthropic package takes for its base."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def openai_url(self) -> str:
        """What the openai package takes for its base."""
        return f"{self.url}/v1"

    @property
    def bodies(self) -> list[Json]:
        """What was sent, in order."""
        return [served.body for served in self.served]

    def usage(self, *, delivered: bool = True) -> Usage:
        """What was charged for answers that went out whole, or for those that did not."""
        charged = [s.usage for s in self.served if s.usage is not None and s.delivered is delivered]
        return sum(charged, Usage())

    def statistics(self) -> Json:
        """Counts, as `GET /_served` tells them."""
        with self.lock:
            return {
                "requests": len(self.served),
                "faults": dict(Counter(served.fault for served in self.served if served.fault)),
                "delivered": sum(served.delivered for served in self.served),
                "usage": usage_fields(self.usage()),
                "lost_usage": usage_fields(self.usage(delivered=False)),
            }


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], wire: WireServer) -> None:
        self.wire = wire
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Clients that go away in the middle are what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def _wire(self) -> WireServer:
        return cast("_Http", self.server).wire

    def log_message(self, format: str, *args: Any) -> None:  # noqa: ANN401
        """Nothing is printed."""

    def do_GET(self) -> None:
        """The statistics."""
        found = self.path == STATISTICS
        self._send(200 if found else 404, json.dumps(self._wire.statistics() if found else {}).encode())

    def do_POST(self) -> None:
        """A request of a model."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        wire = self._wire
        headers = {name.lower(): value for name, value in self.headers.items()}
        with wire.lock:
            fault = wire.plan(len(wire.served))
            name = fault if isinstance(fault, str) else f"raw {fault.status}" if fault else None
            served = Served(len(wire.served), self.path, headers, body, name)
            wire.served.append(served)
        form = FORMATS.get(self.path)
        if isinstance(fault, Raw):
            self._send(fault.status, fault.body.encode(), dict(fault.headers))
        elif form is None:
            self._send(404, b'{"error": {"message": "no such path"}}')
        elif wire.key is not None and wire.key not in (headers.get("x-api-key"), _bearer(headers)):
            self._refuse(form, "unauthorized", served)
        elif fault is None or not self._refuse(form, fault, served):
            self._answer(form, fault, served)

    def _refuse(self, form: Format, fault: Fault, served: Served) -> bool:
        """Answer with an error, or not at all; whether the fault is such a one."""
        if fault == "hang":
            self._hang()
        elif fault == "drop":
            self._cut(b"")
        elif fault == "bad_gateway":
            self._send(502, b"<html><h1>502 Bad Gateway</h1></html>", {"Content-Type": "text/html"})
        elif fault in ERRORS:
            status, message, kind, code = ERRORS[fault]
            if fault == "context_length":
                message = form.too_long
            if fault == "unauthorized":
                message += served.headers.get("x-api-key") or _bearer(served.headers) or ""
            headers = {"Retry-After": self._wire.retry_after} if fault == "rate_limit" else {}
            self._send(status, json.dumps(form.error(message, kind, code)).encode(), headers)
        else:
            return False
        return True

    def _answer(self, form: Format, fault: Fault | None, served: Served) -> None:
        wire = self._wire
        reply = wire.brain.reply(form.ask(served.body))
        if wire.caching and form.events is not None and reply.usage is not None:
            reply = replace(reply, usage=wire.prefixes.usage(served.body, reply.usage))
        reply = _changed(reply, fault)
        answer = form.answer(served.body, reply, served.number)
        if fault == "empty_choice":
            answer = form.empty(answer)
        if (
            fault is None
            or fault in CHARGED
            or fault in ("trickle", "refusal", "broken_arguments", "no_usage")
        ):
            served.usage = reply.usage
        # Said beforehand: a client that has the last byte may look at once.
        served.delivered = fault is None or fault in ANSWERED
        try:
            if served.body.get("stream") and form.events is not None:
                self._stream(sse(form.events(answer)), fault)
            else:
                self._whole(json.dumps(answer).encode(), fault)
        except OSError:
            served.delivered = False

    def _whole(self, data: bytes, fault: Fault | None) -> None:
        if fault == "half_body":
            self._cut(_head(200, len(data)) + data[: len(data) // 2])
        elif fault == "invalid_json":
            self._send(200, data[:-2] + b" oops")
        elif fault == "trickle":
            self._trickle(data)
        else:
            self._send(200, data)

    def _stream(self, events: Iterator[bytes], fault: Fault | None) -> None:
        self.close_connection = True
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        parts = list(events)
        if fault == "half_body":
            parts = parts[: len(parts) // 2]
        elif fault == "invalid_json":
            parts = [*parts[:2], b"event: content_block_delta\ndata: {oops\n\n"]
        elif fault == "stream_error":
            error = b'{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}'
            parts = [*parts[: len(parts) // 2], b"event: error\ndata: " + error + b"\n\n"]
        self.wfile.write(head.encode())
        for part in parts:
            self.wfile.write(part)
            if fault == "trickle":
                self._wire.stopping.wait(0.002)

    def _send(self, status: int, data: bytes, headers: dict[str, str] | None = None) -> None:
        self.wfile.write(_head(status, len(data), headers) + data)

    def _trickle(self, data: bytes) -> None:
        self.wfile.write(_head(200, len(data)))
        step = max(1, len(data) // self._wire.pieces)
        for start in range(0, len(data), step):
            self.wfile.write(data[start : start + step])
            self._wire.stopping.wait(0.01)

    def _hang(self) -> None:
        """Nothing more, until the client goes or the server ends."""
        self.connection.settimeout(0.05)
        self.close_connection = True
        waited = 0.0
        while waited < self._wire.hang_s and not self._wire.stopping.is_set():
            try:
                if not self.connection.recv(1, socket.MSG_PEEK):
                    return
            except TimeoutError:
                waited += 0.05

    def _cut(self, data: bytes) -> None:
        """Send so much, and close the connection."""
        self.close_connection = True
        self.wfile.write(data)


def _changed(reply: Reply, fault: Fault | None) -> Reply:
    """A reply as some faults would have it."""
    if fault == "refusal":
        return replace(reply, text=_REFUSED, calls=(), stop="refusal")
    if fault == "no_usage":
        return replace(reply, usage=None)
    if fault == "broken_arguments":
        calls = reply.calls or (ToolCall("call_broken", "shell", "{}"),)
        broken = tuple(replace(call, arguments='{"command": "ls') for call in calls)
        return replace(reply, calls=broken, stop="tool_calls")
    return reply


def _bearer(headers: dict[str, str]) -> str | None:
    return headers.get("authorization", "").removeprefix("Bearer ") or None


def _head(status: int, length: int, headers: dict[str, str] | None = None) -> bytes:
    """The head of an answer; sent with its body at once, which spares a round trip."""
    fields = {"Content-Type": "application/json", "Content-Length": str(length), **(headers or {})}
    lines = [f"HTTP/1.1 {status} Status", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode()

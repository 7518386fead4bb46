"""Anthropic's models, over the Messages API of the anthropic package.

Answers that may take more than ten minutes are streamed and put together here: networks drop a connection
that is silent for so long.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from typing import Any

import anthropic
import httpx2
import orjson

from scaffolds.errors import RunError
from scaffolds.messages import Completion, JsonValue, ToolCall, Usage
from scaffolds.models.anthropic_format import MessagesFormat
from scaffolds.models.anthropic_stream import ARGUMENTS, BrokenStream, StreamError, assembled, lines
from scaffolds.models.capabilities import capabilities
from scaffolds.models.client import Endpoint
from scaffolds.models.counting import counted_usage, estimated_usage
from scaffolds.models.faults import bad_answer, dropped, failure, fault_of, timed_out, too_slow
from scaffolds.models.pieces import CUT_OFF, Piece, as_ended, calls_of, provider_record, text_of
from scaffolds.models.protocol import ModelRequest
from scaffolds.models.settings import read_settings
from scaffolds.models.wire import (
    Object,
    TooSlow,
    as_count,
    as_object,
    as_objects,
    as_text,
    in_time,
    parse_object,
    without_nulls,
)

ANTHROPIC_URL = "https://api.anthropic.com"
STREAMED_FROM = 21_334
"""Tokens that may be answered: from here on the package too expects more than ten minutes."""
_STOPS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "refusal",
}


class AnthropicMessages:
    """A `Client` over the Messages API."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.name = endpoint.name
        self._endpoint = endpoint
        self._format = MessagesFormat(endpoint.model, capabilities(endpoint.model))

    def complete(self, request: ModelRequest) -> Completion:
        """See `Client.complete`."""
        body = self._format.body(request, read_settings(request.settings, self.name))
        streamed = body["max_tokens"] >= STREAMED_FROM
        answer = self._returned(
            lambda: self._streamed(body, request) if streamed else self._sent(body, request)
        )
        if isinstance(answer, RunError):
            raise answer
        return self._completion(answer, request)

    def _sent(self, body: dict[str, Any], request: ModelRequest) -> Object:
        with self._response(body, request) as parts:
            return parse_object(b"".join(parts), self.name)

    def _streamed(self, body: dict[str, Any], request: ModelRequest) -> Object:
        with self._response({**body, "stream": True}, request) as parts:
            return assembled(lines(parts))

    @contextmanager
    def _response(self, body: dict[str, Any], request: ModelRequest) -> Generator[Iterator[bytes]]:
        """The parts of an answer, as they come."""
        # As bytes: the package would copy the whole conversation before it encodes it, more slowly.
        response = self._client.post(
            "/v1/messages",
            cast_to=httpx2.Response,
            content=orjson.dumps(body),
            options={"timeout": self._timeout(request)},
            stream=True,  # for us, who look at the clock while it comes
            stream_cls=anthropic.Stream[Any],
        )
        assert isinstance(response, httpx2.Response)  # what is cast to it is not made a stream of objects
        with closing(response):
            yield in_time(response.iter_bytes(), self._endpoint.longest_s(request))

    def _returned(self, send: Callable[[], Object]) -> Object | RunError:
        """What `send` returns, or the error that its exception means.

        Returned and not raised: an error raised here would hold the package's as its context, and that one
        the request with its key.
        """
        endpoint = self._endpoint
        try:
            return send()
        except (anthropic.APITimeoutError, httpx2.TimeoutException):
            return timed_out(endpoint)
        except anthropic.APIConnectionError:
            return dropped(endpoint)
        except anthropic.APIStatusError as error:
            return failure(fault_of(error.status_code, error.body, error.response.headers), endpoint)
        except anthropic.AnthropicError as error:
            return failure(fault_of(None, str(error), {}), endpoint)
        except StreamError as error:
            return failure(fault_of(None, dict(error.body), {}), endpoint)
        except TooSlow:
            return too_slow(endpoint)
        except (BrokenStream, httpx2.RequestError):
            return bad_answer(endpoint, "the answer broke off")

    def _timeout(self, request: ModelRequest) -> anthropic.Timeout:
        endpoint = self._endpoint
        return anthropic.Timeout(endpoint.silence_s(request), connect=endpoint.connect_s(request))

    @cached_property
    def _client(self) -> anthropic.Anthropic:
        endpoint = self._endpoint
        return anthropic.Anthropic(
            api_key=endpoint.key or "none",
            base_url=endpoint.base_url or ANTHROPIC_URL,
            max_retries=0,
        )

    def _completion(self, answer: Object, request: ModelRequest) -> Completion:
        content = answer.get("content")
        stop = _STOPS.get(as_text(answer.get("stop_reason")), "stop")
        # One that was refused or cut off may be empty, and another try would be no other.
        ended = stop not in CUT_OFF
        if ended and (not isinstance(content, list) or (not content and not _answers_calls(request))):
            raise bad_answer(self._endpoint, "an answer without content")
        pieces = [piece for block in as_objects(content) for piece in _pieces(block)]
        text = text_of(pieces)
        usage = _usage(answer.get("usage")) or estimated_usage(request, text)
        pieces = as_ended(pieces, stop, usage.output)
        provider = provider_record(pieces, self._format.origin)
        return Completion(text, calls_of(pieces), stop, usage, provider=provider)


def _answers_calls(request: ModelRequest) -> bool:
    """Whether the model has just been told the results of its calls: it may have nothing to add to them."""
    return bool(request.messages) and request.messages[-1].role == "tool"


def _pieces(block: Object) -> Sequence[Piece]:
    match block.get("type"):
        case "text":
            return [Piece(text=as_text(block.get("text")))]
        case "tool_use":
            call = ToolCall(as_text(block.get("id")), as_text(block.get("name")), _arguments(block))
            return [Piece(call=call)]
        case _:  # thinking, also where it is redacted, and what only this API knows
            return [Piece(opaque=without_nulls(block))]


def _arguments(block: Object) -> str:
    written = block.get(ARGUMENTS)
    return (
        written if isinstance(written, str) and written else orjson.dumps(block.get("input") or {}).decode()
    )


def _usage(value: JsonValue) -> Usage | None:
    usage = as_object(value)
    fresh, output = as_count(usage.get("input_tokens")), as_count(usage.get("output_tokens"))
    read = as_count(usage.get("cache_read_input_tokens"))
    written = as_count(usage.get("cache_creation_input_tokens"))
    if not fresh + read + written or usage.get("output_tokens") is None:
        return None
    thinking = as_object(usage.get("output_tokens_details")).get("thinking_tokens")
    return counted_usage(fresh + read + written, read, output, as_count(thinking), written)

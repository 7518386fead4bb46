"""One try on the wire, through the openai package: its connections, headers and timeouts, our JSON.

Answers are read as bytes, not as the package's objects: what a provider sent is kept and sent back as it
was, and local servers with fields of their own are no trouble.
"""

import contextlib
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import httpx2
import openai
import orjson

from scaffolds.errors import RunError
from scaffolds.models.client import Endpoint
from scaffolds.models.faults import bad_answer, dropped, failure, fault_of, timed_out, too_slow
from scaffolds.models.protocol import ModelRequest
from scaffolds.models.wire import Object, TooSlow, in_time, parse_object

OPENAI_URL = "https://api.openai.com/v1"


class OpenAIWire:
    """Sends requests to one endpoint; safe in several threads."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def post(self, path: str, body: Mapping[str, object], request: ModelRequest) -> Object:
        """The answer to `body`, which is what `request` is on the wire.

        Raises:
            RunError: see `Client.complete`.
        """
        answer = returned(self._endpoint, lambda: self._send(path, body, request))
        if isinstance(answer, RunError):
            raise answer
        return parse_object(answer, self._endpoint.name)

    def _send(self, path: str, body: Mapping[str, object], request: ModelRequest) -> bytes:
        # As bytes: the package would copy the whole conversation before it encodes it, more slowly.
        response = self._client.post(
            path,
            cast_to=httpx2.Response,
            content=orjson.dumps(body),
            options={"timeout": self._timeout(request)},
            stream=True,  # for us, who look at the clock while it comes; the provider is not told
            stream_cls=openai.Stream[Any],
        )
        assert isinstance(response, httpx2.Response)  # what is cast to it is not made a stream of objects
        with contextlib.closing(response):
            return b"".join(in_time(response.iter_bytes(), self._endpoint.longest_s(request)))

    def _timeout(self, request: ModelRequest) -> openai.Timeout:
        endpoint = self._endpoint
        return openai.Timeout(endpoint.silence_s(request), connect=endpoint.connect_s(request))

    @cached_property
    def _client(self) -> openai.OpenAI:
        endpoint = self._endpoint
        # What the package would read from the environment is for OpenAI and nobody else.
        foreign = {"OpenAI-Organization": openai.Omit(), "OpenAI-Project": openai.Omit()}
        return openai.OpenAI(
            api_key=endpoint.key or "none",
            base_url=endpoint.base_url or OPENAI_URL,
            max_retries=0,
            default_headers=None if endpoint.base_url is None else foreign,  # pyright: ignore[reportArgumentType]
        )


def returned(endpoint: Endpoint, send: Callable[[], bytes]) -> bytes | RunError:
    """What `send` returns, or the error that its exception means.

    Returned and not raised: an error raised here would hold the package's as its context, and that one
    the request with its key.
    """
    try:
        return send()
    except openai.APITimeoutError:
        return timed_out(endpoint)
    except openai.APIConnectionError:
        return dropped(endpoint)
    except openai.APIStatusError as error:
        return failure(fault_of(error.status_code, error.body, error.response.headers), endpoint)
    except openai.APIError as error:
        return failure(fault_of(None, error.body or error.message, {}), endpoint)
    except httpx2.TimeoutException:
        return timed_out(endpoint)
    except TooSlow:
        return too_slow(endpoint)
    except httpx2.RequestError:
        return bad_answer(endpoint, "the answer broke off")

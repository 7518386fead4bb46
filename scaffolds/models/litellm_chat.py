"""Every other provider, through the litellm package, which knows some hundred of them.

It is imported at the first call, since that takes seconds, and kept quiet: it would print, log requests,
read a `.env` into the environment that sandboxes' parents have, and fetch its price list from the network.
"""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# Its types end in Unknown; what comes back is read as the JSON that it stands for.

import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from types import ModuleType
from typing import Any, cast

import httpx
import openai

from scaffolds.errors import RunError
from scaffolds.messages import Completion
from scaffolds.models.capabilities import capabilities
from scaffolds.models.chat_format import ChatFormat
from scaffolds.models.client import Endpoint
from scaffolds.models.faults import Fault, bad_answer, dropped, failure, retry_after, timed_out
from scaffolds.models.protocol import ModelRequest
from scaffolds.models.settings import read_settings
from scaffolds.models.wire import Object

_QUIET = {
    "LITELLM_MODE": "PRODUCTION",  # reads no .env
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_LOCAL_BLOG_POSTS": "True",
    "LITELLM_LOCAL_POLICY_TEMPLATES": "True",
}


class LiteLLMChat:
    """A `Client` over litellm. Settings that a provider does not know are left out of its request."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.name = endpoint.name
        self._endpoint = endpoint
        can = replace(capabilities(endpoint.model), limit_field="max_tokens")  # litellm knows its other names
        self._format = ChatFormat(endpoint, can)
        own = {"api_key": endpoint.key, "base_url": endpoint.base_url}
        self._opened_by = {**endpoint.options, **{name: value for name, value in own.items() if value}}

    def complete(self, request: ModelRequest) -> Completion:
        """See `Client.complete`."""
        body = self._format.body(request, read_settings(request.settings, self.name))
        answer = self._answer(body, self._endpoint.silence_s(request))
        if isinstance(answer, RunError):
            raise answer
        return self._format.completion(answer, request)

    def _answer(self, body: dict[str, Any], timeout_s: float) -> Object | RunError:
        """The answer, or the error that litellm's exception means.

        Returned and not raised: an error raised here would hold litellm's as its context, and that one the
        request with its key.
        """
        litellm, endpoint = _litellm(), self._endpoint
        try:
            answer = litellm.completion(
                model=endpoint.model,
                **self._opened_by,
                timeout=timeout_s,
                max_retries=0,
                num_retries=0,
                drop_params=True,
                _skip_mcp_handler=True,  # it would import a package that litellm does not bring along
                **body,
            )
            return cast("Object", answer.model_dump(warnings=False))
        except openai.APITimeoutError:
            return timed_out(endpoint)
        except openai.APIError as error:
            return _failure(error, endpoint)
        except openai.OpenAIError as error:
            return failure(Fault(401, str(error)), endpoint)
        except ImportError as error:
            return failure(Fault(400, f"litellm needs a package for this provider: {error}"), endpoint)
        except (ValueError, TypeError, AttributeError, KeyError, httpx.TransportError) as error:
            # Where an answer has not the form that it expects, litellm falls over its own code.
            return bad_answer(endpoint, f"litellm could not read the answer ({type(error).__name__})")


def _failure(error: openai.APIError, endpoint: Endpoint) -> RunError:
    status: object = getattr(error, "status_code", None)
    headers: object = getattr(error, "litellm_response_headers", None)
    asked = retry_after(cast("Mapping[str, str]", headers)) if isinstance(headers, Mapping) else None
    fault = Fault(status if isinstance(status, int) else None, error.message, type(error).__name__, asked)
    found = failure(fault, endpoint)
    if isinstance(error, openai.APIConnectionError) and getattr(found, "kind", None) == "server":
        return dropped(endpoint)
    return found


def warm() -> None:
    """Import the package now, so that no process forked from this one has to."""
    _litellm()


@cache
def _litellm() -> ModuleType:
    os.environ.update(_QUIET)
    import litellm

    litellm.suppress_debug_info = True
    litellm.turn_off_message_logging = True
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return litellm

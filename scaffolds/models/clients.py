"""Clients by the API that a provider speaks. A package is imported when a client over it is made."""

import re
from importlib import import_module

from scaffolds.errors import UserError
from scaffolds.models.capabilities import capabilities
from scaffolds.models.client import Client, Endpoint
from scaffolds.models.failures import BAD_REQUEST, KEY_REFUSED
from scaffolds.models.faults import host


def make(api: str, endpoint: Endpoint) -> Client:
    """The client for a model, with tools as text where the model calls none by itself.

    Args:
        api: `openai`, `anthropic`, `litellm`, or `openai-compatible` for whatever speaks Chat Completions.
        endpoint: where the model is.

    Raises:
        UserError: the key or the base URL are such that no request can be made with them.
    """
    _check(endpoint)
    client = _native(api, endpoint)
    native = capabilities(endpoint.model).tools if endpoint.tools is None else endpoint.tools == "native"
    if native:
        return client
    from scaffolds.models.text_tools import TextTools

    return TextTools(client)


def warm(api: str) -> None:
    """Import what clients over `api` need, so that no process forked from this one has to."""
    modules = {"anthropic": "anthropic_messages", "litellm": "litellm_chat", "openai": "openai_responses"}
    import_module(f"scaffolds.models.{modules.get(api, 'openai_chat')}")
    if api == "litellm":
        from scaffolds.models.litellm_chat import warm as warm_package

        warm_package()


def _check(endpoint: Endpoint) -> None:
    """Refuse what a package would take for a broken connection, and would be tried again for hours."""
    key, url = endpoint.key or "", endpoint.base_url
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UserError(
            f"{endpoint.name}: the key holds a space, a line break or a letter that no key has. Copy it anew",
            code=KEY_REFUSED,
        )
    if url is not None and not re.match(r"https?://[^/\s]", url):
        raise UserError(
            f"{endpoint.name}: {host(url)!r} is no base URL; it begins with http:// or https://",
            code=BAD_REQUEST,
        )


def _native(api: str, endpoint: Endpoint) -> Client:
    if api == "anthropic":
        from scaffolds.models.anthropic_messages import AnthropicMessages

        return AnthropicMessages(endpoint)
    if api == "litellm":
        from scaffolds.models.litellm_chat import LiteLLMChat

        return LiteLLMChat(endpoint)
    if api == "openai" and capabilities(endpoint.model).responses:
        from scaffolds.models.openai_responses import OpenAIResponses

        return OpenAIResponses(endpoint)
    from scaffolds.models.openai_chat import OpenAIChat

    return OpenAIChat(endpoint)

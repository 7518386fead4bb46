"""Clients by the API that a provider speaks. A package is imported when a client over it is made."""

from scaffolds.models.capabilities import capabilities
from scaffolds.models.client import Client, Endpoint


def make(api: str, endpoint: Endpoint) -> Client:
    """The client for a model, with tools as text where the model calls none by itself.

    Args:
        api: `openai`, `anthropic`, `litellm`, or `openai-compatible` for whatever speaks Chat Completions.
        endpoint: where the model is.
    """
    client = _native(api, endpoint)
    native = capabilities(endpoint.model).tools if endpoint.tools is None else endpoint.tools == "native"
    if native:
        return client
    from scaffolds.models.text_tools import TextTools

    return TextTools(client)


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

"""The variables that hold what opens a provider, by convention: those that litellm looks for."""

from collections.abc import Mapping
from typing import NamedTuple

Groups = tuple[tuple[str, ...], ...]
"""Of each group one variable must be set."""


class Argument(NamedTuple):
    """How litellm is told what a variable holds."""

    name: str
    form: str = "{}"
    """What is made of the value."""


def variables_of(provider: str) -> Groups:
    """The variables that a provider's key stands in.

    Args:
        provider: as in `Target.provider`, with or without its `litellm/`.
    """
    name = provider.removeprefix("litellm/")
    usual = ((f"{name.upper().replace('-', '_')}_API_KEY",),)
    return _IN_SEVERAL.get(name) or _NAMED_OTHERWISE.get(name, usual)


def arguments_of(provider: str) -> Mapping[str, Argument]:
    """For a provider that no single key opens: what can be told to litellm, by variable; else nothing.

    Where two variables stand for the same argument, the first wins.
    """
    return _ARGUMENTS.get(provider.removeprefix("litellm/"), {})


# Read from what litellm 1.110 looks for; all that is not here follows the convention.
_NAMED_OTHERWISE: Mapping[str, Groups] = {
    "datarobot": (("DATAROBOT_API_TOKEN",),),
    "fireworks_ai": (
        ("FIREWORKS_AI_API_KEY", "FIREWORKS_API_KEY", "FIREWORKSAI_API_KEY", "FIREWORKS_AI_TOKEN"),
    ),
    "gemini": (("GEMINI_API_KEY", "GOOGLE_API_KEY"),),
    "huggingface": (("HUGGINGFACE_API_KEY", "HF_TOKEN"),),
    "perplexity": (("PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"),),
    "together_ai": (("TOGETHERAI_API_KEY", "TOGETHER_API_KEY", "TOGETHER_AI_API_KEY"),),
    # Servers of the user's own: litellm knows where they usually are.
    **dict.fromkeys(("hosted_vllm", "llamafile", "lm_studio", "ollama", "ollama_chat", "vllm"), ()),
}
_AWS: Groups = (("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"),)
_IN_SEVERAL: Mapping[str, Groups] = {
    "azure": (("AZURE_API_KEY",), ("AZURE_API_BASE",), ("AZURE_API_VERSION",)),
    "bedrock": _AWS,
    "bedrock_converse": _AWS,
    "cloudflare": (("CLOUDFLARE_API_KEY",), ("CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_BASE")),
    "sagemaker": _AWS,
    "vertex_ai": (("VERTEXAI_PROJECT",), ("VERTEXAI_LOCATION",)),
}
"""Providers that no single key opens."""


_OF_AWS: Mapping[str, Argument] = {
    "AWS_ACCESS_KEY_ID": Argument("aws_access_key_id"),
    "AWS_SECRET_ACCESS_KEY": Argument("aws_secret_access_key"),
    "AWS_SESSION_TOKEN": Argument("aws_session_token"),
    "AWS_REGION_NAME": Argument("aws_region_name"),
    "AWS_REGION": Argument("aws_region_name"),
    "AWS_DEFAULT_REGION": Argument("aws_region_name"),
    "AWS_PROFILE": Argument("aws_profile_name"),
}
"""Not those of roles: they name files and sessions that belong to an environment."""
_ARGUMENTS: Mapping[str, Mapping[str, Argument]] = {
    "azure": {
        "AZURE_API_KEY": Argument("api_key"),
        "AZURE_API_BASE": Argument("base_url"),
        "AZURE_API_VERSION": Argument("api_version"),
    },
    "bedrock": _OF_AWS,
    "bedrock_converse": _OF_AWS,
    "cloudflare": {
        "CLOUDFLARE_API_KEY": Argument("api_key"),
        "CLOUDFLARE_API_BASE": Argument("base_url"),
        "CLOUDFLARE_ACCOUNT_ID": Argument(
            "base_url", "https://api.cloudflare.com/client/v4/accounts/{}/ai/v1"
        ),
    },
    "sagemaker": _OF_AWS,
    "vertex_ai": {
        "VERTEXAI_PROJECT": Argument("vertex_project"),
        "VERTEXAI_LOCATION": Argument("vertex_location"),
        "VERTEXAI_CREDENTIALS": Argument("vertex_credentials"),
        "GOOGLE_APPLICATION_CREDENTIALS": Argument("vertex_credentials"),
    },
}
"""By provider: the same as in `_IN_SEVERAL`."""

"""Providers: who serves a model of a given name, where, and with which key."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from scaffolds.errors import UserError
from scaffolds.models.client import TIMEOUT_S
from scaffolds.models.prices import Prices
from scaffolds.models.secrets import Secrets
from scaffolds.models.slots import default_folder

SERVERS = "openai-compatible"
"""The provider of everything that speaks OpenAI's Chat Completions at an address of its own."""
REMOTE = ("openai", "anthropic", "litellm", SERVERS)
"""First words of the names of models that are asked over a network."""


class Provider(BaseModel):
    """How a provider is reached from here: an entry of `configs/providers.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    in_flight: int = Field(default=16, ge=1, le=1024)
    """Requests in flight at a time, from all processes of the machine."""
    timeout_s: float = Field(default=TIMEOUT_S, gt=0, allow_inf_nan=False)
    """Seconds of silence after which a try is given up."""
    patience_s: float = Field(default=7200.0, ge=0, allow_inf_nan=False)
    """Seconds of failed tries and waits in one call after which it is an outage and the run is left."""
    base_url: str | None = None
    """Where its API begins, often ending in /v1; the provider's own place where left out."""
    key: str | None = None
    """Name of the variable that holds the key."""
    model: str | None = None
    """For `openai-compatible/NAME`: what the server calls its model; NAME where left out."""
    tools: Literal["native", "text"] | None = None
    """`text` where the server calls no tools by itself; what is known of the model where left out."""


class Target(NamedTuple):
    """What the name of a model stands for."""

    provider: str
    """Names an entry of `configs/providers.yaml`: `openai`, `litellm/gemini`, `openai-compatible/NAME`."""
    model: str
    """What the provider calls it; litellm is told its own provider too."""


class Lack(NamedTuple):
    """Something that a model needs and that is not here."""

    kind: str
    """`key` or `model`."""
    what: str
    fix: str


@dataclass(frozen=True, slots=True)
class Access:
    """How models are reached from here: everything about the place, and nothing about the run."""

    providers: Mapping[str, Provider] = field(default_factory=dict[str, Provider])
    """By the names in `Target.provider`; those without an entry have the defaults."""
    prices: Prices = field(default_factory=Prices)
    secrets: Secrets = field(default_factory=Secrets)
    slots: Path = field(default_factory=default_folder)
    """Where requests in flight are counted."""

    def provider(self, target: Target) -> Provider:
        """The provider's entry."""
        return self.providers.get(target.provider, Provider())

    def key(self, target: Target) -> str | None:
        """The key; None where there is none."""
        if self._is_opened_by_several(target):
            return None
        names = (name for group in self._variables(target) for name in group)
        return next((value for name in names if (value := self.secrets.get(name))), None)

    def lacks(self, target: Target) -> list[Lack]:
        """What is missing for the provider, each thing with what mends it."""
        several = self._is_opened_by_several(target)
        known = self.secrets.environment.get if several else self.secrets.get
        found = [
            Lack("key", f"{' or '.join(group)} is not set", f"export {group[0]}=...")
            for group in self._variables(target)
            if not any(map(known, group))
        ]
        if target.provider.startswith(f"{SERVERS}/") and self.provider(target).base_url is None:
            what = f"configs/providers.yaml does not say where {target.provider} is"
            entry = f"echo '{target.provider}: {{base_url: \"http://localhost:8000/v1\"}}'"
            found.append(Lack("model", what, f"{entry} >> configs/providers.yaml"))
        return found

    def _is_opened_by_several(self, target: Target) -> bool:
        return self.provider(target).key is None and target.provider.removeprefix("litellm/") in _IN_SEVERAL

    def _variables(self, target: Target) -> tuple[tuple[str, ...], ...]:
        """The variables that must be set: of each group one."""
        named = self.provider(target).key
        return ((named,),) if named else variables_of(target.provider)


def variables_of(provider: str) -> tuple[tuple[str, ...], ...]:
    """The variables that a provider's key stands in by convention: of each group one must be set."""
    if provider.startswith(f"{SERVERS}/"):
        return ()
    name = provider.removeprefix("litellm/")
    usual = ((f"{name.upper().replace('-', '_')}_API_KEY",),)
    return _IN_SEVERAL.get(name) or _NAMED_OTHERWISE.get(name, usual)


def target(name: str) -> Target:
    """What the model that users call `name` stands for.

    Raises:
        UserError: it is not the name of a model that is asked over a network.
    """
    provider, _, model = name.partition("/")
    head, _, rest = model.partition("/")
    if provider in ("openai", "anthropic") and model:
        return Target(provider, model)
    if provider == "litellm" and head and rest:
        return Target(f"litellm/{head}", model)
    if provider == SERVERS and head:
        return Target(f"{SERVERS}/{head}", rest)
    raise UserError(f"{name!r} is not a whole name of a model; it should be {_FORMS.get(provider, '')}")


_FORMS = {
    "openai": "openai/MODEL",
    "anthropic": "anthropic/MODEL",
    "litellm": "litellm/PROVIDER/MODEL, as litellm calls them",
    SERVERS: f"{SERVERS}/NAME, NAME being an entry of configs/providers.yaml",
}

_Groups = tuple[tuple[str, ...], ...]

# Read from what litellm 1.106 looks for; all that is not here follows the convention.
_NAMED_OTHERWISE: Mapping[str, _Groups] = {
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
_AWS: _Groups = (("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"),)
_IN_SEVERAL: Mapping[str, _Groups] = {
    "azure": (("AZURE_API_KEY",), ("AZURE_API_BASE",), ("AZURE_API_VERSION",)),
    "bedrock": _AWS,
    "bedrock_converse": _AWS,
    "cloudflare": (("CLOUDFLARE_API_KEY",), ("CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_BASE")),
    "sagemaker": _AWS,
    "vertex_ai": (("VERTEXAI_PROJECT",), ("VERTEXAI_LOCATION",)),
}
"""Providers that no single key opens: litellm reads all that they need from the environment itself."""

"""Providers: who serves a model of a given name, where, and with which key."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from scaffolds.errors import UserError
from scaffolds.models.client import ANSWER_S, TIMEOUT_S
from scaffolds.models.prices import Prices
from scaffolds.models.secrets import Secrets
from scaffolds.models.slots import default_folder
from scaffolds.models.variables import Groups, arguments_of, variables_of

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
    answer_s: float = Field(default=ANSWER_S, gt=0, allow_inf_nan=False)
    """Seconds after which a try is given up though something still comes; litellm's have no such limit."""
    patience_s: float = Field(default=7200.0, ge=0, allow_inf_nan=False)
    """Seconds of failed tries and waits in one call after which it is an outage and the run is left."""
    base_url: str | None = Field(default=None, pattern=r"^https?://\S+$")
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
            return None  # it is one of the `options`
        names = (name for group in self._variables(target) for name in group)
        return next((value for name in names if (value := self.secrets.get(name))), None)

    def options(self, target: Target) -> dict[str, str]:
        """What the `.env` file says for a provider that no single key opens, as litellm's arguments.

        What is in the environment litellm finds there by itself.
        """
        if not self._is_opened_by_several(target):
            return {}
        found: dict[str, str] = {}
        for name, argument in arguments_of(target.provider).items():
            if (value := self.secrets.file.get(name)) and not self.secrets.environment.get(name):
                found.setdefault(argument.name, argument.form.format(value))
        return found

    def lacks(self, target: Target) -> list[Lack]:
        """What is missing for the provider, each thing with what mends it."""
        found = [
            Lack("key", f"{' or '.join(group)} is not set", f"export {group[0]}=...")
            for group in self._variables(target)
            if not any(self._finds(name, target) for name in group)
        ]
        if target.provider.startswith(f"{SERVERS}/") and self.provider(target).base_url is None:
            what = f"configs/providers.yaml does not say where {target.provider} is"
            entry = f"echo '{target.provider}: {{base_url: \"http://localhost:8000/v1\"}}'"
            found.append(Lack("model", what, f"{entry} >> configs/providers.yaml"))
        return found

    def _finds(self, name: str, target: Target) -> bool:
        """Whether who needs a variable will get it: litellm reads no `.env`, and is not told all of it."""
        told = not self._is_opened_by_several(target) or name in arguments_of(target.provider)
        return bool(self.secrets.get(name) if told else self.secrets.environment.get(name))

    def _is_opened_by_several(self, target: Target) -> bool:
        return self.provider(target).key is None and bool(arguments_of(target.provider))

    def _variables(self, target: Target) -> Groups:
        """The variables that must be set: of each group one."""
        named = self.provider(target).key
        if named or target.provider.startswith(f"{SERVERS}/"):
            return ((named,),) if named else ()
        return variables_of(target.provider)


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

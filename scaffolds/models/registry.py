"""Models by name: `provider/name`. A provider's module is imported only when one of its models is asked."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from importlib import import_module
from pathlib import Path

from scaffolds.errors import UserError
from scaffolds.messages import Completion, JsonValue
from scaffolds.models.client import Client, Endpoint
from scaffolds.models.protocol import Model, ModelRequest, as_asked
from scaffolds.models.providers import REMOTE, Access, Lack, Target, target
from scaffolds.models.rates import Price
from scaffolds.models.settings import Effort

KEYLESS = ("offline", "tape")
"""Providers that call nobody: a rule-based policy of ours, and runs that somebody has already looked at."""
_OFFLINE = ("offline/tabular", "offline/tabular-text")
_THERE_ARE = (
    "There are: openai/MODEL, anthropic/MODEL, litellm/PROVIDER/MODEL, openai-compatible/NAME (a server of "
    "configs/providers.yaml), offline/tabular (rule-based, free), offline/tabular-text "
    "(the same, writing its calls as text) and tape/RUN_FOLDER (the answers of a recorded run)"
)


def connect(name: str, access: Access | None = None) -> Model:
    """The model called `name`. Nothing is sent and nothing missed before it is asked.

    Args:
        name: as configs say it.
        access: how models are reached from here.

    Raises:
        UserError: no such provider or model.
    """
    provider, _, rest = name.partition("/")
    if provider == "offline" and rest == "tabular":
        from scaffolds.models.offline.tabular import OfflineTabular

        return OfflineTabular()
    if provider == "offline" and rest == "tabular-text":
        from scaffolds.models.offline.tabular import OfflineTabular
        from scaffolds.models.text_tools import TextTools

        return TextTools(OfflineTabular(), name)
    if provider == "tape" and rest:
        from scaffolds.models.tape import Tape

        return Tape(Path(rest))
    if provider in REMOTE:
        return _patient(name, target(name), access or Access())
    near = get_close_matches(name, _OFFLINE, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise UserError(f"unknown model {name!r}{hint} {_THERE_ARE}")


def warm(name: str) -> None:
    """Import what the model will need when it is asked, so that no process forked from this one has to."""
    provider = name.partition("/")[0]
    if provider in REMOTE:
        from scaffolds.models.clients import warm as warm_client

        warm_client(provider)
        import_module("scaffolds.models.patience")


def keyless(name: str) -> bool:
    """Whether the model is one of our own, which calls nobody."""
    return name.partition("/")[0] in KEYLESS


def lacks(name: str, access: Access) -> list[Lack]:
    """What the model needs that is not here; nothing for a name that `connect` does not know."""
    return access.lacks(target(name)) if name.partition("/")[0] in REMOTE else []


def price_of(name: str, access: Access) -> Price | None:
    """What the model charges; None where nobody knows. Models that call nobody are free."""
    if keyless(name):
        return Price(input=0.0, output=0.0)
    return access.prices.of(name)


def efforts_of(name: str, access: Access) -> tuple[Effort, ...] | None:
    """How much the model can be told to reason; None where nobody knows."""
    if keyless(name):
        return ()
    from scaffolds.models.capabilities import capabilities

    return capabilities(_called(target(name), access)).efforts


def longest_answer(name: str, settings: Mapping[str, JsonValue]) -> int | None:
    """The most tokens that an answer to a request with these settings can have; None where nobody is told."""
    asked = as_asked(settings)
    if name.partition("/")[0] != "anthropic":
        return asked
    from scaffolds.models.capabilities import capabilities
    from scaffolds.models.settings import read_settings
    from scaffolds.models.thinking import longest_told

    return longest_told(capabilities(name), read_settings(settings, name))


def _patient(name: str, found: Target, access: Access) -> Model:
    from scaffolds.models.patience import Patience, Patient
    from scaffolds.models.slots import Slots

    provider = access.provider(found)
    slots = Slots(access.slots / found.provider.replace("/", "-"), provider.in_flight)
    client = _Later(name, lambda: _client(name, found, access))
    longest = partial(longest_answer, name)
    return Patient(client, slots, Patience(provider.patience_s), price_of(name, access), longest)


def _client(name: str, found: Target, access: Access) -> Client:
    if missing := access.lacks(found):
        raise UserError(
            f"{name}: " + "; ".join(f"{lack.what}\n  {lack.fix}" for lack in missing), code="model.lacks"
        )
    from scaffolds.models.clients import make

    provider, model = access.provider(found), _called(found, access)
    endpoint = Endpoint(
        name,
        model,
        key=access.key(found),
        options=access.options(found),
        secrets=tuple(value for _, value in access.secrets.values()),
        base_url=provider.base_url,
        timeout_s=provider.timeout_s,
        answer_s=provider.answer_s,
        tools=provider.tools,
    )
    return make(found.provider.partition("/")[0], endpoint)


def _called(found: Target, access: Access) -> str:
    """What the provider calls the model."""
    return found.model or access.provider(found).model or found.provider.partition("/")[2]


@dataclass(slots=True)
class _Later:
    """A client that is made when it is first asked: a replay needs no key, and none of the packages."""

    name: str
    make: Callable[[], Client]
    _made: Client | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def complete(self, request: ModelRequest) -> Completion:
        """See `Client.complete`."""
        if self._made is None:
            with self._lock:
                self._made = self._made or self.make()
        return self._made.complete(request)

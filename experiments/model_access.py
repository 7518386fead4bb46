"""How models are reached from a folder: its `configs/providers.yaml`, `configs/prices.yaml` and `.env`."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, cast

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from experiments.faults import explain
from scaffolds.errors import UserError
from scaffolds.models.prices import Prices
from scaffolds.models.providers import REMOTE, SERVERS, Access, Provider
from scaffolds.models.rates import Price
from scaffolds.models.secrets import Secrets, parse_env
from scaffolds.yaml_text import read_yaml

PROVIDERS_FILE = Path("configs") / "providers.yaml"
PRICES_FILE = Path("configs") / "prices.yaml"
ENV_FILE = Path(".env")

Entry = TypeVar("Entry", bound=BaseModel)


def model_access(home: Path) -> Access:
    """What the files of `home` and the environment say; a file that is missing says nothing.

    Raises:
        UserError: one of them has faults; those of a key are told without it.
    """
    secrets = load_secrets(home)
    providers = _load(home / PROVIDERS_FILE, Provider, secrets)
    prices = _load(home / PRICES_FILE, Price, secrets)
    for name in providers:
        if name.partition("/")[0] not in REMOTE:
            raise UserError(
                f"{str(home / PROVIDERS_FILE)!r} has an entry {name!r}; providers are openai, anthropic, "
                f"litellm/PROVIDER and {SERVERS}/NAME"
            )
    named = frozenset(provider.key for provider in providers.values() if provider.key)
    return Access(providers, Prices(prices, _digest(home / PRICES_FILE)), replace(secrets, named=named))


def load_secrets(home: Path) -> Secrets:
    """The keys of the environment and of the `.env` file in `home`."""
    path = home / ENV_FILE
    try:
        return Secrets(os.environ, parse_env(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Secrets(os.environ)
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise UserError(f"cannot read the keys in {str(path)!r}: {said}") from None


def known_secrets(home: Path) -> Secrets:
    """The keys of `load_secrets`, and those that only a provider's entry calls keys, where it can be read."""
    secrets = load_secrets(home)
    try:
        return model_access(home).secrets
    except UserError:  # faults of these files are told where their models are needed
        return secrets


def redacted(text: str) -> str:
    """`text` without the keys that this process can know: a last net under exceptions that nobody foresaw."""
    try:
        return known_secrets(Path()).redacted(text)
    except UserError:
        return Secrets(os.environ).redacted(text)


def refuse_secrets(value: object, place: str, secrets: Secrets) -> None:
    """Look for keys in what a YAML file holds.

    Raises:
        UserError: it holds one; says where, and not the key.
    """
    if isinstance(value, Mapping):
        for key, inner in cast("Mapping[object, object]", value).items():
            refuse_secrets(key, f"{place}: a key", secrets)
            refuse_secrets(inner, f"{place}: {key}", secrets)
    elif isinstance(value, list):
        for number, inner in enumerate(cast("list[object]", value)):
            refuse_secrets(inner, f"{place}[{number}]", secrets)
    elif isinstance(value, str) and (found := secrets.shown_in(value)):
        raise UserError(
            f"{place} holds {found}. Configs are copied into runs and published with them: put the key into "
            "the environment or into a file .env, and take it out here; one that was committed is to be "
            "revoked"
        )


def _load(path: Path, kind: type[Entry], secrets: Secrets) -> dict[str, Entry]:
    try:
        value: object = read_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UserError(f"cannot read {str(path)!r}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{str(path)!r} is not YAML: {secrets.redacted(str(error))}") from None
    refuse_secrets(value, str(path), secrets)
    try:
        entries = TypeAdapter(dict[str, object]).validate_python(value or {})
    except ValidationError as error:
        raise UserError(f"{str(path)!r} must be a YAML mapping with one entry for each name") from error
    return {name: _entry(path, name, entry, kind) for name, entry in entries.items()}


def _entry(path: Path, name: str, entry: object, kind: type[Entry]) -> Entry:
    try:
        return kind.model_validate(entry)
    except ValidationError as error:
        raise UserError(f"{str(path)!r}, entry {name!r}:\n{explain(error, kind)}") from error


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.exists() else ""

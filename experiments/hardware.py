"""Hardware profiles by name: `configs/hardware/NAME.yaml`."""

from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from experiments.faults import explain
from sandbox.hardware import Hardware, any_card
from sandbox.machine import Machine
from scaffolds.errors import UserError
from scaffolds.yaml_text import read_yaml

PROFILES = Path(__file__).parent.parent / "configs" / "hardware"
"""One file per profile, named like it."""


def names() -> list[str]:
    """Every profile's name."""
    return sorted(path.stem for path in PROFILES.glob("*.yaml"))


def profile(name: str) -> Hardware:
    """The profile of this name.

    Raises:
        UserError: there is none, or its file has faults; all of them are named.
    """
    if name not in names():
        raise UserError(_unknown(name))
    return load_profile(PROFILES / f"{name}.yaml")


def needed(hardware: Hardware, machine: Machine, *, other_gpu: bool) -> Hardware:
    """What a profile asks of this machine: where it lacks the kind of card, and others may stand in, any."""
    least = 1 if hardware.gpus == "all" else hardware.gpus
    return any_card(hardware) if other_gpu and len(machine.cards(hardware.gpu)) < least else hardware


def load_profile(path: Path) -> Hardware:
    """Read a profile; it is called like its file.

    Raises:
        UserError: the file cannot be read, is not YAML, or holds a wrong key or value.
    """
    try:
        value: object = read_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read the hardware profile {str(path)!r}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{str(path)!r} is not YAML: {error}") from error
    if not isinstance(value, dict) or "name" in value:
        keys = ", ".join(key for key in Hardware.model_fields if key != "name")
        raise UserError(
            f"{str(path)!r} is not a hardware profile: it must be a YAML mapping with some of the keys "
            f"{keys} (its name is the file's)"
        )
    fields: dict[str, Any] = {"name": path.stem, **value}
    try:
        return Hardware.model_validate(fields)
    except ValidationError as error:
        raise UserError(
            f"{str(path)!r} is not a valid hardware profile:\n{explain(error, Hardware)}"
        ) from error


def _unknown(name: str) -> str:
    by_word = {known.lower(): known for known in names()}
    near = get_close_matches(name.lower(), by_word, n=1)
    hint = f"; did you mean {by_word[near[0]]!r}?" if near else "."
    return (
        f"no hardware profile {name!r}{hint} There are: {', '.join(names()) or 'none'}. Edit `hardware` in "
        f"the config, or add a profile in {str(PROFILES)!r}"
    )

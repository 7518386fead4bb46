"""A sweep as its YAML file says it: lists multiply into cells."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, get_args

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from sandbox.protocols import BackendName
from scaffolds.errors import UserError

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def parse_duration(value: object) -> object:
    """`90s`, `30m`, `24h` or a number of seconds, in seconds."""
    if isinstance(value, str):
        match = _DURATION.fullmatch(value.strip())
        if match is None:
            raise ValueError(f"{value!r} is not a duration like 90s, 30m or 24h")
        return float(match[1]) * _SECONDS[match[2]]
    return value


Duration = Annotated[float, BeforeValidator(parse_duration), Field(gt=0, allow_inf_nan=False)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ScaffoldChoice(_Frozen):
    """A scaffold and its settings: `aide`, or `{name: aide, num_drafts: 3}`."""

    name: str
    """A scaffold of this project, or `package.module:Class`."""
    settings: Mapping[str, Any] = {}
    """Fields of the scaffold's own config."""

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, value: Any) -> Any:  # noqa: ANN401 - whatever the YAML holds
        if isinstance(value, str):
            return {"name": value}
        if isinstance(value, dict) and "settings" not in value:
            fields: dict[str, Any] = dict(value)  # pyright: ignore[reportUnknownArgumentType] - YAML
            return {"name": fields.pop("name", ""), "settings": fields}
        return value  # pyright: ignore[reportUnknownVariableType] - YAML


class ModelChoice(_Frozen):
    """Which model plays which role: `offline/tabular`, or `{main: ..., feedback: ...}`."""

    roles: Mapping[str, str]
    """Model by role; `main` also plays the roles that are not named."""

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, value: Any) -> Any:  # noqa: ANN401 - whatever the YAML holds
        if isinstance(value, str):
            return {"roles": {"main": value}}
        if isinstance(value, dict) and "roles" not in value:
            return {"roles": value}  # pyright: ignore[reportUnknownVariableType] - YAML
        return value  # pyright: ignore[reportUnknownVariableType] - YAML

    @model_validator(mode="after")
    def _has_main(self) -> "ModelChoice":
        if "main" not in self.roles:
            raise ValueError(f"no model for the role 'main' in {dict(self.roles)}")
        return self


class TimeLimit(_Frozen):
    """A budget: `24h`, or `{time: 100h, steps: 5000}`."""

    time: Duration
    """Working time."""
    steps: int | None = Field(None, ge=1)
    """Steps of the scaffold; its own setting when left out."""

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, value: Any) -> Any:  # noqa: ANN401 - whatever the YAML holds
        return {"time": value} if isinstance(value, str | int | float) else value


class Sweep(_Frozen):
    """What to run. Every list multiplies with every other."""

    scaffolds: tuple[ScaffoldChoice, ...] = Field(min_length=1)
    """Agents."""
    models: tuple[ModelChoice, ...] = Field(min_length=1)
    """Models, or roles mapped to models."""
    competitions: tuple[str, ...] = Field(min_length=1)
    """Competition ids, or names of splits such as `practice`."""
    hardware: tuple[str, ...] = Field(("host",), min_length=1)
    """Hardware profiles: `host` (what is here) or `cpu` (the same without GPUs)."""
    time_limits: tuple[TimeLimit, ...] = Field(min_length=1)
    """Budgets."""
    seeds: tuple[int, ...] = Field((0,), min_length=1)
    """Repetitions."""
    backend: BackendName = "auto"
    """Isolation of the agents: `auto` takes bwrap where it is installed; `none` isolates nothing."""
    parallel: int = Field(1, ge=1)
    """Cells at work at the same time."""


def load_sweep(path: Path) -> Sweep:
    """Read a sweep file.

    Raises:
        UserError: it is missing, not YAML, or holds a wrong key or value; all of them are named.
    """
    try:
        text = path.read_text(encoding="utf-8")
        value: object = yaml.safe_load(text)
    except OSError as error:
        raise UserError(
            f"cannot read the config {str(path)!r}: {error.strerror}. {_configs(path)}"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{str(path)!r} is not YAML: {error}") from error
    if not isinstance(value, dict):
        raise UserError(
            f"{str(path)!r} is not a sweep: it must be a YAML mapping with the keys {_keys(Sweep)}"
        )
    try:
        return Sweep.model_validate(value)
    except ValidationError as error:
        raise UserError(f"{str(path)!r} is not a valid sweep:\n{explain(error, Sweep)}") from error


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """Each fault on a line of its own; for an unknown key the nearest valid one."""
    faults: list[dict[str, Any]] = [dict(fault) for fault in error.errors(include_url=False)]
    # A list whose only entry is faulty is also "too short"; saying that would only confuse.
    places = [fault["loc"] for fault in faults]
    real = [f for f in faults if f["type"] != "too_short" or not any(_inside(p, f["loc"]) for p in places)]
    return "\n".join(f"  {_fault(fault, model)}" for fault in real)


def _inside(place: tuple[object, ...], outer: tuple[object, ...]) -> bool:
    return len(place) > len(outer) and place[: len(outer)] == outer


def _model_at(model: type[BaseModel], place: Sequence[object]) -> type[BaseModel]:
    """The model that a fault's place leads to: fields by name, list entries by number."""
    for part in place:
        field = model.model_fields.get(str(part))
        inner = _models_in(field.annotation) if field else []
        model = inner[0] if inner else model
    return model


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]


def _fault(fault: Mapping[str, Any], model: type[BaseModel]) -> str:
    place = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        key = str(fault["loc"][-1])
        model = _model_at(model, fault["loc"][:-1])
        near = get_close_matches(key, model.model_fields, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; the keys are {_keys(model)}"
        return f"unknown key {place!r}{hint}"
    if fault["type"] == "missing":
        return f"missing key {place!r}"
    return f"{place}: {fault['msg']} (it is {fault['input']!r})"


def _keys(model: type[BaseModel]) -> str:
    return ", ".join(model.model_fields)


def _configs(path: Path) -> str:
    found = sorted(str(p) for p in path.parent.glob("*.yaml")) if path.parent.is_dir() else []
    return f"There are: {', '.join(found)}" if found else "Try configs/quickstart.yaml"

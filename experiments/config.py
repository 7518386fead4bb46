"""A sweep as its YAML file says it: lists multiply into cells."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from experiments.chosen_model import ChosenModel
from experiments.durations import Duration, duration
from experiments.faults import explain, keys
from experiments.model_access import (
    PRICES_FILE,
    PROVIDERS_FILE,
    known_secrets,
    redacted,
    refuse_secrets,
)
from experiments.overrides import parse_setting, put
from sandbox.spec import IMAGE, BackendName
from scaffolds.errors import UserError
from scaffolds.yaml_text import read_yaml

VARIANT_KEYS = ("scaffold", "models", "time_limit", "task", "tools", "network", "final")
"""What a variant may change: the first words of its keys."""


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

    @property
    def label(self) -> str:
        """The name, with the settings where there are any."""
        settings = ", ".join(f"{name}={value}" for name, value in self.settings.items())
        return f"{self.name}({settings})" if settings else self.name


class ModelChoice(_Frozen):
    """Which model plays which role: one model for all, or `{main: ..., feedback: ...}`."""

    roles: Mapping[str, ChosenModel]
    """Model by role; `main` also plays the roles that are not named."""

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, value: Any) -> Any:  # noqa: ANN401 - whatever the YAML holds
        if isinstance(value, str) or (isinstance(value, dict) and "name" in value):
            return {"roles": {"main": value}}  # pyright: ignore[reportUnknownVariableType] - YAML
        if isinstance(value, dict) and "roles" not in value:
            return {"roles": value}  # pyright: ignore[reportUnknownVariableType] - YAML
        return value  # pyright: ignore[reportUnknownVariableType] - YAML

    @field_validator("roles")
    @classmethod
    def _has_main(cls, roles: Mapping[str, ChosenModel]) -> Mapping[str, ChosenModel]:
        return _with_main(roles)

    @property
    def label(self) -> str:
        """The main model, and the other roles where another model plays them."""
        main = self.roles["main"]
        others = [f"{role} {model.label}" for role, model in self.roles.items() if model != main]
        return " + ".join([main.label, *others])


class TimeLimit(_Frozen):
    """A budget: `24h`, or `{time: 100h, steps: 5000}`."""

    time: Duration
    """Working time."""
    steps: int | None = Field(None, ge=1)
    """Steps of the scaffold; its own setting when left out."""
    tokens: int | None = Field(None, ge=1)
    """Input and output tokens of one run, over all roles."""
    usd: float | None = Field(None, gt=0, allow_inf_nan=False)
    """Dollars of one run, over all roles: it ends before the call that could pass them."""

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, value: Any) -> Any:  # noqa: ANN401 - whatever the YAML holds
        return {"time": value} if isinstance(value, str | int | float) else value

    @property
    def label(self) -> str:
        """`24h`, `100h, 5000 steps`."""
        parts = [duration(self.time)]
        parts += [
            f"{count} {name}" for name, count in (("steps", self.steps), ("tokens", self.tokens)) if count
        ]
        return ", ".join([*parts, *([f"${self.usd:g}"] if self.usd else [])])


class TaskOptions(_Frozen):
    """How the task is put to the agent."""

    description: Literal["original", "obfuscated"] = "original"
    """`obfuscated` hides where the competition comes from."""


class Options(_Frozen):
    """What one cell is run with: the entries of the lists, changed by its variant."""

    scaffold: Mapping[str, Any]
    """Settings of the scaffold."""
    models: Mapping[str, ChosenModel]
    """Model by role."""
    time_limit: TimeLimit
    """Budget."""
    task: TaskOptions
    """How the task is put."""
    tools: Mapping[str, bool]
    """Tools by name; false takes one away."""
    network: Literal["none", "open"]
    """Whether sandboxes reach the network."""
    final: Literal["path", "last_valid"]
    """Which submission is graded."""

    @field_validator("models")
    @classmethod
    def _has_main(cls, models: Mapping[str, ChosenModel]) -> Mapping[str, ChosenModel]:
        return _with_main(models)


class Sweep(_Frozen):
    """What to run. Every list multiplies with every other."""

    scaffolds: tuple[ScaffoldChoice, ...] = Field(min_length=1)
    """Agents."""
    models: tuple[ModelChoice, ...] = Field(min_length=1)
    """Models, or roles mapped to models."""
    competitions: tuple[str, ...] = Field(min_length=1)
    """Competition ids, or names of splits: practice, dev, low, medium, high, split75."""
    hardware: tuple[str, ...] = Field(("host",), min_length=1)
    """Hardware profiles: the files of configs/hardware."""
    time_limits: tuple[TimeLimit, ...] = Field(min_length=1)
    """Budgets."""
    variants: Mapping[str, Mapping[str, Any]] = Field({"base": {}}, min_length=1)
    """Named changes: `{base: {}, no_memory: {scaffold.memory: none}}`."""
    seeds: tuple[Annotated[int, Field(ge=0, lt=2**32)], ...] = Field((0,), min_length=1)
    """Repetitions."""

    data_version: int = Field(1, ge=1, le=2)
    """Version of the competitions' data and metrics: 1 is MLE-bench's; 2 closes leaks and mends files."""
    task: TaskOptions = TaskOptions()
    """How the task is put to the agent."""
    tools: Mapping[str, bool] = {}
    """Tools by name; `{validate_submission: false}` takes one away."""
    backend: BackendName = "auto"
    """Isolation of the agents: `docker`, `bwrap`, or `none`, which isolates nothing. `auto` takes Docker for
    models other than our offline ones, where it is ready, and bwrap where that is installed."""
    image: str = Field(IMAGE, min_length=1)
    """Docker image of the agents' sandboxes."""
    network: Literal["none", "open"] = "none"
    """Whether sandboxes reach the network."""
    final: Literal["path", "last_valid"] = "path"
    """Which submission is graded: the file at the path, or else the last snapshot that was well-formed."""
    max_usd: float | None = Field(None, gt=0, allow_inf_nan=False)
    """Dollars of the whole sweep: it stops before the call that could pass them. The same command with more
    goes on."""
    parallel: int = Field(1, ge=1)
    """Cells at work at the same time, where the machine has room for them."""
    grace: Duration = 300.0
    """How long a run may overstay its time limit before it is ended from outside."""

    @field_validator("variants")
    @classmethod
    def _known_keys(cls, variants: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
        for name, changes in variants.items():
            for key in changes:
                if (word := key.partition(".")[0]) not in VARIANT_KEYS:
                    near = get_close_matches(word, VARIANT_KEYS, n=1)
                    hint = f"did you mean {near[0]!r}? It" if near else "it"
                    raise ValueError(
                        f"variant {name!r} changes {key!r}; {hint} may change {', '.join(VARIANT_KEYS)}"
                    )
        return variants

    @model_validator(mode="after")
    def _no_repetition(self) -> Self:
        for name in ("scaffolds", "models", "competitions", "hardware", "time_limits", "seeds"):
            entries: Sequence[object] = getattr(self, name)
            twice = next((entry for n, entry in enumerate(entries) if entry in entries[:n]), None)
            if twice is not None:
                raise ValueError(f"{name} names {getattr(twice, 'label', twice)} twice")
        return self

    def options(
        self, scaffold: ScaffoldChoice, models: ModelChoice, limit: TimeLimit, variant: str
    ) -> Options:
        """What cells of this combination are run with.

        Raises:
            UserError: the variant makes something of it that is no valid combination.
        """
        options: object = {
            "scaffold": scaffold.settings,
            # Not as they are written: a variant may choose the effort of a model that is a plain name.
            "models": {role: dict(model) for role, model in models.roles.items()},
            "time_limit": limit.model_dump(),
            "task": self.task.model_dump(),
            "tools": self.tools,
            "network": self.network,
            "final": self.final,
        }
        for path, value in self.variants[variant].items():
            options = put(options, path, value)
        try:
            return Options.model_validate(options)
        except ValidationError as error:
            raise UserError(f"variant {variant!r}:\n{explain(error, Options)}") from error


def _with_main(roles: Mapping[str, ChosenModel]) -> Mapping[str, ChosenModel]:
    if "main" not in roles:
        shown = {role: model.label for role, model in roles.items()}
        raise ValueError(f"no model for the role 'main' in {shown}")
    return roles


def load_sweep(path: Path, settings: Sequence[str] = ()) -> Sweep:
    """Read a sweep file, and put `settings` (`a.b=value`) over it.

    Raises:
        UserError: it is missing, not YAML, or holds a wrong key or value; all of them are named.
    """
    try:
        text = path.read_text(encoding="utf-8")
        value: object = read_yaml(text)
    except OSError as error:
        raise UserError(
            f"cannot read the config {str(path)!r}: {error.strerror}. {_configs(path)}"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{str(path)!r} is not YAML: {redacted(str(error))}") from None
    if not isinstance(value, dict):
        raise UserError(
            f"{str(path)!r} is not a sweep: it must be a YAML mapping with the keys {keys(Sweep)}"
        )
    secrets = known_secrets(Path())
    refuse_secrets(cast("dict[str, object]", value), str(path), secrets)
    refuse_secrets(list(settings), "--set", secrets)
    changed: object = cast("dict[str, object]", value)
    for setting in settings:
        changed = put(changed, *parse_setting(setting))
    try:
        return Sweep.model_validate(changed)
    except ValidationError as error:
        raise UserError(f"{str(path)!r} is not a valid sweep:\n{explain(error, Sweep)}") from error


def _configs(path: Path) -> str:
    others = (PRICES_FILE.name, PROVIDERS_FILE.name)
    found = sorted(str(p) for p in path.parent.glob("*.yaml") if p.name not in others)
    return f"There are: {', '.join(found)}" if found else "Try configs/quickstart.yaml"

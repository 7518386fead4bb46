"""A recipe: what one script tries. It stands in the constants of the script and is read back from there."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from pydantic import TypeAdapter, ValidationError

from scaffolds.models.offline import catalog
from scaffolds.models.offline.catalog import Value, Variant
from scaffolds.syntax import parsed


@dataclass(frozen=True, slots=True)
class Member:
    """One of the models whose predictions are averaged."""

    family: str
    scaling: str
    params: Mapping[str, Value]

    def variant(self, classes: bool) -> Variant:
        """The family's entry in the catalog, for class labels or for numbers."""
        return catalog.families()[self.family].variant(classes)

    @staticmethod
    def first(family: str, classes: bool, scaling: str | None = None) -> "Member":
        """A family with the parameters and the scaling it starts from."""
        entry = catalog.families()[family]
        return Member(family, scaling or entry.scaling, dict(entry.variant(classes).start))


@dataclass(frozen=True, slots=True)
class Recipe:
    """What one script tries."""

    members: tuple[Member, ...]
    features: tuple[str, ...] = ()
    log: bool = False
    """Fit the logarithm of the target; only for numbers."""
    folds: int = 5
    max_rows: int = 20_000

    def constants(self, classes: bool) -> dict[str, object]:
        """The constants at the top of the script, by name and in order."""
        constants: dict[str, object] = {
            "MODELS": [(m.family, m.scaling, dict(m.params)) for m in self.members],
            "FEATURES": list(self.features),
        }
        if not classes:
            constants["TARGET_SCALE"] = "log" if self.log else "plain"
        constants |= {"FOLDS": self.folds, "MAX_ROWS": self.max_rows}
        return constants


def recipe_of(code: str) -> Recipe | None:
    """The recipe that `code` states in its constants; None if it is no script of ours."""
    tree = parsed(code)
    if tree is None:
        return None
    found: dict[str, object] = {}
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name.isupper():
                try:
                    found[name] = ast.literal_eval(value)
                except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                    continue
            case _:
                continue
    return _checked(found)


@dataclass(frozen=True, slots=True)
class _Shape:
    MODELS: list[tuple[str, str, dict[str, Value]]]
    FEATURES: list[str]
    FOLDS: int
    MAX_ROWS: int
    TARGET_SCALE: str = "plain"


@cache
def _shapes() -> TypeAdapter[_Shape]:
    return TypeAdapter(_Shape)


def _checked(found: Mapping[str, object]) -> Recipe | None:
    try:
        shape = _shapes().validate_python(found)
    except ValidationError:
        return None
    members = tuple(Member(*model) for model in shape.MODELS)
    known = all(m.family in catalog.families() and m.scaling in catalog.scalings() for m in members)
    if not members or not known or not set(shape.FEATURES) <= set(catalog.features()):
        return None
    return Recipe(members, tuple(shape.FEATURES), shape.TARGET_SCALE == "log", shape.FOLDS, shape.MAX_ROWS)

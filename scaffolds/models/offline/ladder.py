"""The ladder: which recipe to try first, and which single change to try next."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from scaffolds.models.offline import catalog
from scaffolds.models.offline.recipes import Member, Recipe

# How often each family is picked when a stronger one is wanted, from its record on small public tables.
_STRENGTH: Mapping[str, float] = {
    "svm": 4,
    "boosting": 4,
    "extra_trees": 3,
    "kernel": 2,
    "linear": 1,
    "network": 1,
    "neighbours": 1,
    "forest": 1,
}
# Alone, these are yardsticks more than solutions: what they gain most from is to be replaced.
_WEAK = {"linear", "bayes", "neighbours", "tree", "forest"}
_MOST_MEMBERS = 4
# How much another member promises, by how many there are.
_BLEND_ODDS = [0.0, 5.0, 3.0, 1.0, 0.0]
# Features that do something for any table come up more often than those for text or holes, which few have.
_FEATURE_ODDS: Mapping[str, float] = {"crosses": 3, "rows": 2, "pieces": 2, "missing": 1, "words": 1}


@dataclass(frozen=True, slots=True)
class Change:
    """One step from a recipe to another."""

    kind: str
    """`switch`, `tune`, `scale`, `add`, `drop`, `log`, `blend` or `thin`."""
    recipe: Recipe
    weight: float = 1.0
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
    """What is changed from what to what, in words."""


def first_recipe(classes: bool, rng: random.Random) -> Recipe:
    """A simple design for a draft."""
    simple = [name for name, family in catalog.families().items() if family.tier != 2]
    return Recipe((Member.first(rng.choice(simple), classes),))


def next_change(recipe: Recipe, metric: str, rng: random.Random) -> Change:
    """One change of `recipe`: first its kind, by how much that kind promises here, then one of that kind."""
    classes = catalog.metrics()[metric].kind == "classes"
    options = {
        kind: changes
        for kind, changes in {
            "switch": list(_switches(recipe, classes)),
            "tune": list(_tunings(recipe, classes)),
            "scale": list(_scalings(recipe, classes)),
            "add": list(_additions(recipe)),
            "drop": list(_removals(recipe)),
            "blend": list(_blends(recipe, classes)),
            "thin": list(_thinnings(recipe, classes)),
            "log": [] if classes else [Change("log", replace(recipe, log=not recipe.log))],
        }.items()
        if changes
    }
    odds = _odds(recipe, metric)
    kind = rng.choices(list(options), [odds[kind] for kind in options])[0]
    return rng.choices(options[kind], [change.weight for change in options[kind]])[0]


def lighter(recipe: Recipe, classes: bool) -> Recipe:
    """A recipe that needs much less time and memory: one cheap model, fewer folds, a quarter of the rows."""
    cheap = recipe.members[0].family in ("linear", "bayes", "tree")
    members = recipe.members[:1] if cheap else (Member.first("linear", classes),)
    return Recipe(members, (), recipe.log, max(2, recipe.folds - 2), max(500, recipe.max_rows // 4))


def safer(recipe: Recipe, classes: bool, rng: random.Random) -> Recipe:
    """A simple recipe of another family, for when a script fails with nothing in it known to be wrong."""
    families = [name for name in ("linear", "tree", "boosting") if name != recipe.members[0].family]
    return Recipe((Member.first(rng.choice(families), classes),), (), False, recipe.folds, recipe.max_rows)


def _odds(recipe: Recipe, metric: str) -> dict[str, float]:
    count = len(recipe.members)
    weak = count == 1 and recipe.members[0].family in _WEAK
    return {
        "switch": 12.0 if weak else 4.0,
        "tune": 2.0,
        "scale": 3.0 if count == 1 else 1.5,
        "add": 1.0,
        "drop": 0.3,
        "blend": 0.5 if weak else _BLEND_ODDS[min(count, _MOST_MEMBERS)],
        "thin": 0.3,
        "log": 4.0 if metric == "rmsle" and not recipe.log else 0.4,
    }


def _switches(recipe: Recipe, classes: bool) -> Iterator[Change]:
    used = {member.family for member in recipe.members}
    for k, member in enumerate(recipe.members):
        for name, strength in _STRENGTH.items():
            if name not in used:
                other = Member.first(name, classes)
                old, new = member.variant(classes), other.variant(classes)
                facts = {"old": old.words, "new": new.words, "reason": new.reason}
                yield Change("switch", _with_member(recipe, k, other), strength, facts)


def _tunings(recipe: Recipe, classes: bool) -> Iterator[Change]:
    for k, member in enumerate(recipe.members):
        for name, values in member.variant(classes).grid.items():
            at = values.index(member.params[name]) if member.params.get(name) in values else -1
            for new in sorted({max(at - 1, 0), min(at + 1, len(values) - 1)} - {at}):
                changed = replace(member, params={**member.params, name: values[new]})
                facts = {"model": member.variant(classes).words, "name": name, "new": str(values[new])}
                facts["old"] = str(member.params.get(name, "its default"))
                yield Change("tune", _with_member(recipe, k, changed), facts=facts)


def _scalings(recipe: Recipe, classes: bool) -> Iterator[Change]:
    for k, member in enumerate(recipe.members):
        if not catalog.families()[member.family].smooth:
            continue
        for name, scaling in catalog.scalings().items():
            if name != member.scaling:
                facts = {"model": member.variant(classes).words, "new": scaling.words}
                yield Change("scale", _with_member(recipe, k, replace(member, scaling=name)), facts=facts)


def _additions(recipe: Recipe) -> Iterator[Change]:
    for name, weight in _FEATURE_ODDS.items():
        if name not in recipe.features:
            facts = {"new": catalog.features()[name].words}
            yield Change("add", replace(recipe, features=(*recipe.features, name)), weight, facts)


def _removals(recipe: Recipe) -> Iterator[Change]:
    for name in recipe.features:
        rest = tuple(other for other in recipe.features if other != name)
        yield Change("drop", replace(recipe, features=rest), facts={"old": catalog.features()[name].words})


def _blends(recipe: Recipe, classes: bool) -> Iterator[Change]:
    used = {member.family for member in recipe.members}
    smooth = {catalog.families()[family].smooth for family in used}
    for name, strength in _STRENGTH.items():
        if name not in used and len(recipe.members) < _MOST_MEMBERS:
            member = Member.first(name, classes)
            facts = {"new": member.variant(classes).words, "reason": member.variant(classes).reason}
            # Trees and smooth models err in different rows, so one of the other sort gains more.
            weight = strength * (1 if catalog.families()[name].smooth in smooth else 2)
            yield Change("blend", replace(recipe, members=(*recipe.members, member)), weight, facts)


def _thinnings(recipe: Recipe, classes: bool) -> Iterator[Change]:
    if len(recipe.members) < 2:
        return
    for k, member in enumerate(recipe.members):
        members = recipe.members[:k] + recipe.members[k + 1 :]
        yield Change("thin", replace(recipe, members=members), facts={"old": member.variant(classes).words})


def _with_member(recipe: Recipe, k: int, member: Member) -> Recipe:
    return replace(recipe, members=(*recipe.members[:k], member, *recipe.members[k + 1 :]))

"""Scripts from recipes: everything that is program text comes from the templates folder."""

import re
from collections.abc import Iterable
from functools import cache
from typing import cast

import jinja2

from scaffolds.models.offline import catalog
from scaffolds.models.offline.recipes import Recipe
from scaffolds.task import TaskCard

_IMPORT = re.compile(r"from (\S+) import (.+)")


def render_script(card: TaskCard, recipe: Recipe, bug: str | None = None) -> str:
    """The script that carries out `recipe` for the task of `card`, with the named bug if there is one."""
    classes = card.prediction != "number"
    families = {member.family: catalog.families()[member.family] for member in recipe.members}
    scalers = {member.scaling: catalog.scalings()[member.scaling] for member in recipe.members}
    metric = catalog.metric_of(card)
    template = environment().get_template(f"bugs/{bug}.py.j2" if bug else "script.py.j2")
    return template.render(
        card=card,
        # Some cards name files from the script's own directory, some from its input folder.
        files={role: path.removeprefix("input/") for role, path in card.files.items()},
        classes=classes,
        log=recipe.log and not classes,
        headline=_headline(recipe, classes),
        imports=_imports(recipe, classes, metric),
        constants=recipe.constants(classes),
        features=recipe.features,
        columns=[name for name in recipe.features if catalog.features()[name].kind == "columns"],
        metric=catalog.metrics()[metric],
        metric_name=metric,
        metric_asked="" if catalog.is_known(card) else card.metric.name,
        builders={name: family.variant(classes).build for name, family in families.items()},
        scalers={name: scaling.build for name, scaling in scalers.items()},
        caps={name: family.rows for name, family in families.items()},
    )


@cache
def environment() -> jinja2.Environment:
    """The templates; a name that a template uses and is not given is an error."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(catalog.TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
        auto_reload=False,
    )
    made.filters["literal"] = _literal
    made.filters["short"] = _short
    return made


def _literal(value: object) -> str:
    """Program text for a value; what keeps the text of a card from becoming program."""
    match value:
        case str() if value.isprintable() and '"' not in value and "\\" not in value:
            return f'"{value}"'
        case dict():
            items = cast("dict[object, object]", value).items()
            return "{" + ", ".join(f"{_literal(key)}: {_literal(item)}" for key, item in items) + "}"
        case tuple():
            return f"({', '.join(_literal(item) for item in cast('tuple[object, ...]', value))})"
        case list():
            items = [_literal(item) for item in cast("list[object]", value)]
            lines = "".join(f"    {item},\n" for item in items)
            return f"[\n{lines}]" if sum(map(len, items)) > 80 else f"[{', '.join(items)}]"
        case _:
            return repr(value)


def _short(text: str) -> str:
    """Words of an output for use in a sentence: one line, no fence, not long."""
    line = " ".join(text.replace("`", "'").split()).rstrip(".")
    return line if len(line) <= 200 else f"{line[:200]} ..."


def _headline(recipe: Recipe, classes: bool) -> str:
    words = [member.variant(classes).words for member in recipe.members]
    return (
        f"Predictions of {words[0]}." if len(words) == 1 else f"The mean of {len(words)} models' predictions."
    )


def _imports(recipe: Recipe, classes: bool, metric: str) -> list[str]:
    lines = ["from sklearn.pipeline import make_pipeline", "from sklearn.model_selection import KFold"]
    if classes:
        lines.append("from sklearn.model_selection import StratifiedKFold")
    parts: list[str] = [catalog.metrics()[metric].imports]
    for member in recipe.members:
        parts.append(member.variant(classes).imports)
        parts.append(catalog.scalings()[member.scaling].imports)
    parts += [catalog.features()[name].imports for name in recipe.features]
    return _merged(line for part in [*lines, *parts] for line in part.splitlines())


def _merged(lines: Iterable[str]) -> list[str]:
    """One sorted line per module."""
    names: dict[str, set[str]] = {}
    for line in lines:
        match = _IMPORT.fullmatch(line)
        assert match is not None, line
        names.setdefault(match[1], set()).add(match[2])
    return [f"from {module} import {', '.join(sorted(names[module]))}" for module in sorted(names)]

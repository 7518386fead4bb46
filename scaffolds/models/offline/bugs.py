"""The defects that scripts now and then have: each a template in bugs/ that spoils one block of the script.

They are there so that every offline run exercises a scaffold's debugging, validation and review. Repair
needs no list of them: a recipe says everything, so a script written anew from its recipe has none.
"""

import ast
import random
from collections.abc import Collection

from scaffolds.models.offline.recipes import Recipe
from scaffolds.syntax import parsed

BUGS: tuple[str, ...] = (
    "missing_import",
    "wrong_column",
    "not_a_number",
    "wrong_length",
    "wrong_method",
    "wrong_path",
    "wrong_header",
    "no_submission",
    "no_score",
)
"""Those that end at once. `too_slow` is a tenth: it runs until it is stopped, so a user has to ask for it."""

SLOW = "too_slow"

# Trees of every sort take missing values as they are, so the bug that makes some would go unnoticed.
_UNMOVED_BY_NAN = {"tree", "forest", "extra_trees", "boosting"}


def choose_bug(recipe: Recipe, rng: random.Random, among: Collection[str] = BUGS) -> str | None:
    """A bug that a script of `recipe` fails from; None if `among` has no such bug."""
    unmoved = all(member.family in _UNMOVED_BY_NAN for member in recipe.members)
    fitting = sorted(name for name in among if not (name == "not_a_number" and unmoved))
    return rng.choice(fitting) if fitting else None


def same_program(a: str, b: str) -> bool:
    """Whether two scripts differ in nothing but layout and comments, as after a formatter."""
    first, second = parsed(a), parsed(b)
    if first is None or second is None:
        return False
    try:
        return ast.dump(first) == ast.dump(second)
    except RecursionError:
        return False

"""Models by name: `provider/name`. A provider's module is imported only when one of its models is used."""

from pathlib import Path

from scaffolds.errors import UserError
from scaffolds.models.protocol import Model

KEYLESS = ("offline", "tape")
"""Providers that call nobody: a rule-based policy of ours, and runs that somebody has already looked at."""


def connect(name: str) -> Model:
    """The model called `name`.

    Raises:
        UserError: no such provider or model.
    """
    provider, _, rest = name.partition("/")
    if provider == "offline" and rest == "tabular":
        from scaffolds.models.offline.tabular import OfflineTabular

        return OfflineTabular()
    if provider == "tape" and rest:
        from scaffolds.models.tape import Tape

        return Tape(Path(rest))
    raise UserError(
        f"unknown model {name!r}. There are: offline/tabular (rule-based, free) "
        "and tape/RUN_FOLDER (the answers of a recorded run)"
    )


def keyless(name: str) -> bool:
    """Whether the model is one of our own, which calls nobody."""
    return name.partition("/")[0] in KEYLESS

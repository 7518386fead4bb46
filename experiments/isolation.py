"""Which isolation a run's agents get: as strong as whoever writes their code needs it."""

from collections.abc import Iterable
from typing import Literal

from sandbox.open import resolve
from sandbox.spec import BackendName, Isolation
from scaffolds.errors import UserError
from scaffolds.models.registry import keyless


def isolation(
    backend: BackendName, models: Iterable[str], image: str, network: Literal["none", "open"]
) -> Isolation:
    """The backend that `backend` means here for agents with these models.

    Raises:
        UserError: they would run code that we do not know without isolation, or with bubblewrap and an open
            network, which is the host's own: its abstract and loopback sockets are in reach.
    """
    foreign = sorted(name for name in set(models) if not keyless(name))
    chosen = resolve(backend, foreign=bool(foreign), image=image)
    if foreign and chosen == "none":
        why = (
            "`backend: none` isolates nothing. Use `backend: auto`"
            if backend == "none"
            else "there is no isolation here. Install bubblewrap (apt-get install bubblewrap) or Docker "
            "(python -m sandbox check says how)"
        )
        raise UserError(
            f"model {foreign[0]!r} writes code that nobody has read, and {why}, or use offline/tabular"
        )
    if foreign and chosen == "bwrap" and network == "open":
        raise UserError(
            f"model {foreign[0]!r} writes code that nobody has read, and with `network: open` bubblewrap "
            "lets it reach this machine's own services. Use `backend: docker` (python -m sandbox check says "
            "what it needs), or `network: none`"
        )
    return chosen

"""How one try of a model call fails: what a later try may mend, and what none will.

Clients turn the exceptions of their packages into these; the retry layer reads nothing else. Every text
here is our own words around an excerpt of the provider's: bounded, on one line, and without the key.
"""

from typing import Literal

from scaffolds.errors import InfraError
from scaffolds.words import one_line

Kind = Literal["rate_limit", "overloaded", "server", "timeout", "connection", "bad_answer"]

KEY_REFUSED = "model.key"
"""Code of a `UserError`: the provider does not take the key, or the key may not do this."""
MODEL_UNKNOWN = "model.unknown"
"""Code of a `UserError`: the provider has no such model, or none for this key."""
QUOTA_USED_UP = "model.quota"
"""Code of a `UserError`: the account has no money or quota left. Some providers say so with a 429; no
waiting mends it, and somebody has to pay first."""
INPUT_REFUSED = "model.input_refused"
"""Code of a `UserError`: a content filter refuses the request itself."""
BAD_REQUEST = "model.request"
"""Code of a `UserError`: the provider cannot serve this request, whoever sends it again."""

EXCERPT = 300
"""Characters of a provider's message that are shown; theirs may hold whole requests."""
_SHORTEST_KEY = 8
"""Stand-ins for keys, such as `none`, are words that may stand in any message."""


class Transient(InfraError):
    """One try failed in a way that a later try may mend.

    An `InfraError`, so that one which passes no retry layer is what it would be behind it.

    Attributes:
        kind: what failed; `rate_limit` and `overloaded` ask for patience, the others for another try.
        retry_after: seconds that the provider asks to wait; None where it does not say.
    """

    def __init__(self, reason: str, kind: Kind, retry_after: float | None = None) -> None:
        super().__init__(reason, code=f"model.{kind}")
        self.kind: Kind = kind
        self.retry_after = retry_after


def excerpt(message: str, *secrets: str | None) -> str:
    """What may be shown of a provider's message: one line, bounded, keys cut out."""
    for secret in secrets:
        if secret and len(secret) >= _SHORTEST_KEY:
            message = message.replace(secret, "[key]")
    return one_line(message, EXCERPT)

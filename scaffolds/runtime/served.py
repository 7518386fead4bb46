"""Submissions that the agent's own code hands in at the sandbox's validation server."""

import hashlib
from collections.abc import Callable, Mapping

from sandbox.protocols import Validator, Verdict
from scaffolds.messages import JsonValue

_ALL_OF = 10_000
_EVERY = 1_000
"""After so many, one in so many is written down: a loop that hands in all day must not fill the disk."""


class ServedValidator:
    """A validator whose verdicts are written down. Called from the sandbox's own threads, one at a time."""

    def __init__(self, validator: Validator, record: Callable[[Mapping[str, JsonValue]], None]) -> None:
        self._validator = validator
        self._record = record
        self._number = 0

    @property
    def max_bytes(self) -> int:
        """See `Validator.max_bytes`."""
        return self._validator.max_bytes

    def check(self, data: bytes) -> Verdict:
        """See `Validator.check`."""
        verdict = self._validator.check(data)
        self._number += 1
        if self._number <= _ALL_OF or self._number % _EVERY == 0:
            facts: dict[str, JsonValue] = {"sha256": hashlib.sha256(data).hexdigest(), "code": verdict.code}
            self._record({**facts, "bytes": len(data), "by": "server", "number": self._number})
        return verdict

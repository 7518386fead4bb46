"""Submissions that the agent's own code hands in at the sandbox's validation server."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandbox.protocols import Validator, Verdict
from scaffolds.messages import JsonValue


@dataclass(frozen=True, slots=True)
class ServedValidator:
    """A validator whose every verdict is written down. Called from the sandbox's own threads."""

    validator: Validator
    record: Callable[[Mapping[str, JsonValue]], None]

    @property
    def max_bytes(self) -> int:
        """See `Validator.max_bytes`."""
        return self.validator.max_bytes

    def check(self, data: bytes) -> Verdict:
        """See `Validator.check`."""
        verdict = self.validator.check(data)
        digest = hashlib.sha256(data).hexdigest()
        self.record({"sha256": digest, "code": verdict.code, "bytes": len(data), "by": "server"})
        return verdict

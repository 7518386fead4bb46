"""What becomes of a long observation before a prompt shows it. The log keeps what tools returned, always."""

from typing import Protocol

from scaffolds.errors import ContextOverflow
from scaffolds.mlab.config import MlabConfig
from scaffolds.mlab.desk import Desk
from scaffolds.mlab.digest import read_blocks
from scaffolds.words import middle_cut

_END_CHARS = 400
"""The end of an output, which a digest is followed by: exit status, error and score mostly stand there, and
numbers that a model retells are not to be trusted."""


class ObservationPolicy(Protocol):
    """Shortens an observation that is long."""

    def shown(self, desk: Desk, text: str) -> str:
        """What is shown of an observation."""
        ...


class Truncate:
    """Shows beginning and end."""

    def shown(self, desk: Desk, text: str) -> str:
        """See `ObservationPolicy.shown`."""
        half = desk.config.observation_chars // 2
        return middle_cut(text, half, half)


class LlmDigest:
    """Shows what the role `fast` says of it, as the original did, and the end of it."""

    def shown(self, desk: Desk, text: str) -> str:
        """See `ObservationPolicy.shown`."""
        if len(text) <= desk.config.observation_chars:
            return text
        try:
            digest = read_blocks(desk, "digest", text, desk.config.digest_blocks)
        except ContextOverflow:
            return Truncate().shown(desk, text)
        return (
            f"[{len(text)} characters, summed up:]\n{digest}\n[They end with:]\n{text[-_END_CHARS:].strip()}"
        )


def policy(config: MlabConfig) -> ObservationPolicy:
    """The policy that a config names."""
    return LlmDigest() if config.observations == "llm_digest" else Truncate()

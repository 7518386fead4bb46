"""Copies of files outside of all sandboxes, and how much room a run has for what it keeps."""

from scaffolds.runtime.blobs import PackStore

_KEPT = 64 * 1024**3
"""Bytes that a run's values may come to on the disk, its snapshots with them."""
_ALWAYS_KEPT = 16 * 1024**2
"""What a call may add beyond that: such a run still keeps its scripts and a usual submission."""


class Keeping:
    """Files of one run by the SHA-256 of their bytes. Shared by its lanes."""

    def __init__(self, blobs: PackStore) -> None:
        self._blobs = blobs

    @property
    def room(self) -> int:
        """How many bytes one call may add."""
        return max(_KEPT - self._blobs.size(), _ALWAYS_KEPT)

    def keep(self, data: bytes) -> str | None:
        """Keep a copy; returns its name, None where there is no room for it."""
        return self._blobs.put(data) if len(data) <= self.room else None

    def get(self, name: str) -> bytes | None:
        """The copy of that name; None where there is none."""
        try:
            return self._blobs.get(name)
        except (KeyError, ValueError):  # ValueError: that is no name
            return None

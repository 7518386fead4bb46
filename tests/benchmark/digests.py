"""What names a public folder, computed anew from its files."""

from pathlib import Path

from benchmark.preparation.manifest import digest_of, sums_of


def public_digest(public: Path) -> str:
    """The SHA-256 over the names and contents of all files in a folder, in the order of their names."""
    return digest_of(sums_of(public, {}))

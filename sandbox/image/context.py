"""The build context: the few files that a build reads, and the digest that says whether they changed."""

import hashlib
from pathlib import Path

from sandbox.backends.masked import DATA_SETS
from sandbox.image.names import Kind

HERE = Path(__file__).parent


def context_files(kind: Kind) -> dict[str, bytes]:
    """Return the files of the build context of an image, by name.

    All are files beside this one but `data-sets.txt`, which is made of the list that other sandboxes hide.
    """
    names = [
        "Dockerfile",
        "install-system.sh",
        "install-python.sh",
        "import_all.py",
        *_package_lists(kind),
        *_requirements(kind),
        f"requirements-{kind}.txt",
    ]
    files = {name: (HERE / name).read_bytes() for name in names}
    files["data-sets.txt"] = "".join(f"{folder}\n" for folder in DATA_SETS).encode()
    return files


def system_packages(kind: Kind) -> list[str]:
    """Return the names of the Debian or Ubuntu packages that an image of a kind holds."""
    return [name for file in _package_lists(kind) for name in (HERE / file).read_text().split()]


def digest_of(*parts: bytes) -> str:
    """Return a digest of the parts, which tells apart where one ends and the next begins."""
    lengths_and_parts = (len(part).to_bytes(8) + part for part in parts)
    return hashlib.sha256(b"".join(lengths_and_parts)).hexdigest()


def recipe(kind: Kind, base: str) -> str:
    """Return the digest of everything that an image is made from.

    Args:
        kind: which packages.
        base: what the build begins with: the name of an image.
    """
    files = context_files(kind)
    named = (part for name in sorted(files) for part in (name.encode(), files[name]))
    return digest_of(kind.encode(), base.encode(), *named)


def _requirements(kind: Kind) -> list[str]:
    return ["requirements-slim.in"] if kind == "slim" else ["requirements-slim.in", "requirements-full.in"]


def _package_lists(kind: Kind) -> list[str]:
    return ["packages-slim.txt"] if kind == "slim" else ["packages-slim.txt", "packages-full.txt"]

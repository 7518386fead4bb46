"""Remembers the checksums of prepared public files, so that a run need not read terabytes to name its data.

A remembered checksum counts while size and time of change of its file are those of the day it was taken. What
a digest means is the same with and without a manifest.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from benchmark.preparation.checksums import TableCheck
from benchmark.whole_file import write_whole

MANIFEST = "manifest.json"
"""Its name, beside the public and the private folder."""
_HEAD = 300
"""Bytes in which version and provenance stand: `Manifest` is written in the order of its fields."""


class Sum(BaseModel):
    """The checksum of one file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int
    """Bytes."""
    mtime_ns: int
    """When it was last changed, in nanoseconds."""
    sha256: str
    """Its SHA-256 in hexadecimal."""


class Manifest(BaseModel):
    """What was prepared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = 1
    """The form of this record."""
    data_version: int
    """The version of the data."""
    provenance: str | None = None
    """What they were made by, as `benchmark.preparation.provenance` names it; earlier manifests lack it."""
    pandas: str
    """The version of pandas that wrote the tables."""
    tables: tuple[TableCheck, ...] = ()
    """How the tables compare with MLE-bench's."""
    files: dict[str, Sum] = {}
    """The public files by their path."""


class Head(NamedTuple):
    """What a manifest says about the data as a whole; nothing where it does not, or where there is none."""

    data_version: int | None = None
    provenance: str | None = None


def sums_of(public: Path, known: dict[str, Sum]) -> dict[str, Sum]:
    """The checksums of all files in a folder; only files that are not known as they are now are read."""
    found: dict[str, Sum] = {}
    for path in sorted(path for path in public.rglob("*") if path.is_file()):
        name = path.relative_to(public).as_posix()
        state = path.stat()
        old = known.get(name)
        if old is not None and (old.size, old.mtime_ns) == (state.st_size, state.st_mtime_ns):
            found[name] = old
        else:
            found[name] = Sum(size=state.st_size, mtime_ns=state.st_mtime_ns, sha256=_sha256(path))
    return found


def digest_of(sums: dict[str, Sum]) -> str:
    """The SHA-256 over names and contents, in the order of the paths."""
    total = hashlib.sha256()
    # Paths are compared part by part, as `sorted` does with a list of them.
    for name in sorted(sums, key=lambda name: name.split("/")):
        total.update(f"{name}\0{sums[name].sha256}\n".encode())
    return total.hexdigest()


def read_manifest(prepared: Path) -> Manifest | None:
    """The manifest of a prepared competition; none where there is none, or none of ours."""
    path = prepared / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None


def read_head(prepared: Path) -> Head:
    """The head of the manifest of a prepared competition.

    Only its beginning is read: a manifest of millions of files is large.
    """
    try:
        with (prepared / MANIFEST).open("rb") as file:
            text = file.read(_HEAD)
    except (FileNotFoundError, NotADirectoryError):
        return Head()
    version = re.search(rb'"data_version": (\d+)', text)
    made_by = re.search(rb'"provenance": "([0-9a-f]{64})"', text)
    return Head(int(version[1]) if version else None, made_by[1].decode() if made_by else None)


def write_manifest(prepared: Path, manifest: Manifest) -> None:
    """Writes the manifest, whole or not at all."""
    write_whole(prepared / MANIFEST, json.dumps(manifest.model_dump(mode="json"), indent=1).encode())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

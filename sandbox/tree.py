"""The stored form of a workspace: what `snapshot` writes and `restore` reads."""

import json
import posixpath
from collections.abc import Iterable
from typing import NamedTuple, cast

CHUNK = 4 * 1024 * 1024
"""Bytes of a file in one blob, except the last."""
_VERSION = 1


class Dir(NamedTuple):
    """A folder."""

    path: str
    mode: int


class Link(NamedTuple):
    """A symbolic link."""

    path: str
    target: str


class File(NamedTuple):
    """A regular file."""

    path: str
    mode: int
    size: int
    chunks: tuple[str, ...]


Row = Dir | Link | File


class BadTree(ValueError):
    """Bytes that are not a tree."""


def dump(rows: Iterable[Row]) -> bytes:
    """Write rows in their canonical form: equal rows give equal bytes."""
    ordered = sorted(rows, key=lambda row: row.path)
    # ASCII, so that file names that are not UTF-8 (lone surrogates here) survive
    listed = [(type(row).__name__, *row) for row in ordered]
    return json.dumps({"rows": listed, "version": _VERSION}, separators=(",", ":")).encode()


def load(data: bytes) -> list[Row]:
    """Read rows back, parents before what they hold.

    Raises:
        BadTree: not a tree of this version, or one with paths that lead out of it.
    """
    try:
        document = cast("dict[str, object]", json.loads(data))
        if document["version"] != _VERSION:
            raise BadTree(f"a tree of version {document['version']!r}; this program reads {_VERSION}")
        return [_row(values) for values in cast("list[list[object]]", document["rows"])]
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise BadTree(f"not a tree: {error}") from error


def _row(values: list[object]) -> Row:
    kind, path = values[0], values[1]
    if not isinstance(path, str) or not path or path[0] == "/" or path != posixpath.normpath(path):
        raise BadTree(f"not a path in a tree: {path!r}")
    if path == "." or path.split("/", 1)[0] == "..":
        raise BadTree(f"a path out of the tree: {path!r}")
    if kind == "Link":
        return Link(path, str(values[2]))
    if kind == "Dir":
        return Dir(path, _integer(values[2]))
    if kind == "File":
        chunks = cast("list[object]", values[4])
        return File(path, _integer(values[2]), _integer(values[3]), tuple(map(str, chunks)))
    raise BadTree(f"not a kind of row: {kind!r}")


def _integer(value: object) -> int:
    if not isinstance(value, int) or value < 0:
        raise BadTree(f"not a size or mode: {value!r}")
    return value

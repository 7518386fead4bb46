"""Single files out of a stored workspace, without restoring it."""

from sandbox import tree
from sandbox.protocols import BlobStore


def saved_file(digest: str, path: str, store: BlobStore) -> bytes | None:
    """The content of the regular file at `path` (relative to home) in a stored tree.

    None when the tree has no such file, or a link or folder in its place.

    Raises:
        BadTree: `digest` is not a tree.
    """
    entry = saved_entry(digest, path, store)
    return None if entry is None else read_entry(entry, store)


def saved_entry(digest: str, path: str, store: BlobStore) -> tree.File | None:
    """The same without its content: size and chunks, equal for equal files."""
    for row in tree.load(store.get(digest)):
        if row.path == path and isinstance(row, tree.File):
            return row
    return None


def read_entry(entry: tree.File, store: BlobStore) -> bytes:
    """The content of a stored file."""
    return b"".join(store.get(chunk) for chunk in entry.chunks)

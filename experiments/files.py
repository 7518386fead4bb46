"""Files that must never be half-written."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from scaffolds.errors import UserError
from scaffolds.runtime.durable_files import sync_folder


def write_json(path: Path, value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Write `value` so that a reader sees the old file or the new one, also after a power cut."""
    write_bytes(path, orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def write_bytes(path: Path, data: bytes) -> None:
    """Write to a temporary name, fsync, rename, fsync the folder.

    A file has one writer at a time, which its folder's lock sees to. So the temporary name can be the same
    each time, and what a killed process left under it is gone once the file is written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)  # on a full disk, say
    sync_folder(path.parent)


def append_lines(path: Path, lines: Sequence[bytes]) -> None:
    """Append lines, on disk when this returns. A line that a power cut tore stays alone on its line."""
    new = not path.exists()
    with path.open("a+b") as file:
        if file.tell() and _last_byte(file) != b"\n":
            file.write(b"\n")
        file.write(b"".join(line + b"\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())
    if new:
        sync_folder(path.parent)


def _last_byte(file: BinaryIO) -> bytes:
    file.seek(-1, os.SEEK_END)
    return file.read(1)


def read_json(path: Path) -> Any:  # noqa: ANN401 - any JSON value
    """The JSON in `path`; None when there is no such file.

    Raises:
        UserError: it is no JSON.
    """
    try:
        return orjson.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except orjson.JSONDecodeError as error:
        raise UserError(f"{str(path)!r} is no JSON: {error}. Restore it from a copy") from error

"""Files that must never be half-written."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from benchmark.whole_file import flush, write_whole
from scaffolds.errors import UserError


def write_json(path: Path, value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Write `value` so that a reader sees the old file or the new one, also after a power cut."""
    write_bytes(path, orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, in a folder that is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data)


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
        flush(path.parent)


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

"""Puts a table where the public folder has it: as it is, or alone in an archive."""

import zipfile
from pathlib import Path

import py7zr


def pack(path: Path, data: bytes) -> None:
    """Writes a table under this name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("table.csv", data)
    elif path.suffix == ".7z":
        with py7zr.SevenZipFile(path, "w") as archive:
            archive.writestr(data, "table.csv")
    else:
        path.write_bytes(data)

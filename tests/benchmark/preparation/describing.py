"""What two prepared folders must have in common, however their archives and quotes were written."""

# Values of several libraries without types end up in one plain description.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.preparation.archives import unpack
from benchmark.preparation.tables import read_table

Essence = dict[str, Any]


def describe_tree(folder: Path) -> dict[str, Essence]:
    """The essence of every file in a folder, and of empty folders, by path."""
    found: dict[str, Essence] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file():
            found[name] = describe(name, path.read_bytes())
        elif not any(path.iterdir()):
            found[name] = {"kind": "dir"}
    return found


def describe(name: str, content: bytes) -> Essence:
    """The essence of one file."""
    suffix = Path(name).suffix.lower()
    if suffix in DESCRIBERS:
        return DESCRIBERS[suffix](content)
    return {"kind": "media", "sha256": sha(content)}


def differences(expected: Mapping[str, Essence], found: Mapping[str, Essence]) -> list[str]:
    """What is missing, too much or different, in a line each."""
    lines = [f"missing: {name}" for name in sorted(expected.keys() - found.keys())]
    lines += [f"too much: {name}" for name in sorted(found.keys() - expected.keys())]
    both = sorted(expected.keys() & found.keys())
    return lines + [
        f"{name}: {expected[name]} is not {found[name]}" for name in both if expected[name] != found[name]
    ]


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _table(kind: str, suffix: str, content: bytes) -> Essence:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"table{suffix}")
        path.write_bytes(content)
        values = read_table(path)
        separator = "\t" if suffix == ".tsv" else ","
        texts = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False)
    canonical = values.to_csv(index=False, lineterminator="\n")
    return {
        "kind": kind,
        "columns": [str(column) for column in texts.columns],
        "n_rows": len(texts),
        "sha256_canonical": sha(canonical.encode()),
    }


def _json(content: bytes) -> Essence:
    text = json.dumps(json.loads(content), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return {"kind": "json", "sha256_canonical": sha(text.encode())}


def _text(content: bytes) -> Essence:
    return {"kind": "text", "sha256_text": sha(content.replace(b"\r\n", b"\n"))}


def _array(content: bytes) -> Essence:
    array = np.load(io.BytesIO(content), allow_pickle=False)
    shape = list(array.shape)
    return {"kind": "npy", "dtype": str(array.dtype), "shape": shape, "sha256_values": sha(array.tobytes())}


def _zip(content: bytes) -> Essence:
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        members = {
            info.filename: describe(info.filename, opened.read(info))
            for info in opened.infolist()
            if not info.is_dir()
        }
    return {"kind": "zip", "members": members}


def _7z(content: bytes) -> Essence:
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "archive.7z")
        archive.write_bytes(content)
        unpack(archive, Path(folder, "inside"))
        members = describe_tree(Path(folder, "inside"))
    return {
        "kind": "7z",
        "members": {name: entry for name, entry in members.items() if entry["kind"] != "dir"},
    }


DESCRIBERS: Mapping[str, Callable[[bytes], Essence]] = {
    ".csv": lambda content: _table("csv", ".csv", content),
    ".tsv": lambda content: _table("tsv", ".tsv", content),
    ".json": _json,
    ".npy": _array,
    ".zip": _zip,
    ".7z": _7z,
    **dict.fromkeys((".txt", ".md", ".xyz", ".rtf"), _text),
}

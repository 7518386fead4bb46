"""Runs inside the sandbox and prints what the data look like. Standard library and pandas only.

Where that is longer than a prompt shows, tables are told by their column names alone, as the original does.
"""

import json
from collections.abc import Iterator
from pathlib import Path

MAX_CHARS = 6_000
"""What a prompt shows."""
MAX_ROWS = 200_000
MAX_BYTES = 64 << 20
"""Larger files are not read for their lines, and not as JSON or text; of JSON lines the first is read."""
MANY_FILES = 30
MAX_COLUMNS = 200
"""More of them in detail would never fit."""
SIMPLE_COLUMNS = 15
TEXT_LINES = 30
TEXTS = (".csv", ".json", ".jsonl", ".md", ".py", ".tsv", ".txt", ".yaml", ".yml")


def tree(folder: Path, depth: int = 0) -> Iterator[str]:
    """A directory: a few files with their sizes, then its folders."""
    entries = sorted(folder.iterdir())
    files = [entry for entry in entries if entry.is_file()]
    most = 4 if len(files) > MANY_FILES else 8
    for entry in files[:most]:
        yield f"{'  ' * depth}{entry.name} ({size(entry)})"
    if len(files) > most:
        yield f"{'  ' * depth}... and {len(files) - most} other files"
    for entry in entries:
        if entry.is_dir() and depth < 3:
            yield f"{'  ' * depth}{entry.name}/"
            yield from tree(entry, depth + 1)


def size(path: Path) -> str:
    """Lines of a text, else bytes."""
    count = path.stat().st_size
    if path.suffix not in TEXTS or count > MAX_BYTES:
        return f"{count} bytes"
    with path.open("rb") as file:
        return f"{sum(1 for _ in file)} lines"


def table(path: Path, simple: bool) -> str:
    """One line per column: type, range or most frequent values, missing values; or the first names alone."""
    import pandas as pd

    rows = pd.read_csv(path, nrows=MAX_ROWS)
    more = " (the first rows of more)" if len(rows) == MAX_ROWS else ""
    names = list(rows.columns)
    head = f"{path.name}: {len(rows)} rows{more}, {len(names)} columns"
    if simple or len(names) > MAX_COLUMNS:
        rest = f", and {len(names) - SIMPLE_COLUMNS} more" if len(names) > SIMPLE_COLUMNS else ""
        return f"{head}\n  {', '.join(map(str, names[:SIMPLE_COLUMNS]))}{rest}"
    return "\n".join([head, *(f"  {name}: {column(rows[name])}" for name in sorted(names))])


def column(values):
    """One column in words."""
    missing = int(values.isna().sum())
    tail = f", {missing} missing" if missing else ""
    distinct = values.nunique()
    if values.dtype.kind == "b":
        return f"{values.dtype}, {values.mean():.2%} True{tail}"
    if distinct < 10:
        shown = ", ".join(str(value)[:200] for value in sorted(values.dropna().unique(), key=str))
        return f"{values.dtype}, values {shown}{tail}"
    if values.dtype.kind in "iuf":
        return f"{values.dtype}, from {values.min():.6g} to {values.max():.6g}{tail}"
    common = ", ".join(repr(str(value)[:40]) for value in values.value_counts().index[:4])
    return f"{values.dtype}, {distinct} distinct values, most often {common}{tail}"


def form(value: object, depth: int = 0) -> str:
    """The form of a JSON value, by the first entry of lists."""
    if isinstance(value, dict) and depth < 4:
        fields = [f"{key[:40]}: {form(item, depth + 1)}" for key, item in list(value.items())[:20]]
        return "{" + ", ".join(fields) + (", ..." if len(value) > 20 else "") + "}"
    if isinstance(value, list) and depth < 4:
        return f"[{form(value[0], depth + 1)}, ...]" if value else "[]"
    return type(value).__name__


def json_text(path: Path) -> str:
    """What a JSON file holds, or the first line of one of JSON lines."""
    with path.open(encoding="utf-8", errors="replace") as file:
        text = file.readline(MAX_BYTES) if path.suffix == ".jsonl" else file.read()
    try:
        return f"{path.name}: {form(json.loads(text))}"
    except (ValueError, RecursionError):
        return f"{path.name}: {'not JSON' if len(text) < MAX_BYTES else 'a line too long to be read'}"


def files(folder: Path, simple: bool) -> Iterator[str]:
    """Tables, JSON and short texts at the top."""
    for path in sorted(folder.glob("*")):
        if path.suffix == ".csv":
            try:
                yield table(path, simple)
            except ValueError as error:  # of which those of pandas are
                yield f"{path.name}: {error}"
        elif path.suffix == ".jsonl" or (path.suffix == ".json" and path.stat().st_size <= MAX_BYTES):
            yield json_text(path)
        elif path.suffix in TEXTS and path.suffix != ".json" and path.name != "description.md":
            yield from short_text(path)


def short_text(path: Path) -> Iterator[str]:
    """A text of few lines, as much of it as a prompt could show."""
    with path.open(encoding="utf-8", errors="replace") as file:
        text = file.read(MAX_CHARS)
    if text.count("\n") < TEXT_LINES:
        yield f"{path.name}:\n{text}"


def preview(folder: Path, *, simple: bool = False) -> str:
    """All of it."""
    return "\n\n".join(["\n".join(tree(folder)), *files(folder, simple)])


def main() -> None:
    """Print it in detail, or simply where that is too long."""
    text = preview(Path("input"))
    print(text if len(text) <= MAX_CHARS else preview(Path("input"), simple=True))


if __name__ == "__main__":
    main()

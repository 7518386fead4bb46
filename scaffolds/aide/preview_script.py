"""Runs inside the sandbox and prints what the data look like. Standard library and pandas only."""

from pathlib import Path

MAX_FILES = 8
MAX_ROWS = 200_000
MAX_COLUMNS = 40
TEXT_LINES = 30


def show_tree(folder: Path, depth: int = 0) -> None:
    """Print a directory: a few files with their sizes, then its folders."""
    entries = sorted(folder.iterdir())
    files = [entry for entry in entries if entry.is_file()]
    for entry in files[:MAX_FILES]:
        print(f"{'  ' * depth}{entry.name} ({entry.stat().st_size} bytes)")
    if len(files) > MAX_FILES:
        print(f"{'  ' * depth}... and {len(files) - MAX_FILES} other files")
    for entry in entries:
        if entry.is_dir() and depth < 3:
            print(f"{'  ' * depth}{entry.name}/")
            show_tree(entry, depth + 1)


def show_table(path: Path) -> None:
    """Print one line per column: type, range or most frequent values, missing values."""
    import pandas as pd

    table = pd.read_csv(path, nrows=MAX_ROWS)
    more = " (the first rows of more)" if len(table) == MAX_ROWS else ""
    print(f"\n{path.name}: {len(table)} rows{more}, {table.shape[1]} columns")
    for name in list(table.columns)[:MAX_COLUMNS]:
        print(f"  {name}: {describe(table[name])}")
    if table.shape[1] > MAX_COLUMNS:
        rest = list(table.columns)[MAX_COLUMNS:]
        print(f"  and {len(rest)} more columns: {', '.join(map(str, rest))[:500]}")


def describe(column):
    """One column in words."""
    missing = int(column.isna().sum())
    tail = f", {missing} missing" if missing else ""
    distinct = column.nunique()
    if distinct < 10:
        values = ", ".join(str(value) for value in sorted(column.dropna().unique(), key=str))
        return f"{column.dtype}, values {values}{tail}"
    if column.dtype.kind in "iuf":
        return f"{column.dtype}, from {column.min():.6g} to {column.max():.6g}{tail}"
    common = ", ".join(repr(str(value)[:40]) for value in column.value_counts().index[:4])
    return f"{column.dtype}, {distinct} distinct values, most often {common}{tail}"


def main() -> None:
    """Print the tree, then every table and short text file at the top."""
    folder = Path("input")
    show_tree(folder)
    for path in sorted(folder.glob("*")):
        if path.suffix == ".csv":
            show_table(path)
        elif path.suffix in (".md", ".txt", ".json") and path.name != "description.md":
            lines = path.read_text(errors="replace").splitlines()
            if len(lines) < TEXT_LINES:
                print(f"\n{path.name}:\n" + "\n".join(lines))


if __name__ == "__main__":
    main()

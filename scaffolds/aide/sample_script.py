"""Runs inside the sandbox: puts a folder in the place of the link `input`, with fewer training rows.

Takes the table's name from TRAIN and the number of rows from ROWS. Ends with status 3, and leaves the link,
where there is nothing to sample. Standard library only.
"""

import csv
import os
import random
import sys
from pathlib import Path


def sample(source: Path, target: Path, rows: int) -> bool:
    """Copy a table's header and `rows` random rows, in their order; False where it has no more."""
    csv.field_size_limit(sys.maxsize)
    rng = random.Random(0)
    with source.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        table = csv.reader(file)
        header = next(table)
        chosen: list[tuple[int, list[str]]] = []
        for number, row in enumerate(table):
            if number < rows:
                chosen.append((number, row))
            elif (place := rng.randrange(number + 1)) < rows:
                chosen[place] = (number, row)
    if len(chosen) < rows:
        return False
    with target.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *(row for _, row in sorted(chosen))])
    return True


def main() -> int:
    """Make the folder; the other files are linked."""
    data, name, rows = Path("input").resolve(), os.environ["TRAIN"], int(os.environ["ROWS"])
    folder = Path("sampled")
    folder.mkdir()
    if not name.endswith(".csv") or not sample(data / name, folder / name, rows):
        return 3
    for entry in data.iterdir():
        if entry.name != name:
            (folder / entry.name).symlink_to(entry)
    Path("input").unlink()
    folder.rename("input")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Runs inside the sandbox: merges submissions, 0.csv and so on, into merged.csv.

Takes from PLAN, as JSON: how many `files` there are, the `id` column and the predicted `columns`, and `how`
predictions merge: `mean` for numbers and probabilities, `majority` for classes. Rows are matched by their
ids and stand in the order of the first file, which also decides a tie. Standard library only.
"""

import csv
import json
import os
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path


def mean(values: Sequence[str]) -> str:
    """The mean of numbers."""
    return repr(statistics.fmean(map(float, values)))


def majority(values: Sequence[str]) -> str:
    """The most frequent value, of equals the one that comes first."""
    return Counter(values).most_common(1)[0][0]


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a table."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def main() -> None:
    """Read, match, merge, write."""
    csv.field_size_limit(sys.maxsize)
    plan = json.loads(os.environ["PLAN"])
    name, merge = plan["id"], {"mean": mean, "majority": majority}[plan["how"]]
    tables = [read(Path(f"{number}.csv")) for number in range(plan["files"])]
    rows_of = [{row[name]: row for row in table} for table in tables]
    with Path("merged.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([name, *plan["columns"]])
        for row in tables[0]:
            same = [rows[row[name]] for rows in rows_of]
            values = [merge([other[column] for other in same]) for column in plan["columns"]]
            writer.writerow([row[name], *values])


if __name__ == "__main__":
    main()

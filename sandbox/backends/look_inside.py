"""The program of a container that looks through its image: prints the folders that no agent may see.

It runs in the image's own Python, without this package. The arguments are folders by their whole paths;
`--`; folders below packages; `--`; packages of this project.
"""

# Plain strings for paths: they are the image's.
# ruff: noqa: PTH112, PTH116, PTH118, PTH119

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence

END = "."
"""The last line, without which something is missing."""


def found(whole: Sequence[str], below: Sequence[str], own: Sequence[str]) -> Iterator[str]:
    """Every folder of these kinds."""
    yield from filter(os.path.isdir, whole)
    for site in _sites():
        ours = own if os.path.isdir(os.path.join(site, "benchmark", "competitions")) else ()
        yield from filter(os.path.isdir, (os.path.join(site, name) for name in (*below, *ours)))


def _sites() -> Iterator[str]:
    """Every folder of packages that this user can reach; nothing below one is gone through."""
    device = os.stat("/").st_dev
    for folder, names, _ in os.walk("/"):
        if os.path.basename(folder) in ("site-packages", "dist-packages"):
            yield folder
            names.clear()
        names[:] = [name for name in names if _device(os.path.join(folder, name)) == device]


def _device(path: str) -> int | None:
    try:
        return os.lstat(path).st_dev
    except OSError:
        return None


def main(argv: Sequence[str]) -> None:
    """Print them, a line each."""
    words = list(argv)
    first, second = (place for place, word in enumerate(words) if word == "--")
    for path in found(words[:first], words[first + 1 : second], words[second + 1 :]):
        if path.isprintable():  # others could be mistaken for more than one
            sys.stdout.write(f"{path}\n")
    sys.stdout.write(f"{END}\n")


if __name__ == "__main__":
    main(sys.argv[1:])

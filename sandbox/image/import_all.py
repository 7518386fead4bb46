"""Import every package that requirements name; those that cannot be imported are printed, with status 1.

pip only knows what packages say of each other, and some say too little: a library that was built for another
version of a second one is found out when it is loaded.
"""

import importlib
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path


def main(files: list[str]) -> int:
    """Import what the requirements in `files` name; options and comments in them are passed over."""
    lines = [line for file in files for line in Path(file).read_text().splitlines()]
    named = {distribution(line) for line in lines if line[:1].isalnum()}
    failures = [failure for module in modules(named) if (failure := attempt(module))]
    for failure in failures:
        print(f"cannot be imported: {failure}", file=sys.stderr)  # noqa: T201 - the build shows it
    return 1 if failures else 0


def distribution(requirement: str) -> str:
    """The name in a requirement, as an index spells it."""
    return re.sub("[-_.]+", "-", re.split(r"[^\w.-]", requirement)[0]).lower()


def modules(distributions: set[str]) -> list[str]:
    """The modules that distributions install for others to import."""
    return sorted(
        module
        for module, owners in packages_distributions().items()
        if module.isidentifier() and module[0] != "_" and distributions & set(map(distribution, owners))
    )


def attempt(module: str) -> str:
    """Why a module cannot be imported; empty if it can."""
    try:
        importlib.import_module(module)
    except Exception as error:  # noqa: BLE001 - whatever a package raises while it is loaded
        return f"{module} ({type(error).__name__}: {error})"
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
